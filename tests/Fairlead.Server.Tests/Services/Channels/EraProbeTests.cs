using Fairlead.Protocol;
using Fairlead.Server.Services.Channels;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Channels;

/// <summary>What a service does × what is remembered of it → the era found (spec 2026-07-28 "Backward Compatibility").</summary>
public sealed class EraProbeTests
{
    private static readonly ChannelOptions Quick = new()
    {
        DiscoverPatience = TimeSpan.FromMilliseconds(500),
        HandshakeTimeout = TimeSpan.FromSeconds(10),
    };

    [Theory]
    [InlineData("modern", "error", null, "2026-07-28")]
    [InlineData("both", "error", null, "2026-07-28")]
    [InlineData("legacy", "error", null, "2025-11-25")]
    [InlineData("legacy", "silence", null, "2025-11-25")]
    [InlineData("legacy", "exit", "2025-11-25", "2025-11-25")]
    [InlineData("legacy", "error", "2026-07-28", "2025-11-25")]
    [InlineData("modern", "error", "2025-11-25", "2026-07-28")]
    [InlineData("both", "error", "2025-11-25", "2025-11-25")]
    public async Task Stdio_Matrix(string era, string onDiscover, string? remembered, string found) // C-24
    {
        await using var fixture = await StdioFixture.OpenAsync(
            Known(remembered),
            Quick,
            "--era",
            era,
            "--on-discover",
            onDiscover
        );
        fixture.Channel.Hello.Revision.Wire().ShouldBe(found);
        (await fixture.Channel.CallTextAsync("echo", """{"text":"hi"}""")).ShouldContain("hi");
    }

    [Fact]
    public async Task Stdio_ServiceDiesOfTheProbe_SaysSo()
    {
        await using var fixture = await StdioFixture.OpenAsync(null, Quick, "--on-discover", "exit");
        fixture.Opened.Channel.ShouldBeNull();
        fixture.Opened.EndedOnProbe.ShouldBeTrue();
        fixture.Opened.Problem.ShouldContain("exited with code 4");
    }

    [Theory]
    [InlineData("modern", "2026-07-28")]
    [InlineData("legacy", "2025-11-25")]
    public async Task Stdio_SlowToStart_IsStillFoundRight(string era, string found) // npx installs before it answers
    {
        await using var fixture = await StdioFixture.OpenAsync(null, Quick, "--era", era, "--delay", "1500");
        fixture.Channel.Hello.Revision.Wire().ShouldBe(found);
    }

    [Fact]
    public async Task Stdio_NeverAnswers_EndsAtTheHandshakeLimit()
    {
        var options = Quick with { HandshakeTimeout = TimeSpan.FromSeconds(1) };
        await using var fixture = await StdioFixture.OpenAsync(null, options, "--delay", "60000");
        fixture.Opened.Channel.ShouldBeNull();
        fixture.Opened.Problem.ShouldContain("no handshake within 1 s");
    }

    [Theory]
    [InlineData("modern", null, "2026-07-28")]
    [InlineData("both", null, "2026-07-28")]
    [InlineData("legacy", null, "2025-11-25")]
    [InlineData("legacy", "2026-07-28", "2025-11-25")]
    [InlineData("modern", "2025-11-25", "2026-07-28")]
    [InlineData("both", "2025-11-25", "2025-11-25")]
    public async Task Http_Matrix(string era, string? remembered, string found) // C-24
    {
        await using var process = await FixtureProcess.StartHttpAsync("--era", era);
        var opened = await OpenHttpAsync(process.Address, Known(remembered));
        var channel = opened.Channel.ShouldNotBeNull(opened.Problem);
        channel.Hello.Revision.Wire().ShouldBe(found);
        (await channel.CallTextAsync("echo", """{"text":"hi"}""")).ShouldContain("hi");
        await channel.DisposeAsync();
    }

    [Fact]
    public async Task Http_NobodyListens_FailsAtOnce()
    {
        var process = await FixtureProcess.StartHttpAsync();
        await process.DisposeAsync();
        var opened = await OpenHttpAsync(process.Address, null);
        opened.Channel.ShouldBeNull();
        opened.Problem.ShouldContain("refused", Case.Insensitive);
    }

    [Fact]
    public async Task Http_NoMcpThere_SaysWhatItFound()
    {
        await using var process = await FixtureProcess.StartHttpAsync();
        var opened = await OpenHttpAsync(new Uri(process.Address, "/nothing"), null);
        opened.Channel.ShouldBeNull();
        opened.Problem.ShouldContain("HTTP 404");
    }

    [Theory]
    [InlineData("169.254.169.254")]
    [InlineData("[fe80::1]")]
    [InlineData("[::ffff:169.254.169.254]")]
    public async Task Http_AddressNeverAllowed_IsRefusedBeforeConnecting(string host) // R81
    {
        var opened = await OpenHttpAsync(new Uri($"http://{host}/mcp"), null);
        opened.Channel.ShouldBeNull();
        opened.Problem.ShouldContain("not allowed");
    }

    [Fact]
    public async Task Http_PrivateRefusedByOption_IsRefused()
    {
        await using var process = await FixtureProcess.StartHttpAsync();
        var opened = await OpenHttpAsync(process.Address, null, Quick with { RefusePrivateAddresses = true });
        opened.Channel.ShouldBeNull();
        opened.Problem.ShouldContain("not allowed");
    }

    private static Revision? Known(string? wire) => Revisions.TryParse(wire, out var revision) ? revision : null;

    private static Task<Opened> OpenHttpAsync(Uri address, Revision? known, ChannelOptions? options = null) =>
        Connector.OpenHttpAsync(
            address,
            [],
            known,
            new ChannelRecorder(),
            options ?? Quick,
            TimeProvider.System,
            CancellationToken.None
        );
}
