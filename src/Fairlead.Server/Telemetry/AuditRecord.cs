using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Server.Telemetry;

/// <summary>Something an administrator did or someone was refused (P-90).</summary>
internal sealed record AuditRecord
{
    public required DateTimeOffset At { get; init; }

    /// <summary>Who; <c>anonymous</c> where nobody signed in, <c>system</c> for the program itself.</summary>
    public required string UserId { get; init; }

    /// <summary>Dotted, for example <c>groups.create</c>: the name of the endpoint.</summary>
    public required string Action { get; init; }
    public string Resource { get; init; } = "";

    /// <summary><c>success</c> or the error code.</summary>
    public required string Result { get; init; }
    public string? IpAddress { get; init; }

    /// <summary>JSON object with more, never a secret; null for none.</summary>
    public string? Details { get; init; }

    public const string Success = "success";

    /// <summary>A record of what <paramref name="http"/>'s caller just did.</summary>
    public static AuditRecord Of(HttpContext http, string action, string result)
    {
        AuditNote note = AuditNote.Of(http);
        return new AuditRecord
        {
            At = http.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow(),
            UserId = note.UserId ?? http.User.FindFirstValue(ClaimTypes.NameIdentifier) ?? "anonymous",
            Action = action,
            Resource = note.Resource ?? http.Request.Path,
            Result = result,
            IpAddress = http.Connection.RemoteIpAddress?.ToString(),
            Details = note.Details,
        };
    }
}

/// <summary>What an endpoint adds to the audit record of its request.</summary>
internal sealed class AuditNote
{
    /// <summary>What was acted on; null takes the path.</summary>
    public string? Resource { get; set; }

    /// <summary>Who, where the request itself proves it (signing in).</summary>
    public string? UserId { get; set; }

    /// <summary>JSON object with more; never a secret.</summary>
    public string? Details { get; set; }

    public static AuditNote Of(HttpContext http)
    {
        if (http.Features.Get<AuditNote>() is { } known)
            return known;
        var note = new AuditNote();
        http.Features.Set(note);
        return note;
    }
}
