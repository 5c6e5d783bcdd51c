using Fairlead.Server.Hosting.Limits;

namespace Fairlead.Server.Gateway.Replies;

/// <summary>
/// The end of a call on its way to the client: a <c>result</c> or <c>error</c> object in up to three runs of bytes, so
/// that a service's answer goes out without being copied together.
/// </summary>
internal readonly struct Answer(
    bool isError,
    ReadOnlyMemory<byte> a,
    ReadOnlyMemory<byte> b = default,
    ReadOnlyMemory<byte> c = default
)
{
    public bool IsError { get; } = isError;
    public ReadOnlyMemory<byte> A { get; } = a;
    public ReadOnlyMemory<byte> B { get; } = b;
    public ReadOnlyMemory<byte> C { get; } = c;

    /// <summary>HTTP status; 200 unless the error table says otherwise.</summary>
    public int Status { get; init; } = 200;

    /// <summary>Seconds for <c>Retry-After</c>; 0 sends none.</summary>
    public int RetryAfter { get; init; }

    /// <summary>What a limit by caller said of the call; null where none holds.</summary>
    public Permit? Permit { get; init; }

    /// <summary>JSON-RPC code for the traffic record; 0 for a result.</summary>
    public int Code { get; init; }
    public string? Message { get; init; }

    /// <summary>A tool that ran and reported failure (<c>isError</c>): no protocol error, but no success either.</summary>
    public bool ToolFailed { get; init; }
    public int Length => A.Length + B.Length + C.Length;

    public static Answer Result(ReadOnlyMemory<byte> json) => new(false, json);
}
