using System.Diagnostics.Metrics;
using Fairlead.Server.Caching.Levels;
using Fairlead.Server.Telemetry;

namespace Fairlead.Server.Caching;

/// <summary>The cache's figures as metrics of the meter <c>Fairlead</c>; they are read, not counted twice.</summary>
internal sealed class CacheMeter : IDisposable
{
    private readonly Meter meter;

    public CacheMeter(IMeterFactory meters, MultiLevelCache cache)
    {
        meter = meters.Create(TrafficMeter.MeterName);
        meter.CreateObservableCounter(
            "fairlead.cache.hits",
            () =>
                (Measurement<long>[])
                    [
                        new(cache.Statistics.L1Hits, new KeyValuePair<string, object?>("level", "l1")),
                        new(cache.Statistics.L2Hits, new KeyValuePair<string, object?>("level", "l2")),
                    ],
            "{lookup}",
            "Look-ups that a level answered"
        );
        meter.CreateObservableCounter(
            "fairlead.cache.misses",
            () => cache.Statistics.Misses,
            "{lookup}",
            "Look-ups that no level answered"
        );
        meter.CreateObservableGauge("fairlead.cache.size", () => cache.Memory.Size, "{entry}", "Entries in memory");
        meter.CreateObservableGauge("fairlead.cache.bytes", () => cache.Memory.Bytes, "By", "Bytes in memory");
        meter.CreateObservableCounter(
            "fairlead.cache.evictions",
            () => cache.Memory.Evictions,
            "{entry}",
            "Entries that gave way to others"
        );
    }

    /// <summary>Whether an instrument is of this meter and no other host's in the process.</summary>
    public bool Owns(Instrument instrument) => ReferenceEquals(instrument.Meter, meter);

    public void Dispose() => meter.Dispose();
}
