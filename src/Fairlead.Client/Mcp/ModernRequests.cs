using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Reflection;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Protocol.Http;

namespace Fairlead.Client;

/// <summary>One request of revision 2026-07-28 at a time: headers, metadata, and an answer as JSON or event stream.</summary>
internal sealed class ModernRequests(
    HttpClient http,
    Uri endpoint,
    string key,
    string? userToken,
    FairleadClientOptions options
)
{
    private static readonly string Version =
        typeof(ModernRequests)
            .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion.Split('+')[0]
        ?? "0";

    private readonly McpClientOptions words = new() { ClientName = options.ClientName, ClientVersion = Version };
    private long lastId;

    /// <summary>Sends a request and returns its result.</summary>
    /// <param name="method">The method.</param>
    /// <param name="name">Value of <c>Mcp-Name</c>; null for methods without one.</param>
    /// <param name="parameters">Writes the members of <c>params</c> before <c>_meta</c>.</param>
    /// <param name="headers">Mirrored parameters.</param>
    /// <param name="progress">Receives progress; null asks for none.</param>
    /// <param name="cancellationToken">Closes the response, which is the cancellation in this revision (R11).</param>
    public async Task<JsonElement> SendAsync(
        McpMethod method,
        string? name,
        Action<Utf8JsonWriter>? parameters,
        IReadOnlyList<KeyValuePair<string, string>>? headers,
        IProgress<McpProgress>? progress,
        CancellationToken cancellationToken
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, endpoint);
        request.Content = new ReadOnlyMemoryContent(Body(method, parameters, progress is not null));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        request.Headers.Add("MCP-Protocol-Version", Revisions.Newest.Wire());
        request.Headers.Add("Mcp-Method", method.Wire());
        if (name is not null)
            request.Headers.Add("Mcp-Name", HeaderText.Encode(name));
        if (userToken is not null)
            request.Headers.Add("X-User-Token", userToken);
        foreach (var (header, value) in headers ?? [])
            request.Headers.TryAddWithoutValidation(header, value);
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        await using (stream)
        {
            return response.Content.Headers.ContentType?.MediaType switch
            {
                "application/json" => await ReadJsonAsync(stream, response.StatusCode, cancellationToken),
                "text/event-stream" => await ReadEventsAsync(stream, response.StatusCode, progress, cancellationToken),
                _ => throw NoAnswer(response.StatusCode),
            };
        }
    }

    private byte[] Body(McpMethod method, Action<Utf8JsonWriter>? parameters, bool progress)
    {
        var id = Interlocked.Increment(ref lastId);
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("jsonrpc"u8, "2.0"u8);
            json.WriteNumber("id"u8, id);
            json.WriteString("method"u8, method.Wire());
            json.WriteStartObject("params"u8);
            parameters?.Invoke(json);
            json.WriteStartObject("_meta"u8);
            ClientWords.WriteMeta(json, words);
            if (progress)
                json.WriteNumber("progressToken"u8, id);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private static async Task<JsonElement> ReadJsonAsync(
        Stream stream,
        HttpStatusCode status,
        CancellationToken cancellationToken
    )
    {
        try
        {
            using var message = await JsonDocument.ParseAsync(stream, default, cancellationToken);
            return Result(message.RootElement, status) ?? throw NoAnswer(status);
        }
        catch (JsonException)
        {
            throw NoAnswer(status);
        }
    }

    private static async Task<JsonElement> ReadEventsAsync(
        Stream stream,
        HttpStatusCode status,
        IProgress<McpProgress>? progress,
        CancellationToken cancellationToken
    )
    {
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(cancellationToken))
        {
            if (item.Data.Length == 0)
                continue;
            using var message = Parse(item.Data, status);
            if (Result(message.RootElement, status) is { } result)
                return result;
            if (progress is not null && Progress(message.RootElement) is { } report)
                progress.Report(report);
        }
        throw NoAnswer(status);
    }

    private static JsonDocument Parse(string data, HttpStatusCode status)
    {
        try
        {
            return JsonDocument.Parse(data);
        }
        catch (JsonException)
        {
            throw NoAnswer(status);
        }
    }

    /// <summary>The result of a response; null for any other message.</summary>
    /// <exception cref="FairleadMcpException">The message is an error, or asks for what this client does not offer.</exception>
    private static JsonElement? Result(JsonElement message, HttpStatusCode status)
    {
        if (message.ValueKind != JsonValueKind.Object)
            throw NoAnswer(status);
        if (message.TryGetProperty("error"u8, out var error))
        {
            var code = error.TryGetProperty("code"u8, out var number) && number.TryGetInt32(out var n) ? n : (int?)null;
            var text = error.TryGetProperty("message"u8, out var said) ? said.ToString() : "The request failed.";
            JsonElement? data = error.TryGetProperty("data"u8, out var more) ? more.Clone() : null;
            throw new FairleadMcpException(status, code, text, data);
        }
        if (!message.TryGetProperty("result"u8, out var result))
            return null;
        if (result.TryGetProperty("resultType"u8, out var type) && type.ValueEquals("input_required"u8))
        {
            throw new FairleadMcpException(
                status,
                McpErrorCode.MissingClientCapability,
                "The tool asks the user for input, which this client cannot give."
            );
        }
        return result.Clone();
    }

    private static McpProgress? Progress(JsonElement message) =>
        message.TryGetProperty("method"u8, out var method)
        && method.ValueEquals("notifications/progress"u8)
        && message.TryGetProperty("params"u8, out var parameters)
            ? McpProgress.Read(parameters)
            : null;

    private static FairleadMcpException NoAnswer(HttpStatusCode status) =>
        new(status, null, $"The answer (HTTP {(int)status}) is not an MCP response.");
}
