using System.Net;

namespace Fairlead.Client;

/// <summary>The gateway refused or failed a REST request (requirement I-14, error codes of the API document).</summary>
public sealed class FairleadApiException : Exception
{
    /// <summary>Code of an answer that is not the gateway's envelope: something else listens at this address.</summary>
    public const string NotTheGateway = "NOT_THE_GATEWAY";

    internal FairleadApiException(HttpStatusCode status, string code, string message)
        : base(message)
    {
        Status = status;
        Code = code;
    }

    /// <summary>Stable code, for programs, e.g. <c>SERVICE_NOT_FOUND</c>.</summary>
    public string Code { get; }

    /// <summary>The answer's HTTP status.</summary>
    public HttpStatusCode Status { get; }

    /// <summary>The member of the request that is wrong, as it is named on the wire; null when none is.</summary>
    public string? Field { get; internal init; }

    /// <summary>More about it; empty when there is no more.</summary>
    public IReadOnlyDictionary<string, string> Details { get; internal init; } = new Dictionary<string, string>();

    /// <summary>Leads to the gateway's log; null when the answer had none.</summary>
    public Guid? RequestId { get; internal init; }

    /// <summary>When a retry may help, from <c>Retry-After</c>; null when the gateway did not say.</summary>
    public TimeSpan? RetryAfter { get; internal init; }
}
