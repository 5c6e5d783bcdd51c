using System.Diagnostics.Metrics;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Fairlead.Server.Telemetry.Calls;
using Fairlead.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Telemetry;

public sealed class TrafficMeterTests : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("fairlead-meter-").FullName;
    private readonly ServiceProvider provider;

    public TrafficMeterTests() =>
        provider = new ServiceCollection()
            .AddLogging()
            .AddSingleton<TimeProvider>(new FakeTimeProvider())
            .AddSingleton(new StorageOptions { DataDirectory = folder })
            .AddTelemetry(new CallLogOptions())
            .BuildServiceProvider();

    public async ValueTask DisposeAsync()
    {
        await provider.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Calls_Counted_ShowInTheInstruments()
    {
        var meter = provider.GetRequiredService<TrafficMeter>();
        var seen = new Dictionary<string, double>();
        var tags = new List<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == TrafficMeter.MeterName)
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((i, value, _, _) => seen[i.Name] = value);
        listener.SetMeasurementEventCallback<double>(
            (i, value, t, _) => tags.Add($"{value} {string.Join(' ', t.ToArray().Select(p => $"{p.Key}={p.Value}"))}")
        );
        listener.Start();

        meter.Count(CallRows.Row(1) with { DurationMicroseconds = 2_000_000 });
        meter.Count(CallRows.Row(1) with { DurationMicroseconds = 1_000_000, Success = false });
        meter.Count(CallRows.Row(10) with { DurationMicroseconds = 0, Method = "made/up" });
        listener.RecordObservableInstruments();

        (seen["fairlead.calls"], seen["fairlead.calls.failed"]).ShouldBe((3, 2));
        (seen["fairlead.call_log.written"], seen["fairlead.call_log.dropped"]).ShouldBe((0, 0));
        tags.ShouldBe([
            "2 mcp.method.name=tools/call",
            "1 mcp.method.name=tools/call error.type=tool_error",
            "0 mcp.method.name=_OTHER error.type=-31001",
        ]);
    }

    [Fact]
    public async Task CallLog_OfTheFeature_WritesUnderTheDataDirectory()
    {
        var hosted = provider.GetServices<IHostedService>().OfType<CallLog>().ShouldHaveSingleItem();
        await hosted.StartAsync(TestContext.Current.CancellationToken);
        hosted.TryWrite(CallRows.Row(1));
        await hosted.StopAsync(TestContext.Current.CancellationToken);

        File.Exists(Path.Combine(folder, "logs", "calls-2026-01-01.db")).ShouldBeTrue();
        var page = await provider
            .GetRequiredService<CallLogQuery>()
            .ReadAsync(new(), 10, TestContext.Current.CancellationToken);
        page.Rows.ShouldHaveSingleItem().ToolName.ShouldBe("tool1");
    }

    [Fact]
    public void Feature_WithBadOptions_NamesThem() =>
        Should
            .Throw<StoreException>(() => new ServiceCollection().AddTelemetry(new CallLogOptions { Capacity = 0 }))
            .Message.ShouldContain("CallLog:Capacity");
}
