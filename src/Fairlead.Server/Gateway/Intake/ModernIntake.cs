using Fairlead.Protocol;
using Fairlead.Protocol.Http;
using Fairlead.Server.Gateway.Replies;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Server.Gateway.Intake;

/// <summary>
/// What revision 2026-07-28 demands of every POST: version header equal to the body's, mirrored method and name,
/// required metadata (R13…R17, R31; spec streamable-http "Server Validation").
/// </summary>
internal static class ModernIntake
{
    private const string VersionHeader = "MCP-Protocol-Version";
    private const string MethodHeader = "Mcp-Method";
    private const string NameHeader = "Mcp-Name";

    /// <summary>Whether the request is of the modern era: its version header or its metadata says so.</summary>
    public static bool IsModern(HttpRequest request, Envelope envelope) =>
        envelope.MetaVersion.Present
        || (
            Revisions.TryParse(request.Headers[VersionHeader].ToString(), out var revision)
            && revision.Era() == Era.Modern
        );

    /// <summary>The first thing wrong, as an answer; null when the request is good.</summary>
    public static Answer? Check(HttpRequest request, Envelope envelope)
    {
        var headers = request.Headers;
        var version = headers[VersionHeader];
        var inBody = envelope.Text(envelope.MetaVersion);
        if (version.Count != 1)
            return Mismatch($"{VersionHeader} header is missing");
        if (envelope.Kind == MessageKind.Request && CheckMeta(envelope) is { } incomplete)
            return incomplete;
        if (inBody is not null && inBody != version[0])
            return Mismatch($"{VersionHeader} header does not match the body");
        if (!Revisions.TryParse(version[0], out var revision) || revision != Revision.V20260728)
            return UnsupportedVersion(version[0]!);
        if (envelope.Kind != MessageKind.Request)
            return null;
        var method = headers[MethodHeader];
        if (method.Count != 1)
            return Mismatch($"{MethodHeader} header is missing");
        if (
            !envelope.MethodName.Of(envelope.Message.Span).SequenceEqual(System.Text.Encoding.UTF8.GetBytes(method[0]!))
        )
            return Mismatch($"{MethodHeader} header does not match the body");
        return CheckName(headers, envelope) ?? CheckLevel(envelope);
    }

    /// <summary>The metadata every request must carry, whatever transport brings it (R31); null when it is there.</summary>
    public static Answer? CheckMeta(Envelope envelope)
    {
        if (envelope.MetaVersion.Present && envelope.ClientCapabilities.Present)
            return null;
        var missing = envelope.MetaVersion.Present ? "clientCapabilities" : "protocolVersion";
        return Invalid($"Invalid params: _meta[\"io.modelcontextprotocol/{missing}\"] is missing");
    }

    /// <summary>A log level nobody knows is refused (spec logging "Error Handling"); null when there is nothing to say.</summary>
    public static Answer? CheckLevel(Envelope envelope) =>
        envelope.LogLevel.Present && !LogLevels.IsKnown(envelope.Text(envelope.LogLevel)!)
            ? Invalid("Invalid params: the log level is not one of the eight levels", 200)
            : null;

    public static Answer UnsupportedVersion(string requested) =>
        ErrorTable.Answer(
            Condition.UnsupportedVersion,
            data: json =>
            {
                json.WritePropertyName("supported"u8);
                json.WriteRawValue(Revisions.AllAsJson);
                json.WriteString("requested"u8, requested);
            }
        );

    private static Answer? CheckName(IHeaderDictionary headers, Envelope envelope)
    {
        if (envelope.Method is not (McpMethod.ToolsCall or McpMethod.PromptsGet or McpMethod.ResourcesRead))
            return null;
        var header = headers[NameHeader];
        if (header.Count != 1)
            return Mismatch($"{NameHeader} header is missing");
        if (!HeaderText.TryDecode(header[0]!, out var name))
            return Mismatch($"{NameHeader} header has invalid characters");
        var inBody = envelope.Text(envelope.Method == McpMethod.ResourcesRead ? envelope.Uri : envelope.Name);
        return name == inBody ? null : Mismatch($"{NameHeader} header does not match the body");
    }

    private static Answer Mismatch(string what) =>
        ErrorTable.Answer(Condition.HeaderMismatch, detail: $"Header mismatch: {what}");

    private static Answer Invalid(string what, int status = 400) =>
        ErrorTable.Answer(Condition.InvalidParams, detail: what) with
        {
            Status = status,
        };
}
