using System.Text.Json;
using Fairlead.Protocol;

namespace Fairlead.Client;

/// <summary>What a client says of itself: name, version, and the capabilities it was given answers for (R-06, C-25).</summary>
internal static class ClientWords
{
    public static void WriteInitialize(Utf8JsonWriter json, McpClientOptions options)
    {
        json.WriteString("protocolVersion"u8, Revisions.NewestLegacy.Wire());
        json.WritePropertyName("capabilities"u8);
        WriteCapabilities(json, options);
        json.WritePropertyName("clientInfo"u8);
        WriteInfo(json, options);
    }

    /// <summary>Members of <c>_meta</c> of every request of 2026-07-28.</summary>
    public static void WriteMeta(Utf8JsonWriter json, McpClientOptions options)
    {
        json.WriteString("io.modelcontextprotocol/protocolVersion"u8, Revisions.Newest.Wire());
        json.WritePropertyName("io.modelcontextprotocol/clientInfo"u8);
        WriteInfo(json, options);
        json.WritePropertyName("io.modelcontextprotocol/clientCapabilities"u8);
        WriteCapabilities(json, options);
    }

    /// <summary>Members of <c>params</c> of a call.</summary>
    public static void WriteCall(Utf8JsonWriter json, string tool, JsonElement arguments)
    {
        json.WriteString("name"u8, tool);
        if (arguments.ValueKind != JsonValueKind.Object)
            return;
        json.WritePropertyName("arguments"u8);
        arguments.WriteTo(json);
    }

    private static void WriteInfo(Utf8JsonWriter json, McpClientOptions options)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, options.ClientName);
        json.WriteString("version"u8, options.ClientVersion);
        json.WriteEndObject();
    }

    private static void WriteCapabilities(Utf8JsonWriter json, McpClientOptions options)
    {
        json.WriteStartObject();
        if (options.Roots is not null)
            WriteEmpty(json, "roots");
        if (options.Sampling is not null)
            WriteEmpty(json, "sampling");
        if (options.Elicitation is not null)
            WriteEmpty(json, "elicitation");
        json.WriteEndObject();
    }

    private static void WriteEmpty(Utf8JsonWriter json, string name)
    {
        json.WriteStartObject(name);
        json.WriteEndObject();
    }
}
