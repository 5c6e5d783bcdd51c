using System.Text.Json;

namespace Fairlead.EndToEnd.Matrix;

/// <summary>
/// A Dify client as its users meet it (contracts.md §2.6, §2.7): a connection of its own to list the tools and another to
/// call one.
/// </summary>
/// <param name="Version">What it asks for.</param>
/// <param name="Accepted">Versions it goes on with; any other ends it.</param>
/// <param name="SendsInitialized">Whether it sends <c>notifications/initialized</c>.</param>
/// <param name="Open">Its wires to an address, in the order in which it tries them.</param>
internal sealed record DifyClient(
    string Version,
    string[] Accepted,
    bool SendsInitialized,
    Func<HttpClient, Uri, string, IReadOnlyList<Func<IDifyWire>>> Open
)
{
    private static readonly string[] BuiltInVersions = ["2024-11-05", "2025-03-26", "2025-06-18"];

    /// <summary>The integration in Dify itself: the last segment of the path chooses the transport, none tries both.</summary>
    public static DifyClient BuiltIn(string version) =>
        new(
            version,
            BuiltInVersions,
            SendsInitialized: true,
            static (http, url, key) =>
            {
                IDifyWire Sse() =>
                    new DifySseWire(http, url, key, keyOnPost: true, TimeSpan.FromSeconds(1), tellsStatus: true);
                IDifyWire Http() => new DifyHttpWire(http, url, key);
                return url.AbsolutePath.TrimEnd('/').Split('/')[^1] switch
                {
                    "mcp" => [Http],
                    "sse" => [Sse],
                    _ => [Sse, Http],
                };
            }
        );

    /// <summary>The plugins with <c>"transport": "sse"</c>, whatever the address ends in (C-16).</summary>
    public static DifyClient PluginSse { get; } =
        new(
            "2024-11-05",
            ["2024-11-05"],
            SendsInitialized: false,
            static (http, url, key) =>
                [() => new DifySseWire(http, url, key, keyOnPost: false, TimeSpan.FromSeconds(50), tellsStatus: false)]
        );

    /// <summary>The plugins with <c>"transport": "streamable_http"</c>, in the versions that read JSON alone.</summary>
    public static DifyClient PluginJson(string? accept) =>
        new(
            "2025-03-26",
            ["2025-03-26"],
            SendsInitialized: false,
            (http, url, key) => [() => new PluginJsonWire(http, url, key, accept)]
        );

    public async Task<Used> UseAsync(HttpClient http, Uri url, string key, CancellationToken cancellationToken)
    {
        var (version, listed) = await WithAsync(
            http,
            url,
            key,
            """{"jsonrpc":"2.0","id":1,"method":"tools/list"}""",
            cancellationToken
        );
        var (_, called) = await WithAsync(
            http,
            url,
            key,
            """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"grüße"}}}""",
            cancellationToken
        );
        return new Used(
            [.. listed.GetProperty("tools").EnumerateArray().Select(t => t.GetProperty("name").GetString()!)],
            called.GetProperty("content")[0].GetProperty("text").GetString()!,
            version
        );
    }

    private async Task<(string Version, JsonElement Result)> WithAsync(
        HttpClient http,
        Uri url,
        string key,
        string request,
        CancellationToken cancellationToken
    )
    {
        var wires = Open(http, url, key);
        for (var i = 0; ; i++)
        {
            await using var wire = wires[i]();
            try
            {
                var opened = await wire.SendAsync(
                    """{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"VERSION","capabilities":{"roots":{"listChanged":true},"sampling":{}},"clientInfo":{"name":"Dify","version":"1.9.0"}}}""".Replace(
                        "VERSION",
                        Version,
                        StringComparison.Ordinal
                    ),
                    isRequest: true,
                    cancellationToken
                );
                var version = Result(opened).GetProperty("protocolVersion").GetString()!;
                if (!Accepted.Contains(version))
                    throw new InvalidOperationException($"Unsupported protocol version from the server: {version}");
                if (SendsInitialized)
                    await wire.SendAsync(
                        """{"jsonrpc":"2.0","method":"notifications/initialized"}""",
                        isRequest: false,
                        cancellationToken
                    );
                return (version, Result(await wire.SendAsync(request, isRequest: true, cancellationToken)));
            }
            catch (ShownException) when (i + 1 < wires.Count)
            {
                // What was tried first does not answer as it should: the next.
            }
        }
    }

    private static JsonElement Result(JsonElement answer) =>
        answer.TryGetProperty("result", out var result)
            ? result
            : throw new ShownException(answer.GetProperty("error").GetProperty("message").GetString()!);
}
