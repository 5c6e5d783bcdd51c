using System.Net;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Secrets;
using Fairlead.Server.Storage.Sqlite;
using Fairlead.Server.Telemetry;
using Fairlead.Server.Tests.Storage;
using Fairlead.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Telemetry;

public sealed class RefusalLogTests : IAsyncDisposable
{
    private readonly TempFolder folder = new();
    private readonly FakeTimeProvider time = new();
    private readonly SqliteEngine engine;
    private readonly AuditLog audit;
    private readonly RefusalLog log;

    public RefusalLogTests()
    {
        var options = new StorageOptions { DataDirectory = folder.Path, NodeName = "n" };
        engine = new SqliteEngine(Path.Combine(folder.Path, "audit.db"));
        var seal = new AuditSeal(MasterKey.Load(options));
        audit = new AuditLog(
            new AuditStore(engine, seal, ownsEngine: false),
            seal,
            options,
            NullLogger<AuditLog>.Instance
        );
        log = new RefusalLog(audit, time, NullLogger<RefusalLog>.Instance);
    }

    [Fact]
    public async Task First_IsARowAtOnce_TheRestOneAMinuteWithItsCount()
    {
        for (int i = 0; i < 50; i++)
            Note("192.0.2.1");
        await log.WriteDueAsync(all: false, default);
        for (int i = 0; i < 10; i++)
            Note("192.0.2.1");
        await log.WriteDueAsync(all: false, default);
        time.Advance(TimeSpan.FromSeconds(59));
        await log.WriteDueAsync(all: false, default);
        (await RowsAsync()).Select(r => r.Details).ShouldBe(["""{"count":50,"since":"2026-01-01T00:00:00Z"}"""]);
        time.Advance(TimeSpan.FromSeconds(1));
        await log.WriteDueAsync(all: false, default);
        (await RowsAsync())
            .Select(r => r.Details)
            .ShouldBe([
                """{"count":10,"since":"2026-01-01T00:00:00Z"}""",
                """{"count":50,"since":"2026-01-01T00:00:00Z"}""",
            ]);
        // Silence ends it: the next one is a first again.
        time.Advance(TimeSpan.FromSeconds(61));
        await log.WriteDueAsync(all: false, default);
        Note("192.0.2.1");
        await log.WriteDueAsync(all: false, default);
        (await RowsAsync())[0].Details.ShouldBeNull();
    }

    [Fact]
    public async Task Sources_BeyondTheBound_AreOneRow()
    {
        for (int i = 0; i < 5_000; i++)
            Note($"198.51.{i / 250}.{i % 250}");
        await log.WriteDueAsync(all: false, default);
        var rows = await RowsAsync();
        rows.Count.ShouldBe(RefusalLog.MaxKinds + 1);
        rows.Count(r => r.IpAddress == "many" && r.Details!.Contains("\"count\":4800,", StringComparison.Ordinal))
            .ShouldBe(1);
    }

    // One customer has a whole /64: its addresses are one source.
    [Fact]
    public async Task Addresses_OfOneNetwork_AreOneSource()
    {
        Note("2001:db8:1:2::1");
        Note("2001:db8:1:2:ffff::2");
        Note("::ffff:192.0.2.1");
        await log.WriteDueAsync(all: false, default);
        (await RowsAsync()).Select(r => r.IpAddress).ShouldBe(["192.0.2.1", "2001:db8:1:2::/64"], ignoreOrder: true);
    }

    [Fact]
    public async Task Count_WhileTheTrailCannotBeWritten_IsKept()
    {
        Note("192.0.2.1");
        using var none = new CancellationTokenSource();
        await none.CancelAsync();
        await log.WriteDueAsync(all: false, none.Token);
        Note("192.0.2.1");
        (await RowsAsync()).ShouldBeEmpty();
        await log.WriteDueAsync(all: true, default);
        (await RowsAsync()).Single().Details!.ShouldStartWith("{\"count\":2,");
    }

    [Fact]
    public async Task Stop_WritesWhatWasCounted()
    {
        await log.StartAsync(default);
        Note("192.0.2.1");
        await Eventually.UntilAsync(async () => (await RowsAsync()).Count == 1);
        Note("192.0.2.1");
        await log.StopAsync(default);
        (await RowsAsync()).Count.ShouldBe(2);
    }

    [Fact]
    public async Task Resource_WithAKeyInIt_IsMasked()
    {
        log.Note(new Refusal(Refusal.Mcp, "unknown_group", null, "POST /mcp_key_canaryCANARYcanary/mcp"));
        await log.WriteDueAsync(all: false, default);
        (await RowsAsync()).Single().Resource.ShouldNotContain("canary");
    }

    public async ValueTask DisposeAsync()
    {
        log.Dispose();
        await engine.DisposeAsync();
        folder.Dispose();
    }

    private void Note(string from) =>
        log.Note(new Refusal(Refusal.Mcp, "unauthorized", IPAddress.Parse(from), "POST /mcp"));

    private async Task<List<AuditRecord>> RowsAsync()
    {
        var (rows, _) = await audit.ReadAsync(new AuditQuery(null, null, null, null, null), 0, 1000, default);
        return [.. rows.OrderByDescending(r => r.Seq).Select(r => r.Record)];
    }
}
