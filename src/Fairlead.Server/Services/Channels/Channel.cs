using Fairlead.Protocol;
using Fairlead.Server.Hosting.Limits;

namespace Fairlead.Server.Services.Channels;

/// <summary>
/// One live connection to a service (stdio or HTTP, either era), or the native tools. The Gateway codes against this
/// alone, so both eras and all kinds look the same to it (design.md "Era seam").
/// </summary>
internal interface IChannel : IAsyncDisposable
{
    /// <summary>What the service said of itself at the handshake.</summary>
    ServiceHello Hello { get; }

    /// <summary>
    /// Sends one request and waits for its answer. Items that come before it go to <paramref name="events"/>.
    /// Cancelling tells the service (notifications/cancelled or closing the stream) and throws
    /// <see cref="OperationCanceledException"/>. Failures of the way there are replies of kind
    /// <see cref="ChannelReplyKind.Failed"/>, never exceptions.
    /// </summary>
    ValueTask<ChannelReply> CallAsync(ChannelCall call, ICallEvents events, CancellationToken cancellationToken);

    /// <summary>
    /// Waits for the clients' calls in flight, until <paramref name="limit"/>. Only where they can still end well: a
    /// stdio service learns of its stop by the end of its input, and then its calls fail at once.
    /// </summary>
    Task DrainAsync(CancellationToken limit) => Task.CompletedTask;

    /// <summary>Sends a notification; best effort.</summary>
    ValueTask NotifyAsync(McpMethod method, ReadOnlyMemory<byte> parameters, CancellationToken cancellationToken);
}

/// <summary>
/// A service's self-description. <paramref name="Capabilities"/> and <paramref name="ServerInfo"/> are raw JSON objects.
/// </summary>
internal sealed record ServiceHello(
    Revision Revision,
    ReadOnlyMemory<byte> Capabilities,
    ReadOnlyMemory<byte> ServerInfo,
    string? Instructions
)
{
    public Era Era => Revision.Era();
}

/// <summary>One request for a service, already in the service's era and with the service's own names.</summary>
internal sealed class ChannelCall
{
    public required McpMethod Method { get; init; }

    /// <summary>
    /// The whole <c>params</c> object as UTF-8, final but for the progress token: where the caller asked for progress,
    /// <see cref="ProgressToken"/> marks the bytes of the value and the channel writes its own token there.
    /// Valid until the call returns.
    /// </summary>
    public required ReadOnlyMemory<byte> Params { get; init; }

    /// <summary>Bytes of the progress token's value inside <see cref="Params"/>; empty when none.</summary>
    public Range ProgressToken { get; init; }
    public bool WantsProgress => !ProgressToken.Equals(default);

    /// <summary><c>params.name</c> or <c>params.uri</c> as the service names it: the Mcp-Name header of modern HTTP.</summary>
    public string? Name { get; init; }

    /// <summary>Mcp-Param-* headers to send (modern HTTP), already encoded; null for none.</summary>
    public IReadOnlyList<KeyValuePair<string, string>>? ParamHeaders { get; init; }

    /// <summary>Legacy client session this call belongs to, so that questions of a shared channel find their asker.</summary>
    public string? SessionKey { get; init; }
}

/// <summary>What a service sends while a call is open. Implemented by the Gateway per call.</summary>
internal interface ICallEvents
{
    /// <summary>
    /// A notification for this call: progress (the <c>progressToken</c> value sits at <paramref name="token"/> and is
    /// ours, the receiver writes the client's) or a log message. <paramref name="parameters"/> is valid during the call only.
    /// </summary>
    void OnNotification(McpMethod method, ReadOnlySpan<byte> parameters, Range token);

    /// <summary>
    /// A question of a legacy service (elicitation, sampling, roots): its raw <c>params</c> (empty when absent).
    /// The answer is the raw <c>result</c> or <c>error</c> object of the client.
    /// </summary>
    ValueTask<QuestionAnswer> OnQuestionAsync(
        McpMethod method,
        ReadOnlyMemory<byte> parameters,
        CancellationToken cancellationToken
    );
}

/// <summary>Answer to a service's question: raw JSON of <c>result</c>, or of <c>error</c> when <paramref name="IsError"/>.</summary>
internal readonly record struct QuestionAnswer(bool IsError, ReadOnlyMemory<byte> Json);

/// <summary>How a call ended at the service.</summary>
internal enum ChannelReplyKind
{
    /// <summary>A result; <see cref="ChannelReply.Json"/> is its raw object.</summary>
    Result,

    /// <summary>A JSON-RPC error of the service; <see cref="ChannelReply.Json"/> is its raw object.</summary>
    Error,

    /// <summary>The way there failed; see <see cref="ChannelReply.Failure"/>.</summary>
    Failed,
}

/// <summary>Why a call did not reach a service or its answer did not come back (maps to −31001…−31005).</summary>
internal enum ChannelFailure
{
    None,
    NotConnected,
    Crashed,
    TimedOut,
    TooLarge,
    Protocol,
}

/// <summary>
/// The end of a call. <see cref="Json"/> is backed by a pooled buffer: dispose after the bytes were written out.
/// </summary>
internal readonly struct ChannelReply(
    ChannelReplyKind kind,
    ReadOnlyMemory<byte> json,
    IDisposable? owner = null,
    ChannelFailure failure = ChannelFailure.None,
    bool dispatched = true,
    string? detail = null
) : IDisposable
{
    public ChannelReplyKind Kind { get; } = kind;
    public ReadOnlyMemory<byte> Json { get; } = json;
    public ChannelFailure Failure { get; } = failure;

    /// <summary>Whether the request may have reached the service: decides <c>data.outcome</c> none or unknown.</summary>
    public bool Dispatched { get; } = dispatched;

    /// <summary>What a limit of ours said of the call; null where none holds. Never of a service.</summary>
    public Permit? Permit { get; init; }

    /// <summary>What went wrong, for the service's state and logs; never shown to clients.</summary>
    public string? Detail { get; } = detail;

    /// <summary>Whether a native tool threw what it did not mean to say: its result tells only that it failed.</summary>
    public bool Threw { get; init; }

    public static ChannelReply Fail(ChannelFailure failure, bool dispatched, string? detail = null) =>
        new(ChannelReplyKind.Failed, default, null, failure, dispatched, detail);

    public void Dispose() => owner?.Dispose();
}

/// <summary>What a channel tells about the service outside any call. Implemented by the service's supervisor.</summary>
internal interface IChannelEvents
{
    /// <summary>tools, prompts or resources list changed, or a resource was updated (<paramref name="parameters"/> raw).</summary>
    void OnNotification(McpMethod method, ReadOnlyMemory<byte> parameters);

    /// <summary>The connection is gone; every open call has already failed.</summary>
    void OnClosed(string reason);
}
