namespace Fairlead.Protocol;

/// <summary>A run of bytes inside a message: offset and length, both in bytes. <c>default</c> means "not present".</summary>
public readonly record struct Slice(int Start, int Length)
{
    /// <summary>Whether the member was there.</summary>
    public bool Present => Length > 0;

    /// <summary>Offset of the first byte after the run.</summary>
    public int End => Start + Length;

    /// <summary>The bytes of the run.</summary>
    public ReadOnlySpan<byte> Of(ReadOnlySpan<byte> message) => message.Slice(Start, Length);

    /// <summary>The bytes of the run.</summary>
    public ReadOnlyMemory<byte> Of(ReadOnlyMemory<byte> message) => message.Slice(Start, Length);

    /// <summary>The same bytes seen from an enclosing run.</summary>
    public Range Within(Slice outer) => (Start - outer.Start)..(End - outer.Start);
}

/// <summary>What a JSON-RPC message is.</summary>
public enum MessageKind
{
    /// <summary>Has a method and an id.</summary>
    Request,

    /// <summary>Has a method and no id.</summary>
    Notification,

    /// <summary>Has a result and an id.</summary>
    Result,

    /// <summary>Has an error.</summary>
    Error,
}

/// <summary>
/// The places of one checked JSON-RPC message that routing and policy need. The message itself stays as the bytes
/// that were checked; nothing is copied. Made by <see cref="EnvelopeReader"/>.
/// </summary>
public sealed class Envelope
{
    /// <summary>The whole message, valid UTF-8 and valid JSON without duplicate keys.</summary>
    public ReadOnlyMemory<byte> Message { get; internal set; }

    /// <summary>Request, notification, result or error.</summary>
    public MessageKind Kind { get; internal set; }

    /// <summary>The method, or <see cref="McpMethod.Unknown"/>.</summary>
    public McpMethod Method { get; internal set; }

    /// <summary>The id as raw JSON (a string with its quotes, or an integer).</summary>
    public Slice Id { get; internal set; }

    /// <summary>The method's name, unescaped by nature; raw string content without quotes.</summary>
    public Slice MethodName { get; internal set; }

    /// <summary>The <c>params</c> object, braces included; absent when missing or null.</summary>
    public Slice Params { get; internal set; }

    /// <summary>The <c>result</c> value.</summary>
    public Slice Result { get; internal set; }

    /// <summary>The <c>error</c> value.</summary>
    public Slice Error { get; internal set; }

    /// <summary><c>params.name</c> with its quotes; for completion <c>params.ref.name</c>.</summary>
    public Slice Name { get; internal set; }

    /// <summary><c>params.uri</c> with its quotes; for completion <c>params.ref.uri</c>.</summary>
    public Slice Uri { get; internal set; }

    /// <summary><c>params.arguments</c>.</summary>
    public Slice Arguments { get; internal set; }

    /// <summary><c>params.cursor</c> with its quotes.</summary>
    public Slice Cursor { get; internal set; }

    /// <summary><c>params._meta</c> object.</summary>
    public Slice Meta { get; internal set; }

    /// <summary>The <c>null</c> given as <c>params._meta</c>; then <see cref="Meta"/> is absent.</summary>
    public Slice MetaNull { get; internal set; }

    /// <summary><c>params.requestId</c> of a cancellation, raw JSON.</summary>
    public Slice CancelledId { get; internal set; }

    /// <summary><c>_meta.progressToken</c>, raw JSON.</summary>
    public Slice ProgressToken { get; internal set; }

    /// <summary><c>_meta["io.modelcontextprotocol/protocolVersion"]</c> with its quotes.</summary>
    public Slice MetaVersion { get; internal set; }

    /// <summary><c>_meta["io.modelcontextprotocol/clientInfo"]</c> object.</summary>
    public Slice ClientInfo { get; internal set; }

    /// <summary><c>_meta["io.modelcontextprotocol/clientCapabilities"]</c> object.</summary>
    public Slice ClientCapabilities { get; internal set; }

    /// <summary><c>_meta["io.modelcontextprotocol/logLevel"]</c> with its quotes.</summary>
    public Slice LogLevel { get; internal set; }

    /// <summary><c>_meta.traceparent</c> with its quotes.</summary>
    public Slice TraceParent { get; internal set; }

    /// <summary>Whether <c>params.inputResponses</c> or <c>params.requestState</c> is there (a retry of a multi round-trip request).</summary>
    public bool IsRetry { get; internal set; }

    /// <summary>The text of a JSON string slice (quotes included in the slice), unescaped.</summary>
    public string? Text(Slice quoted) => quoted.Present ? JsonText.Unquote(quoted.Of(Message.Span)) : null;
}
