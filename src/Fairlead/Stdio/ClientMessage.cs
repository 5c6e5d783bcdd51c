using System.Buffers;
using System.Text;
using System.Text.Json;
using Fairlead.Protocol;

namespace Fairlead.Stdio;

/// <summary>One message of the client and what of it the bridge has to know.</summary>
internal sealed record ClientMessage
{
    private ClientMessage() { }

    /// <summary>The message as it came.</summary>
    public required string Text { get; init; }

    /// <summary>The raw id; null for notifications.</summary>
    public string? Id { get; private init; }

    /// <summary>Null for responses.</summary>
    public string? Method { get; private init; }

    /// <summary>Version in the metadata, which only requests of the stateless era carry.</summary>
    public string? MetaVersion { get; private init; }

    /// <summary>What <c>Mcp-Name</c> mirrors: <c>name</c> or <c>uri</c> of the parameters.</summary>
    public string? Name { get; private init; }

    /// <summary>Raw <c>arguments</c>; null when there are none.</summary>
    public string? Arguments { get; private init; }

    /// <summary>Raw id of the request a cancellation is for.</summary>
    public string? Cancels { get; private init; }

    /// <summary>Raw params.</summary>
    public string? Params { get; private init; }

    /// <summary>Raw ids of what is asked: one of a request, those of a batch's requests, none else.</summary>
    public IReadOnlyList<string> Asked { get; private init; } = [];

    public bool IsRequest => Id is not null && Method is not null;

    public bool IsModern => MetaVersion is not null;

    /// <summary>Reads a line: a message, or a batch of them; false when it is neither.</summary>
    public static bool TryRead(string line, out ClientMessage? message)
    {
        message = null;
        try
        {
            using var json = JsonDocument.Parse(line);
            message = json.RootElement.ValueKind switch
            {
                JsonValueKind.Object => Read(line, json.RootElement),
                JsonValueKind.Array => new ClientMessage
                {
                    Text = line,
                    Asked =
                    [
                        .. json
                            .RootElement.EnumerateArray()
                            .Where(m => String(m, "method") is not null)
                            .Select(m => Raw(m, "id"))
                            .OfType<string>(),
                    ],
                },
                _ => null,
            };
            return message is not null;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>A response to <paramref name="rawId"/> that carries an error.</summary>
    public static string Error(string rawId, int code, string text)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("jsonrpc"u8, "2.0"u8);
            json.WritePropertyName("id"u8);
            json.WriteRawValue(rawId);
            json.WriteStartObject("error"u8);
            json.WriteNumber("code"u8, code);
            json.WriteString("message"u8, text);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static ClientMessage Read(string line, JsonElement root)
    {
        var parameters =
            root.TryGetProperty("params"u8, out var found) && found.ValueKind == JsonValueKind.Object ? found : default;
        var method = String(root, "method");
        var id = Raw(root, "id");
        return new ClientMessage
        {
            Text = line,
            Id = id,
            Asked = id is not null && method is not null ? [id] : [],
            Method = method,
            MetaVersion =
                parameters.ValueKind == JsonValueKind.Object
                && parameters.TryGetProperty("_meta"u8, out var meta)
                && meta.ValueKind == JsonValueKind.Object
                    ? String(meta, "io.modelcontextprotocol/protocolVersion")
                    : null,
            Name = method == McpMethod.ResourcesRead.Wire() ? String(parameters, "uri") : String(parameters, "name"),
            Arguments = Raw(parameters, "arguments"),
            Cancels = method == McpMethod.NotificationsCancelled.Wire() ? Raw(parameters, "requestId") : null,
            Params = parameters.ValueKind == JsonValueKind.Object ? parameters.GetRawText() : null,
        };
    }

    private static string? String(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object
        && element.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static string? Raw(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object
        && element.TryGetProperty(name, out var value)
        && value.ValueKind is not JsonValueKind.Null
            ? value.GetRawText()
            : null;
}
