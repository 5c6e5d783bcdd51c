using System.Diagnostics.Metrics;

namespace Fairlead.Server.Automation.Flows;

/// <summary>Figures of automations (contracts.md section 6.5), on the meter <c>Fairlead</c>.</summary>
internal sealed class RunMeter
{
    private readonly Counter<long> runs;
    private readonly Counter<long> retries;
    private readonly Histogram<double> durations;
    private readonly Histogram<double> steps;

    public RunMeter(IMeterFactory meters)
    {
        var meter = meters.Create("Fairlead");
        runs = meter.CreateCounter<long>("mcpgw.automation.runs", "{run}", "Runs that ended, by outcome.");
        retries = meter.CreateCounter<long>("mcpgw.automation.retries", "{retry}", "Steps that were tried again.");
        durations = meter.CreateHistogram<double>(
            "mcpgw.automation.duration",
            "s",
            "From the start of a run to its end."
        );
        steps = meter.CreateHistogram<double>("mcpgw.automation.step.duration", "s", "Time of one step.");
    }

    public void Ended(string automation, string outcome, long milliseconds)
    {
        runs.Add(1, new("automation", automation), new("outcome", outcome));
        durations.Record(milliseconds / 1000.0, new KeyValuePair<string, object?>("automation", automation));
    }

    public void Retried(string automation) =>
        retries.Add(1, new KeyValuePair<string, object?>("automation", automation));

    public void Step(string step, string outcome, long milliseconds) =>
        steps.Record(milliseconds / 1000.0, new("step", step), new("outcome", outcome));
}
