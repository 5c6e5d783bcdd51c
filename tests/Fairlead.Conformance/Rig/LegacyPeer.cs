using Shouldly;

namespace Fairlead.Conformance;

/// <summary>A client of revision 2025-11-25 inside its session, where the suite needs the other era beside.</summary>
internal sealed class LegacyPeer(Face face, string session) : IAsyncDisposable
{
    public const string Version = "2025-11-25";
    private int lastId;

    public static async Task<LegacyPeer> OpenAsync(Face face, string capabilities = "{}")
    {
        var reply = await face.SendAsync(
            Modern
                .Post(
                    $$$$"""{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"{{{{Version}}}}","capabilities":{{{{capabilities}}}},"clientInfo":{"name":"suite","version":"1"}}}"""
                )
                .Header("MCP-Protocol-Version", Version)
                .Header("Mcp-Method", "initialize")
        );
        reply.Result.At("protocolVersion").GetString().ShouldBe(Version);
        return new LegacyPeer(face, reply.Head.Headers.GetValues("Mcp-Session-Id").Single());
    }

    public Task<Reply> AskAsync(string method, string parameters) => face.SendAsync(Request(method, parameters));

    public HttpRequestMessage Request(string method, string parameters) =>
        Modern
            .Post($$"""{"jsonrpc":"2.0","id":{{++lastId}},"method":"{{method}}","params":{{parameters}}}""")
            .Header("MCP-Protocol-Version", Version)
            // Only for the message log; a legacy client sends no such header and nobody looks at it.
            .Header("Mcp-Method", method)
            .Header("Mcp-Session-Id", session);

    public async ValueTask DisposeAsync() =>
        await face.SendAsync(
            new HttpRequestMessage(HttpMethod.Delete, "/mcp")
                .Header("Mcp-Session-Id", session)
                .Header("MCP-Protocol-Version", Version)
        );
}
