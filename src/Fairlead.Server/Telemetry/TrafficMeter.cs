using System.Diagnostics.Metrics;
using Fairlead.Protocol;
using Fairlead.Server.Telemetry.Calls;

namespace Fairlead.Server.Telemetry;

/// <summary>
/// What passes through the data plane, as metrics of the meter <c>Fairlead</c>. Counting costs a few interlocked adds;
/// the histogram costs nothing while nobody listens.
/// </summary>
internal sealed class TrafficMeter : IDisposable
{
    public const string MeterName = "Fairlead";

    private readonly Meter meter;
    private readonly Histogram<double> duration;
    private long started;
    private long ended;
    private long failed;

    public TrafficMeter(IMeterFactory meters, CallLog log)
    {
        meter = meters.Create(MeterName);
        // Name, unit and buckets as the MCP conventions of OpenTelemetry have them.
        duration = meter.CreateHistogram(
            "mcp.server.operation.duration",
            unit: "s",
            description: "Time from a request's arrival to the end of its answer",
            tags: null,
            advice: new InstrumentAdvice<double>
            {
                HistogramBucketBoundaries = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300],
            }
        );
        meter.CreateObservableCounter("fairlead.calls", () => Calls, "{call}", "Calls that ended");
        meter.CreateObservableCounter("fairlead.calls.failed", () => Errors, "{call}", "Calls that ended in an error");
        meter.CreateObservableUpDownCounter("fairlead.calls.active", () => Active, "{call}", "Calls under way");
        meter.CreateObservableCounter(
            "fairlead.call_log.written",
            () => log.Written,
            "{row}",
            "Call-log rows committed"
        );
        meter.CreateObservableCounter(
            "fairlead.call_log.dropped",
            () => log.Dropped,
            "{row}",
            "Call-log rows given up"
        );
    }

    /// <summary>Calls that ended since the start (P-14 <c>request_count</c>).</summary>
    public long Calls => Interlocked.Read(ref ended);

    /// <summary>Of these, the failed ones (P-14 <c>error_count</c>).</summary>
    public long Errors => Interlocked.Read(ref failed);

    public long Active => Math.Max(0, Interlocked.Read(ref started) - Calls);

    public void Started() => Interlocked.Increment(ref started);

    /// <param name="method">The call's method.</param>
    /// <param name="errorCode">JSON-RPC code, or 0.</param>
    /// <param name="success">False also for a tool's own error result, which has no code.</param>
    /// <param name="elapsed">From the request's arrival to the end of its answer.</param>
    public void Ended(McpMethod method, int errorCode, bool success, TimeSpan elapsed)
    {
        Interlocked.Increment(ref ended);
        if (!success)
            Interlocked.Increment(ref failed);
        if (!duration.Enabled)
            return;
        var name = new KeyValuePair<string, object?>(
            "mcp.method.name",
            method is McpMethod.Unknown ? "_OTHER" : method.Wire()
        );
        if (success)
            duration.Record(elapsed.TotalSeconds, name);
        else
            duration.Record(
                elapsed.TotalSeconds,
                name,
                new KeyValuePair<string, object?>("error.type", errorCode == 0 ? "tool_error" : ErrorType(errorCode))
            );
    }

    public void Dispose() => meter.Dispose();

    private static string ErrorType(int code) => code.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
