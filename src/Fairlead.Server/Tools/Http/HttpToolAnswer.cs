using System.Buffers;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using Fairlead.Server.Services.Channels;

namespace Fairlead.Server.Tools.Http;

/// <summary>
/// What came of a request as a <c>tools/call</c> result: <c>success</c> (2xx alone, C-42), <c>data</c> (JSON, else text),
/// <c>status_code</c>, <c>headers</c>; without an answer <c>error</c>, <c>error_type</c> and a null <c>status_code</c> (R-17).
/// </summary>
internal static class HttpToolAnswer
{
    // Cookies are for the gateway's connection, challenges for its credentials: neither is the caller's.
    private static readonly HashSet<string> Dropped = new(StringComparer.OrdinalIgnoreCase)
    {
        "Set-Cookie",
        "WWW-Authenticate",
        "Proxy-Authenticate",
        "Transfer-Encoding",
        "Connection",
        "Keep-Alive",
    };

    /// <summary>The result of an answer.</summary>
    public static byte[] Of(HttpResponseMessage response, byte[] body, HttpTool tool, JsonSelect? select, int page)
    {
        var success = response.IsSuccessStatusCode;
        var data = Data(response.Content.Headers.ContentType, body);
        if (success && select is not null && data is { } whole)
            data = select.Of(whole);
        var paged = success && tool.PageSize is > 0 && data is { ValueKind: JsonValueKind.Array };
        return Write(
            isError: !success,
            json =>
            {
                json.WriteBoolean("success"u8, success);
                json.WriteNumber("status_code"u8, (int)response.StatusCode);
                json.WritePropertyName("data"u8);
                if (data is not { } value)
                    json.WriteNullValue();
                else if (paged)
                    WritePage(json, value, tool.PageSize!.Value, page);
                else
                    value.WriteTo(json);
                if (paged)
                {
                    var items = data!.Value.GetArrayLength();
                    json.WriteNumber("page"u8, page);
                    json.WriteNumber("pages"u8, Math.Max(1, (items + tool.PageSize!.Value - 1) / tool.PageSize.Value));
                    json.WriteNumber("total_items"u8, items);
                }
                json.WriteStartObject("headers"u8);
                foreach (var (name, values) in response.Headers.Concat(response.Content.Headers))
                {
                    if (!Dropped.Contains(name))
                        json.WriteString(name.ToLowerInvariant(), string.Join(", ", values));
                }
                json.WriteEndObject();
                if (!success)
                {
                    json.WriteString("error"u8, $"HTTP {(int)response.StatusCode} {response.ReasonPhrase}".TrimEnd());
                    json.WriteString("error_type"u8, "http_status"u8);
                }
            }
        );
    }

    /// <summary>The result where there was no answer that could be read.</summary>
    public static byte[] Failed(string type, string error) =>
        Write(
            isError: true,
            json =>
            {
                json.WriteBoolean("success"u8, false);
                json.WriteNull("status_code"u8);
                json.WriteString("error"u8, error);
                json.WriteString("error_type"u8, type);
            }
        );

    /// <summary>What a failed request was about, in words that tell nothing of the network behind the gateway.</summary>
    public static (string Type, string Error) Explain(Exception failure) =>
        failure.GetBaseException() switch
        {
            AddressRefusedException => ("address_refused", "The service's address is not allowed."),
            SocketException { SocketErrorCode: SocketError.ConnectionRefused } => (
                "connection",
                "The connection was refused."
            ),
            SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData } => (
                "connection",
                "The service's host is not known."
            ),
            AuthenticationException => ("tls", "The service's certificate could not be trusted."),
            _ => ("connection", "The connection failed before an answer came."),
        };

    private static JsonElement? Data(MediaTypeHeaderValue? type, byte[] body)
    {
        if (body.Length == 0)
            return null;
        if (type is null || HttpToolRequest.IsJson(type.MediaType))
        {
            try
            {
                return JsonElement.Parse(body);
            }
            catch (JsonException)
            {
                // Text then, whatever it calls itself.
            }
        }
        var text = IsText(type?.MediaType) ? Decode(type, body) : Convert.ToBase64String(body);
        return JsonSerializer.SerializeToElement(text, HttpToolJson.Default.String);
    }

    private static bool IsText(string? media) =>
        media is null
        || media.StartsWith("text/", StringComparison.Ordinal)
        || HttpToolRequest.IsJson(media)
        || media
            is "application/xml"
                or "application/javascript"
                or "application/yaml"
                or "application/x-www-form-urlencoded"
        || media.EndsWith("+xml", StringComparison.Ordinal);

    private static string Decode(MediaTypeHeaderValue? type, byte[] body)
    {
        try
        {
            return (type?.CharSet is { } name ? Encoding.GetEncoding(name.Trim('"')) : Encoding.UTF8).GetString(body);
        }
        catch (ArgumentException)
        {
            return Encoding.UTF8.GetString(body);
        }
    }

    private static void WritePage(Utf8JsonWriter json, JsonElement array, int size, int page)
    {
        json.WriteStartArray();
        foreach (var item in array.EnumerateArray().Skip((page - 1) * size).Take(size))
            item.WriteTo(json);
        json.WriteEndArray();
    }

    // The whole as text too, for clients that know no structured content (2025-06-18 tools "Structured Content").
    private static byte[] Write(bool isError, Action<Utf8JsonWriter> members)
    {
        var structured = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(structured))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }
        var result = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(result))
        {
            json.WriteStartObject();
            json.WriteStartArray("content"u8);
            json.WriteStartObject();
            json.WriteString("type"u8, "text"u8);
            json.WriteString("text"u8, structured.WrittenSpan);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WritePropertyName("structuredContent"u8);
            json.WriteRawValue(structured.WrittenSpan, skipInputValidation: true);
            if (isError)
                json.WriteBoolean("isError"u8, true);
            json.WriteEndObject();
        }
        return result.WrittenSpan.ToArray();
    }
}
