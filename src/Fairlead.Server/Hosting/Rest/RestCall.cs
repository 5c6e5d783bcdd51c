using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Server.Hosting.Rest;

/// <summary>What belongs to one REST request from its arrival on.</summary>
internal sealed class RestCall(Guid requestId, long startedAt)
{
    public Guid RequestId { get; } = requestId;
    public long StartedAt { get; } = startedAt;

    /// <summary>Set by an endpoint that answered from a cache.</summary>
    public bool CacheHit { get; set; }

    /// <summary>The call of this request; begins one where there is none yet.</summary>
    public static RestCall Of(HttpContext context)
    {
        if (context.Features.Get<RestCall>() is { } known)
            return known;
        TimeProvider time = context.RequestServices.GetRequiredService<TimeProvider>();
        var call = new RestCall(Guid.CreateVersion7(time.GetUtcNow()), time.GetTimestamp());
        context.Features.Set(call);
        return call;
    }
}
