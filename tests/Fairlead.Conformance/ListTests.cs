using System.Net;
using Fairlead.Protocol;
using Fairlead.Server.Gateway;
using Fairlead.Server.Tests.Gateway;
using Shouldly;
using Xunit;

namespace Fairlead.Conformance;

/// <summary>Lists, pages, caching hints (spec 2026-07-28 server/*, utilities/caching, utilities/pagination; R46…R49).</summary>
public sealed class ListTests
{
    private static readonly (string Method, string List, string Key, string Item)[] Lists =
    [
        ("tools/list", "tools", "name", "echo"),
        ("prompts/list", "prompts", "name", "greet"),
        ("resources/list", "resources", "uri", "test://note"),
        ("resources/templates/list", "resourceTemplates", "uriTemplate", "test://item/{id}"),
    ];

    [Fact]
    public async Task Lists_Always_HoldWhatIsPublished()
    {
        await using var face = await Face.StartAsync();
        foreach (var (method, list, key, item) in Lists)
            (await face.AskAsync(method)).Result.Names(list, key).ShouldBe([item]);
        // Without parameters but the metadata, with an empty service: an empty list is a list.
        face.Host.Change(_ => true, p => p with { Enabled = false });
        face.Host.Apply();
        foreach (var (method, list, _, _) in Lists)
            (await face.AskAsync(method)).Result.At(list).GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task Lists_OnAnyConnectionAfterAnyRequest_AreTheSame()
    {
        await using var face = await Face.StartAsync(
            tools: [.. Enumerable.Range(0, 20).Select(i => GatewayHost.Tool($"t{i}"))]
        );
        var before = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (method, _, _, _) in Lists)
            before[method] = (await face.AskAsync(method)).Result.GetRawText();
        await face.AskAsync("tools/call", ""","name":"t3","arguments":{}""", "t3");
        await face.AskAsync("resources/read");
        await using var legacy = await LegacyPeer.OpenAsync(face);
        await legacy.AskAsync("resources/subscribe", """{"uri":"test://note"}""");
        await legacy.AskAsync("logging/setLevel", """{"level":"debug"}""");
        using var another = face.Host.Client();
        foreach (var (method, _, _, _) in Lists)
        {
            using var response = await another.SendAsync(Modern.Request(method));
            (await response.Content.ReadAsStringAsync()).ShouldContain(before[method]);
        }
        before["tools/list"].ShouldContain("\"t0\"");
    }

    [Fact]
    public async Task Pages_Together_HoldEverythingOnceInOneScope()
    {
        var tools = Enumerable.Range(0, 25).Select(i => $"t{i}").ToList();
        await using var face = await Face.StartAsync(
            options: new GatewayOptions { PageSize = 10 },
            tools: [.. tools.Select(GatewayHost.Tool)]
        );
        var seen = new List<string>();
        var scopes = new HashSet<string>(StringComparer.Ordinal);
        string? cursor = null;
        do
        {
            var page = (await face.AskAsync("tools/list", cursor is null ? "" : $",\"cursor\":\"{cursor}\"")).Result;
            seen.AddRange(page.Names("tools"));
            scopes.Add(page.At("cacheScope").GetString()!);
            page.At("ttlMs").GetInt64().ShouldBeGreaterThanOrEqualTo(0);
            cursor = page.Has("nextCursor") ? page.At("nextCursor").GetString() : null;
        } while (cursor is not null);
        seen.ShouldBe(tools);
        scopes.ShouldBe(["private"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("Zm9v")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task Cursor_ThatIsNone_IsInvalidParams(string cursor)
    {
        await using var face = await Face.StartAsync();
        foreach (var (method, _, _, _) in Lists)
        {
            var reply = await face.AskAsync(method, $",\"cursor\":\"{cursor}\"");
            reply.Status.ShouldBe(HttpStatusCode.OK);
            reply.Code.ShouldBe(McpErrorCode.InvalidParams);
        }
    }

    [Theory]
    [InlineData(Revision.V20260728)]
    [InlineData(Revision.V20251125)]
    public async Task Cacheable_Result_CarriesItsHints(Revision service)
    {
        await using var face = await Face.StartAsync(service: service);
        foreach (var method in Lists.Select(l => l.Method).Append("server/discover").Append("resources/read"))
        {
            var result = (await face.AskAsync(method)).Result;
            result.At("ttlMs").GetInt64().ShouldBeGreaterThanOrEqualTo(0, method);
            // A group's lists are its key's own, and no service is trusted with calling a resource public unless somebody says so.
            result.At("cacheScope").GetString().ShouldBe("private", method);
        }
        foreach (var method in (string[])["tools/call", "prompts/get", "completion/complete"])
            (await face.AskAsync(method)).Result.Has("ttlMs").ShouldBeFalse(method);
    }
}
