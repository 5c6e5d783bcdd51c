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

    /// <summary>Counts a call that ended.</summary>
    public void Count(in CallLogRow row)
    {
        Interlocked.Increment(ref ended);
        if (!row.Success)
            Interlocked.Increment(ref failed);
        if (!duration.Enabled)
            return;
        var seconds = row.DurationMicroseconds / 1e6;
        // A method we do not know is the client's text: as a tag it would make a time series of each.
        var method = new KeyValuePair<string, object?>(
            "mcp.method.name",
            McpMethods.Parse(row.Method) is McpMethod.Unknown ? "_OTHER" : row.Method
        );
        if (row.Success)
            duration.Record(seconds, method);
        else
            duration.Record(seconds, method, new KeyValuePair<string, object?>("error.type", ErrorType(row.ErrorCode)));
    }

    public void Dispose() => meter.Dispose();

    // A tool's own error result has no code.
    private static string ErrorType(int code) =>
        code == 0 ? "tool_error" : code.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
