using Fairlead.Server.Hosting.Rest;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Telemetry;

/// <summary>
/// Audits every REST request that changes something, and every read marked as audited, before
/// its answer leaves. Sits on the whole route group, so no endpoint can forget it.
/// </summary>
internal sealed class AuditFilter(AuditLog audit, NoteRefusal refused) : IEndpointFilter
{
    private const string Failed = "INTERNAL_ERROR";

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        HttpContext http = context.HttpContext;
        EndpointMetadataCollection metadata = http.GetEndpoint()!.Metadata;
        if (HttpMethods.IsGet(http.Request.Method) && metadata.GetMetadata<Mark>() is null)
            return await next(context);
        string action = metadata.GetRequiredMetadata<IEndpointNameMetadata>().EndpointName;
        object? answer;
        try
        {
            answer = await next(context);
        }
        catch
        {
            // It may have changed something before it failed.
            await audit.WriteAsync(AuditRecord.Of(http, action, Failed), CancellationToken.None);
            throw;
        }
        string result = (answer as IRestOutcome)?.Error?.Code ?? AuditRecord.Success;
        // Nobody in particular, and nothing done: at a rate no stranger decides.
        if (result != AuditRecord.Success && http.User.Identity is not { IsAuthenticated: true })
        {
            refused(
                Refusal.Of(http, action, result) with
                {
                    Resource = AuditNote.Of(http).Resource ?? http.Request.Path,
                }
            );
            return answer;
        }
        // What is done is done, also for a client that went away.
        await audit.WriteAsync(AuditRecord.Of(http, action, result), CancellationToken.None);
        return answer;
    }

    internal sealed record Mark;
}

internal static class AuditMarking
{
    /// <summary>Audits a read: what it shows is a secret.</summary>
    public static RouteHandlerBuilder Audited(this RouteHandlerBuilder endpoint) =>
        endpoint.WithMetadata(new AuditFilter.Mark());
}
