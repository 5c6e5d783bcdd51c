using System.Diagnostics;
using System.Globalization;
using Fairlead.Server.Automation.Notices;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry.Redact;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Automation.Flows;

/// <summary>
/// Takes one run through its steps for as long as nothing has to be waited for. How a step ended and what it did are one
/// transaction, so each effect is there once, whatever ends the process when.
/// </summary>
internal sealed partial class RunWork(
    RunStore store,
    Flows flows,
    FlowOptions options,
    RunMeter meter,
    IServiceScopeFactory scopes,
    TimeProvider time,
    ILogger<RunWork> logger,
    TellRole? tell = null
)
{
    // Place of the first step that failed for good while the run went on.
    private const string FailedAt = "failed_at";
    private static readonly ActivitySource Traces = new("Fairlead");

    public async Task RunAsync(RunRow run, CancellationToken stopping)
    {
        if (flows.Find(run.Automation, run.Version) is not { } flow)
        {
            var unknown = $"This program has no version {run.Version} of {run.Automation}.";
            await DieAsync(run, run.Step, unknown, StoreJson.ReadTexts(run.Data), [], stopping);
            return;
        }
        using var beats = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var beating = BeatAsync(run, beats.Token);
        try
        {
            await StepsAsync(run, flow, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            await store.ReleaseAsync(run, CancellationToken.None);
        }
        finally
        {
            await beats.CancelAsync();
            await beating;
        }
    }

    private async Task StepsAsync(RunRow run, AutomationDefinition flow, CancellationToken stopping)
    {
        var data = StoreJson.ReadTexts(run.Data);
        var input = StoreJson.ReadTexts(run.Input);
        var ended = new List<StepRow>();
        var (position, attempts) = (run.Step, run.Attempts);
        while (position < flow.Steps.Count)
        {
            var step = flow.Steps[position];
            attempts++;
            var started = time.GetTimestamp();
            var told = new Dictionary<string, string>(data);
            string problem;
            try
            {
                var outcome = await StepAsync(run, step, new(run.Id, run.Subject, input, told, attempts), stopping);
                var row = Row(run, position, step.Name, outcome.State, attempts, started, outcome.Error);
                var isLast = outcome.EndsRun || position + 1 == flow.Steps.Count;
                if (!isLast && outcome.IsRepeatable && outcome.Write is null)
                {
                    (data, position, attempts) = (told, position + 1, 0);
                    ended.Add(row);
                    meter.Step(step.Name, outcome.State, row.DurationMs);
                    continue;
                }
                var after = isLast ? End(outcome, told, position) : new(RunRow.Running, position + 1, 0, null, null);
                if (!await store.SaveAsync(run, after, told, [.. ended, row], outcome.Write, stopping))
                {
                    LogTaken(run.Automation, run.Id);
                    return;
                }
                outcome.Then?.Invoke();
                meter.Step(step.Name, outcome.State, row.DurationMs);
                if (isLast)
                {
                    await EndedAsync(run, after, stopping);
                    return;
                }
                ended.Clear();
                (data, position, attempts) = (told, position + 1, 0);
                continue;
            }
            catch (Exception failure) when (!stopping.IsCancellationRequested)
            {
                problem = TextMask.Apply(
                    failure is OperationCanceledException ? "It took too long." : failure.Message
                )!;
                LogFailed(failure, step.Name, run.Automation, run.Id, attempts);
            }
            if (attempts <= options.Waits.Count)
            {
                meter.Retried(run.Automation);
                var wait = options.Waits[attempts - 1];
                await store.SaveAsync(
                    run,
                    new(RunRow.Running, position, attempts, wait, problem),
                    data,
                    ended,
                    null,
                    stopping
                );
                return;
            }
            ended.Add(Row(run, position, step.Name, StepRow.Failed, attempts, started, problem));
            meter.Step(step.Name, StepRow.Failed, ended[^1].DurationMs);
            data.TryAdd(FailedAt, position.ToString(CultureInfo.InvariantCulture));
            data["failure"] = problem;
            if (!step.GoesOn || position + 1 == flow.Steps.Count)
            {
                await DieAsync(run, Place(data, position), problem, data, ended, stopping);
                return;
            }
            (position, attempts) = (position + 1, 0);
        }
    }

    private async Task<StepOutcome> StepAsync(RunRow run, StepDefinition step, StepRun seen, CancellationToken stopping)
    {
        using var trace = Traces.StartActivity($"{run.Automation} {step.Name}", ActivityKind.Internal, run.TraceParent);
        using var limit = new CancellationTokenSource(options.StepTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, limit.Token);
        await using var scope = scopes.CreateAsyncScope();
        var handler = (IStep)ActivatorUtilities.CreateInstance(scope.ServiceProvider, step.Handler);
        try
        {
            return await handler.RunAsync(seen, either.Token);
        }
        finally
        {
            if (handler is IAsyncDisposable one)
                await one.DisposeAsync();
            else
                (handler as IDisposable)?.Dispose();
        }
    }

    // A run one of whose steps failed for good is for a person to look at, though its others are done.
    private static RunProgress End(StepOutcome outcome, Dictionary<string, string> data, int position) =>
        outcome.EndsRun ? new(RunRow.Skipped, position, 0, TimeSpan.Zero, outcome.Error)
        : data.ContainsKey(FailedAt)
            ? new(RunRow.Dead, Place(data, position), 0, TimeSpan.Zero, data.GetValueOrDefault("failure"))
        : new(RunRow.Done, position + 1, 0, TimeSpan.Zero, null);

    private static int Place(Dictionary<string, string> data, int position)
    {
        var place = data.Remove(FailedAt, out var at) ? int.Parse(at, CultureInfo.InvariantCulture) : position;
        return place;
    }

    private async Task DieAsync(
        RunRow run,
        int position,
        string problem,
        Dictionary<string, string> data,
        IReadOnlyList<StepRow> ended,
        CancellationToken cancellationToken
    )
    {
        var dead = new RunProgress(RunRow.Dead, position, 0, TimeSpan.Zero, problem);
        if (await store.SaveAsync(run, dead, data, ended, null, cancellationToken))
            await EndedAsync(run, dead, cancellationToken);
    }

    private async Task EndedAsync(RunRow run, RunProgress end, CancellationToken cancellationToken)
    {
        meter.Ended(run.Automation, end.State, time.GetUtcNow().ToUnixTimeMilliseconds() - run.CreatedAt);
        if (end.State != RunRow.Dead)
            return;
        LogDead(run.Automation, run.Id, run.Subject, end.Error);
        if (tell is null)
            return;
        try
        {
            await tell(
                "admin",
                new(
                    "automation_failed",
                    $"Automation {run.Automation} needs you",
                    $"Run {run.Id} failed for good: {end.Error} Look at it and let it run again: "
                        + $"POST /api/v1/admin/automations/runs/{run.Id}/replay",
                    null,
                    null,
                    "replay_run",
                    $"dead:{run.Id}:{run.Fence}"
                ),
                cancellationToken
            );
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            LogUntold(failure, run.Id);
        }
    }

    private StepRow Row(
        RunRow run,
        int position,
        string name,
        string state,
        int attempts,
        long started,
        string? error
    ) =>
        new()
        {
            RunId = run.Id,
            Position = position,
            Name = name,
            State = state,
            Attempts = attempts,
            DurationMs = (long)time.GetElapsedTime(started).TotalMilliseconds,
            Error = error,
            EndedAt = time.GetUtcNow().ToUnixTimeMilliseconds(),
        };

    private async Task BeatAsync(RunRow run, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(options.Lease / 3, time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                if (!await store.KeepAsync(run, cancellationToken))
                    return;
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
        catch (Exception failure)
        {
            // Its writes will say whether the lease is still held.
            LogBeat(failure, run.Id);
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Step {Step} of {Automation}, run {RunId}, failed at attempt {Attempt}"
    )]
    private partial void LogFailed(Exception failure, string step, string automation, string runId, int attempt);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Run {RunId} of {Automation} about {Subject} failed for good and needs a person: {Problem}"
    )]
    private partial void LogDead(string automation, string runId, string subject, string? problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "Run {RunId} of {Automation} is another node's by now")]
    private partial void LogTaken(string automation, string runId);

    [LoggerMessage(Level = LogLevel.Error, Message = "Administrators could not be told of run {RunId}")]
    private partial void LogUntold(Exception failure, string runId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The lease of run {RunId} could not be kept")]
    private partial void LogBeat(Exception failure, string runId);
}
