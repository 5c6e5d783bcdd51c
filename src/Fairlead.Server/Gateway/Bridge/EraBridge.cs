using Fairlead.Protocol;
using Fairlead.Server.Gateway.Replies;
using Fairlead.Server.Services.Channels;

namespace Fairlead.Server.Gateway.Bridge;

/// <summary>
/// Carries one call between a client's era and a service's (design.md "The era matrix"). One file per pair that
/// differs; a same-era pair changes nothing but names and ids.
/// </summary>
internal abstract class EraBridge
{
    private const int UrlElicitationRequired = -32042;
    private const int ReservedFrom = -32099;
    private const int ReservedTo = -32020;
    private static readonly SameEra Same = new();
    private static readonly LegacyToModern ToModern = new();
    private static readonly ModernToLegacy ToLegacy = new();

    public static EraBridge Between(Era client, Era service) =>
        client == service ? Same
        : service == Era.Modern ? ToModern
        : ToLegacy;

    /// <summary>The params for the service. <paramref name="name"/> replaces the exposed name; null keeps it.</summary>
    public abstract OutgoingParams Params(Call call, ReadOnlyMemory<byte>? name);

    /// <summary>The service's result, as the client's era wants it.</summary>
    public abstract Answer Result(Call call, ReadOnlyMemory<byte> result);

    /// <summary>The service's error, as the client's era wants it.</summary>
    public abstract Answer Error(Call call, ReadOnlyMemory<byte> error);

    /// <summary>Whether the service's questions can be put to the client during the call.</summary>
    public abstract bool CarriesQuestions { get; }

    /// <summary>An error object with its code replaced.</summary>
    protected static Answer WithCode(ReadOnlyMemory<byte> error, int code, int status = 200)
    {
        var at = JsonScan.Find(error.Span, "code"u8);
        return new Answer(
            true,
            error[..at.Start],
            System.Text.Encoding.ASCII.GetBytes(code.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            error[at.End..]
        )
        {
            Status = status,
            Code = code,
            Message = JsonScan.Text(error.Span, "message"u8),
        };
    }

    /// <summary>An error object as it is.</summary>
    protected static Answer AsIs(ReadOnlyMemory<byte> error, int status = 200) =>
        new(true, error)
        {
            Status = status,
            Code = CodeOf(error),
            Message = JsonScan.Text(error.Span, "message"u8),
        };

    /// <summary>
    /// An error as it is, unless a modern client may not be sent its code (R28): codes of earlier revisions and those
    /// of the specification's own range that it does not define.
    /// </summary>
    protected static Answer Permitted(ReadOnlyMemory<byte> error)
    {
        var code = CodeOf(error);
        return code is McpErrorCode.LegacyResourceNotFound or UrlElicitationRequired
                ? WithCode(error, McpErrorCode.InvalidParams)
            : code is >= ReservedFrom and <= ReservedTo ? WithCode(error, McpErrorCode.InternalError)
            : AsIs(error, code == McpErrorCode.MethodNotFound ? 404 : 200);
    }

    protected static int CodeOf(ReadOnlyMemory<byte> error)
    {
        var at = JsonScan.Find(error.Span, "code"u8);
        return at.Present && System.Buffers.Text.Utf8Parser.TryParse(at.Of(error.Span), out int code, out _) ? code : 0;
    }

    /// <summary>
    /// What a service asked for cannot be carried to this client: for a tool a result with <c>isError</c>, which models
    /// read, else a JSON-RPC error.
    /// </summary>
    public static Answer NotCarried(Call call, string what)
    {
        var text =
            $"The service asked for {what}, which cannot be passed on to a client of revision {call.Revision.Wire()} through the gateway yet. "
            + "Use a client of the service's own revision, or a tool that asks nothing.";
        if (call.Envelope.Method != McpMethod.ToolsCall)
            return ErrorTable.Answer(Condition.NotCarried, call.RequestId, text, call.ServiceName, "unknown");
        var quoted = System.Text.Encoding.UTF8.GetString(JsonText.Quote(text));
        var type = call.Revision.Era() == Era.Modern ? "\"resultType\":\"complete\"," : "";
        return new Answer(
            false,
            System.Text.Encoding.UTF8.GetBytes(
                $"{{{type}\"content\":[{{\"type\":\"text\",\"text\":{quoted}}}],\"isError\":true}}"
            )
        )
        {
            Code = McpErrorCode.UpstreamProtocolError,
            Message = text,
        };
    }
}
