using System.Net.Http.Headers;
using System.Text;

namespace Fairlead.Conformance;

/// <summary>Raw requests of revision 2026-07-28, correct unless a test makes them wrong.</summary>
internal static class Modern
{
    public const string Version = "2026-07-28";
    public const string Prefix = "io.modelcontextprotocol/";
    public const string Meta =
        """{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"suite","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}""";

    /// <summary>Every method that has a name to mirror.</summary>
    public static string? NameOf(string method) =>
        method switch
        {
            "tools/call" => "echo",
            "prompts/get" => "greet",
            "resources/read" => "test://note",
            _ => null,
        };

    /// <summary>Parameters that make a good request of each method, behind <c>_meta</c>.</summary>
    public static string ParamsOf(string method) =>
        method switch
        {
            "tools/call" => ""","name":"echo","arguments":{}""",
            "prompts/get" => ""","name":"greet","arguments":{"who":"you"}""",
            "resources/read" => ""","uri":"test://note" """,
            "completion/complete" =>
                ""","ref":{"type":"ref/prompt","name":"greet"},"argument":{"name":"who","value":"y"}""",
            _ => "",
        };

    /// <summary>Metadata with more members, or with other capabilities.</summary>
    public static string With(string more = "", string capabilities = "{}") =>
        $$"""{"{{Prefix}}protocolVersion":"{{Version}}","{{Prefix}}clientCapabilities":{{capabilities}}{{(more.Length == 0 ? "" : "," + more)}}}""";

    public static HttpRequestMessage Request(
        string method,
        string? parameters = null,
        string? name = null,
        string? meta = Meta,
        string id = "1",
        string path = "/mcp"
    )
    {
        var all = meta is null
            ? "{" + (parameters ?? ParamsOf(method)).TrimStart(',') + "}"
            : $$"""{"_meta":{{meta}}{{parameters ?? ParamsOf(method)}}}""";
        var request = Post($$"""{"jsonrpc":"2.0","id":{{id}},"method":"{{method}}","params":{{all}}}""", path);
        request.Headers.Add("MCP-Protocol-Version", Version);
        request.Headers.Add("Mcp-Method", method);
        if ((name ?? NameOf(method)) is { } mirrored)
            request.Headers.TryAddWithoutValidation("Mcp-Name", mirrored);
        return request;
    }

    public static HttpRequestMessage Post(string body, string path = "/mcp") =>
        Post(Encoding.UTF8.GetBytes(body), path);

    public static HttpRequestMessage Post(byte[] body, string path = "/mcp") =>
        new(HttpMethod.Post, path)
        {
            Content = new ByteArrayContent(body)
            {
                Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
            },
        };

    /// <summary>The request with one header taken away or replaced.</summary>
    public static HttpRequestMessage Header(this HttpRequestMessage request, string name, params string[] values)
    {
        request.Headers.Remove(name);
        foreach (var value in values)
            request.Headers.TryAddWithoutValidation(name, value);
        return request;
    }
}
