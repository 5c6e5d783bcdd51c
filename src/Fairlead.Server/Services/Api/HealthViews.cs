using System.ComponentModel;
using System.Globalization;
using Fairlead.Server.Services.Health;

namespace Fairlead.Server.Services.Api;

/// <summary>What the samples of a window say (S-18).</summary>
internal sealed record ServiceMetricsView(
    int TotalChecks,
    int HealthyChecks,
    [property: Description("Percent of the checks that were answered, one decimal.")] double Availability,
    [property: Description("Milliseconds; null when none was answered.")] double? AvgMs,
    double? MaxMs,
    double? MinMs,
    [property: Description("The same in a line (S-19).")] string Summary
);

/// <summary>One look at a service (S-17).</summary>
internal sealed record ServiceSampleView(
    DateTime Timestamp,
    string Status,
    [property: Description("Milliseconds; null where none was answered.")] double? ResponseTime,
    bool Healthy,
    string? Error
);

/// <summary>How a service does and did.</summary>
internal sealed record ServiceHealthView
{
    public required string Name { get; init; }
    public required string Status { get; init; }
    public required string Health { get; init; }
    public required string Reason { get; init; }
    public required DateTime Since { get; init; }
    public required int Attempts { get; init; }
    public required DateTime? NextTry { get; init; }

    [Description("Share of the last calls and probes that failed, 0 to 1.")]
    public required double ErrorRate { get; init; }

    [Description("Milliseconds, of the last calls and probes.")]
    public required double P95Ms { get; init; }
    public required double P99Ms { get; init; }

    [Description("How many calls and probes that is.")]
    public required int SampleSize { get; init; }
    public required ServiceMetricsView? Metrics { get; init; }

    [Description("Oldest first, at most 100.")]
    public required IReadOnlyList<ServiceSampleView> Samples { get; init; }
}

/// <summary>Something that happened to a service.</summary>
internal sealed record ServiceEventView(
    [property: Description("Grows from event to event.")] long Id,
    DateTime At,
    string Service,
    string ServiceId,
    [property: Description("info, warning or alert.")] string Level,
    [property: Description("Status before.")] string From,
    [property: Description("Status after.")] string To,
    [property: Description("The finer view of the state after.")] string Health,
    string Reason
);

/// <summary>One service's part in a start or stop of several.</summary>
internal sealed record ServiceOutcomeView(
    string Name,
    [property: Description("Whether it is as it was asked to be.")] bool Ok,
    string Status,
    string Reason
);

internal static class HealthViews
{
    public static ServiceMetricsView? Of(HealthMetrics? metrics) =>
        metrics is null
            ? null
            : new(
                metrics.TotalChecks,
                metrics.HealthyChecks,
                Math.Round(metrics.Availability, 1),
                Round(metrics.AvgMs),
                Round(metrics.MaxMs),
                Round(metrics.MinMs),
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"availability {metrics.Availability:0.0} %, average {(metrics.AvgMs is { } ms ? $"{ms:0} ms" : "-")}, {metrics.TotalChecks} checks"
                )
            );

    public static ServiceEventView Of(ServiceEvent happened) =>
        new(
            happened.Id,
            happened.At.UtcDateTime,
            happened.Name,
            happened.Service.Value,
            Wire(happened.Level),
            ServiceDesk.Wire(happened.From.Status()),
            ServiceDesk.Wire(happened.To.Status()),
            ServiceDesk.Wire(happened.To.Health()),
            happened.Why
        );

    public static ServiceSampleView Of(HealthSample sample) =>
        new(sample.At.UtcDateTime, ServiceDesk.Wire(sample.Status), sample.ResponseMs, sample.Healthy, sample.Error);

    public static string Wire(EventLevel level) =>
        level switch
        {
            EventLevel.Alert => "alert",
            EventLevel.Warning => "warning",
            _ => "info",
        };

    private static double? Round(double? ms) => ms is { } value ? Math.Round(value, 3) : null;
}
