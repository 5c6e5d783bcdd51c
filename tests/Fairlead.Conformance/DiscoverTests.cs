using System.Net;
using Fairlead.Protocol;
using Shouldly;
using Xunit;

namespace Fairlead.Conformance;

/// <summary>Discovery and the two eras on one endpoint (spec 2026-07-28 server/discover, basic/versioning).</summary>
public sealed class DiscoverTests
{
    [Fact]
    public async Task Discover_Always_NamesVersionsCapabilitiesAndServer()
    {
        await using var face = await Face.StartAsync();
        var result = (await face.AskAsync("server/discover")).Result;
        result
            .At("supportedVersions")
            .EnumerateArray()
            .Select(v => v.GetString())
            .ShouldBe(["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]);
        var capabilities = result.At("capabilities");
        capabilities.At("tools", "listChanged").GetBoolean().ShouldBeTrue();
        capabilities.At("prompts", "listChanged").GetBoolean().ShouldBeTrue();
        capabilities.At("resources", "listChanged").GetBoolean().ShouldBeTrue();
        capabilities.At("resources", "subscribe").GetBoolean().ShouldBeTrue();
        capabilities.Has("completions").ShouldBeTrue();
        capabilities.Has("logging").ShouldBeTrue();
        capabilities.Has("extensions").ShouldBeFalse();
        result.At("_meta", "io.modelcontextprotocol/serverInfo", "name").GetString().ShouldBe("Fairlead");
        result.At("ttlMs").GetInt64().ShouldBeGreaterThanOrEqualTo(0);
    }

    // What a client may rely on does not come and go with the services behind (R49).
    [Fact]
    public async Task Discover_WithoutRunningService_SaysTheSame()
    {
        await using var face = await Face.StartAsync();
        var before = (await face.AskAsync("server/discover")).Result.GetRawText();
        face.Slot.Set(new(Server.Services.ServicePhase.Failed, "gone", face.Host.Time.GetUtcNow()));
        (await face.AskAsync("server/discover")).Result.GetRawText().ShouldBe(before);
    }

    // Legacy × dual-era of the compatibility matrix, beside modern requests on the same endpoint.
    [Fact]
    public async Task Handshake_BesideModernRequests_IsServed()
    {
        await using var face = await Face.StartAsync();
        await using var legacy = await LegacyPeer.OpenAsync(face);
        (await face.AskAsync("tools/list")).Result.Has("ttlMs").ShouldBeTrue();
        var listed = await legacy.AskAsync("tools/list", "{}");
        listed.Result.Has("ttlMs").ShouldBeFalse();
        listed.Result.Has("resultType").ShouldBeFalse();
        (await face.AskAsync("tools/call")).Status.ShouldBe(HttpStatusCode.OK);
        (await legacy.AskAsync("ping", "{}")).Result.EnumerateObject().ShouldBeEmpty();
        (await legacy.AskAsync("server/discover", "{}")).Code.ShouldBe(McpErrorCode.MethodNotFound);
    }
}
