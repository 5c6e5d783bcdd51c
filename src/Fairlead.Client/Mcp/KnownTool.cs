using System.Text;
using System.Text.Json;
using Fairlead.Protocol.Http;

namespace Fairlead.Client;

/// <summary>A discovered tool and the arguments that HTTP repeats in headers.</summary>
internal sealed record KnownTool(McpTool Tool, ParamHeaders Mirrored)
{
    /// <summary>Reads a definition; null where it has no name or breaks the rules of mirrored arguments (R20).</summary>
    public static KnownTool? Read(JsonElement definition)
    {
        if (definition.Text("name"u8) is not { Length: > 0 } name)
            return null;
        var schema = definition.TryGetProperty("inputSchema"u8, out var given) ? given : McpTool.EmptySchema;
        return ParamHeaders.Read(Encoding.UTF8.GetBytes(schema.GetRawText()), out _) is { } rules
            ? new KnownTool(
                new McpTool(name, definition.Text("title"u8), definition.Text("description"u8), schema, definition),
                rules
            )
            : null;
    }

    public IReadOnlyList<KeyValuePair<string, string>>? Headers(JsonElement arguments) =>
        arguments.ValueKind == JsonValueKind.Object && Mirrored.Rules.Length > 0
            ? Mirrored.Build(Encoding.UTF8.GetBytes(arguments.GetRawText()))
            : null;
}
