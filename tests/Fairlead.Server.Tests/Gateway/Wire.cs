using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Fairlead.Server.Tests.Gateway;

/// <summary>Raw MCP requests of both eras, and their answers.</summary>
internal static class Wire
{
    public const string ModernMeta =
        """{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}""";

    public static HttpRequestMessage Post(string body, string path = "/mcp") =>
        new(HttpMethod.Post, path)
        {
            Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json")),
        };

    /// <summary>A modern request with matching headers; <paramref name="parameters"/> goes behind <c>_meta</c>.</summary>
    public static HttpRequestMessage Modern(
        string method,
        string parameters = "",
        string? name = null,
        string meta = ModernMeta,
        string id = "1",
        string path = "/mcp"
    )
    {
        var more = parameters.Length == 0 ? "" : "," + parameters;
        var request = Post(
            $$$"""{"jsonrpc":"2.0","id":{{{id}}},"method":"{{{method}}}","params":{"_meta":{{{meta}}}{{{more}}} } }""",
            path
        );
        request.Headers.Add("MCP-Protocol-Version", "2026-07-28");
        request.Headers.Add("Mcp-Method", method);
        if (name is not null)
            request.Headers.Add("Mcp-Name", name);
        return request;
    }

    public static HttpRequestMessage Legacy(
        string session,
        string method,
        string parameters = "{}",
        string id = "1",
        string path = "/mcp"
    )
    {
        var request = InSession(
            session,
            $$$"""{"jsonrpc":"2.0","id":{{{id}}},"method":"{{{method}}}","params":{{{parameters}}}}""",
            path
        );
        request.Headers.Add("MCP-Protocol-Version", "2025-11-25");
        return request;
    }

    /// <summary>Any body in a session, without a version header as revisions before 2025-06-18 send it.</summary>
    public static HttpRequestMessage InSession(string session, string body, string path = "/mcp")
    {
        var request = Post(body, path);
        request.Headers.Add("Mcp-Session-Id", session);
        return request;
    }

    /// <summary>Handshakes; returns the session id.</summary>
    public static async Task<string> InitializeAsync(
        HttpClient client,
        string capabilities = "{}",
        string path = "/mcp",
        string version = "2025-11-25"
    )
    {
        using var response = await client.SendAsync(
            Post(
                $$$$"""{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"{{{{version}}}}","capabilities":{{{{capabilities}}}},"clientInfo":{"name":"t","version":"1"}}}""",
                path
            )
        );
        response.EnsureSuccessStatusCode();
        return response.Headers.GetValues("Mcp-Session-Id").Single();
    }

    public static async Task<JsonElement> JsonAsync(this HttpResponseMessage response) =>
        JsonDocument
            .Parse(
                response.Content.Headers.ContentType?.MediaType == "text/event-stream"
                    ? (await response.EventsAsync().LastAsync()).Data
                    : await response.Content.ReadAsStringAsync()
            )
            .RootElement;

    /// <summary>Sends and reads one JSON answer.</summary>
    public static async Task<JsonElement> AskAsync(this HttpClient client, HttpRequestMessage request)
    {
        using var response = await client.SendAsync(request);
        return await response.JsonAsync();
    }

    /// <summary>Events of a stream as they come: id and data.</summary>
    public static async IAsyncEnumerable<(string? Id, string Data)> EventsAsync(
        this HttpResponseMessage response,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        string? id = null;
        string? data = null;
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal))
                id = line[4..];
            else if (line.StartsWith("data:", StringComparison.Ordinal))
                data = line[5..].TrimStart();
            else if (line.Length == 0 && data is not null)
            {
                yield return (id, data);
                data = null;
            }
        }
    }
}
