using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Fairlead.Client;

/// <summary>What a message of JSON-RPC is .</summary>
public enum McpMessageKind
{
    /// <summary>Wants an answer.</summary>
    Request,

    /// <summary>Wants none.</summary>
    Notification,

    /// <summary>An answer that went well.</summary>
    Result,

    /// <summary>An answer that did not.</summary>
    Error,
}

/// <summary>The error of an answer.</summary>
/// <param name="Code">JSON-RPC or MCP error code.</param>
/// <param name="Message">For people.</param>
/// <param name="Data">More about it; null when there is none.</param>
public sealed record McpErrorBody(int Code, string Message, JsonElement? Data = null);

/// <summary>
/// One JSON-RPC message of MCP: <c>jsonrpc</c> 2.0, <c>id</c>, <c>method</c>, <c>params</c>, <c>result</c>, <c>error</c>;
/// members that are null are not written.
/// </summary>
public sealed record McpMessage
{
    /// <summary>The id as JSON, a string or a number; null for notifications.</summary>
    public JsonElement? Id { get; init; }

    /// <summary>Method of a request or notification; null for answers.</summary>
    public string? Method { get; init; }

    /// <summary>Parameters; null when there are none.</summary>
    public JsonElement? Params { get; init; }

    /// <summary>What was asked for; null unless this is a result.</summary>
    public JsonElement? Result { get; init; }

    /// <summary>What went wrong; null unless this is an error.</summary>
    public McpErrorBody? Error { get; init; }

    /// <summary>What it is.</summary>
    public McpMessageKind Kind =>
        Error is not null ? McpMessageKind.Error
        : Method is null ? McpMessageKind.Result
        : Id is null ? McpMessageKind.Notification
        : McpMessageKind.Request;

    /// <summary>The message as UTF-8 JSON without line feeds.</summary>
    public ReadOnlyMemory<byte> ToUtf8()
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("jsonrpc"u8, "2.0"u8);
            Write(json, "id"u8, Id);
            if (Method is not null)
                json.WriteString("method"u8, Method);
            Write(json, "params"u8, Params);
            Write(json, "result"u8, Result);
            if (Error is { } error)
            {
                json.WriteStartObject("error"u8);
                json.WriteNumber("code"u8, error.Code);
                json.WriteString("message"u8, error.Message);
                Write(json, "data"u8, error.Data);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }

    /// <summary>
    /// Reads a message. The method <c>initialized</c> of older documents is taken as <c>notifications/initialized</c>
    /// (C-28).
    /// </summary>
    /// <exception cref="FormatException">It is no JSON-RPC 2.0 message; the text says why.</exception>
    public static McpMessage Parse(ReadOnlyMemory<byte> utf8)
    {
        JsonElement root;
        try
        {
            root = JsonElement.Parse(utf8.Span);
        }
        catch (JsonException failure)
        {
            throw new FormatException($"This is no JSON: {failure.Message}", failure);
        }
        if (root.ValueKind != JsonValueKind.Object)
            throw new FormatException($"A message is an object, not {root.ValueKind}.");
        if (!root.TryGetProperty("jsonrpc"u8, out var version) || !version.ValueEquals("2.0"u8))
            throw new FormatException("A message has \"jsonrpc\": \"2.0\".");
        var method = Member(root, "method"u8);
        var message = new McpMessage
        {
            Id = Member(root, "id"u8),
            Method = method?.ValueKind == JsonValueKind.String ? Canonical(method.Value.GetString()!) : null,
            Params = Member(root, "params"u8),
            Result = Member(root, "result"u8),
            Error = Member(root, "error"u8) is { ValueKind: JsonValueKind.Object } error ? ReadError(error) : null,
        };
        return message is { Method: null, Result: null, Error: null }
            ? throw new FormatException("A message has a method, a result or an error.")
            : message;
    }

    /// <inheritdoc />
    public override string ToString() => Encoding.UTF8.GetString(ToUtf8().Span);

    private static string Canonical(string method) => method == "initialized" ? "notifications/initialized" : method;

    private static McpErrorBody ReadError(JsonElement error) =>
        new(
            error.TryGetProperty("code"u8, out var code) && code.TryGetInt32(out var number) ? number : 0,
            error.TryGetProperty("message"u8, out var text) ? text.ToString() : "The request failed.",
            Member(error, "data"u8)
        );

    private static JsonElement? Member(JsonElement json, ReadOnlySpan<byte> name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static void Write(Utf8JsonWriter json, ReadOnlySpan<byte> name, JsonElement? value)
    {
        if (value is not { } present)
            return;
        json.WritePropertyName(name);
        present.WriteTo(json);
    }
}
