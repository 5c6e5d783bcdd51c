using System.Collections.Concurrent;
using Fairlead.Server.Gateway;
using Fairlead.Server.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Tools.Executions;

/// <summary>
/// Executions of tools: submitted singly or in batches, run in the background, looked up, cancelled (R-18…R-31). They
/// live in this process: a stop lets those that run end, and what waited is cancelled.
/// </summary>
internal sealed partial class ExecutionQueue(
    ExecutionRun run,
    ExecutionHistory history,
    ExecutionOptions options,
    GatewayOptions gateway,
    TimeProvider time,
    ILogger<ExecutionQueue> logger
) : IHostedLifecycleService, IDisposable
{
    private readonly ConcurrentDictionary<string, Execution> active = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource stopping = new();
    private int count;

    /// <summary>Executions that have not ended.</summary>
    public int Active => active.Count;

    /// <summary>Submits one; it runs when it is its turn.</summary>
    public StoreResult<Execution> Submit(ExecutionRequest request)
    {
        var all = Submit([request]);
        return all.Ok ? all.Value[0] : all.Error;
    }

    /// <summary>Submits several, all or none; in their order .</summary>
    public StoreResult<IReadOnlyList<Execution>> Submit(IReadOnlyList<ExecutionRequest> requests)
    {
        if (stopping.IsCancellationRequested)
            return Refused(
                new StoreError("SERVICE_UNAVAILABLE", "The gateway is stopping: nothing is taken any more.")
            );
        if (Interlocked.Add(ref count, requests.Count) > options.MaxQueued)
        {
            Interlocked.Add(ref count, -requests.Count);
            return Refused(
                new StoreError("RATE_LIMIT_EXCEEDED", $"At most {options.MaxQueued} executions may wait or run.")
            );
        }
        List<Execution> made =
        [
            .. requests.Select(r => new Execution(NewId.At(time), r, time.GetUtcNow(), time.GetTimestamp())),
        ];
        foreach (var execution in made)
            active[execution.Id] = execution;
        foreach (var execution in made)
            _ = DriveAsync(execution);
        return StoreResult.Of<IReadOnlyList<Execution>>(made);

        static StoreResult<IReadOnlyList<Execution>> Refused(StoreError error) => error;
    }

    /// <summary>Runs all at once, as far as there is room, and gives their results in the order they were given (I-20).</summary>
    public async Task<StoreResult<IReadOnlyList<ExecutionResult>>> RunAllAsync(IReadOnlyList<ExecutionRequest> requests)
    {
        var submitted = Submit(requests);
        return submitted.Ok
            ? StoreResult.Of<IReadOnlyList<ExecutionResult>>(await Task.WhenAll(submitted.Value.Select(e => e.Ended)))
            : submitted.Error;
    }

    /// <summary>One that runs, waits or ended not long ago; else null.</summary>
    public Execution? Find(string id) => active.GetValueOrDefault(id) ?? history.Find(id);

    /// <summary>Where it is; <see cref="ExecutionStatus.Unknown"/> for an id nobody knows .</summary>
    public ExecutionStatus StatusOf(string id) => Find(id)?.Status ?? ExecutionStatus.Unknown;

    /// <summary>Those that have not ended, in order of submission, then the ended ones, the last to end first.</summary>
    public IReadOnlyList<Execution> All =>
        [.. active.Values.OrderBy(e => e.SubmittedTimestamp).ThenBy(e => e.Id, StringComparer.Ordinal), .. history.All];

    /// <summary>Cancels one that has not ended; false for any other id .</summary>
    public bool Cancel(string id) => active.TryGetValue(id, out var execution) && execution.Cancel();

    /// <summary>Cancels all that belong together but one; how many there were .</summary>
    public int CancelRelated(string? correlationId, string? butId = null) =>
        correlationId is null
            ? 0
            : active.Values.Count(e => e.Request.CorrelationId == correlationId && e.Id != butId && e.Cancel());

    private async Task DriveAsync(Execution execution)
    {
        // The submitter does not wait for anything.
        await Task.Yield();
        var result = await run.RunAsync(
            execution,
            () => CancelRelated(execution.Request.CorrelationId, execution.Id),
            stopping.Token
        );
        execution.End(result, time.GetUtcNow());
        history.Add(execution);
        active.TryRemove(execution.Id, out _);
        Interlocked.Decrement(ref count);
        execution.Tell();
        execution.Dispose();
        if (execution.Request.Callback is not { } callback)
            return;
        try
        {
            await callback(result);
        }
        catch (Exception e)
        {
            CallbackFailed(logger, e, execution.Id);
        }
    }

    /// <summary>Takes nothing any more, cancels what waits, and lets end what runs .</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        foreach (var execution in active.Values.Where(e => e.Status == ExecutionStatus.Queued))
            execution.Cancel();
        var ends = Task.WhenAll(active.Values.Select(e => e.Ended));
        try
        {
            await ends.WaitAsync(gateway.Drain, time, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            Cut(logger, active.Count);
            foreach (var execution in active.Values)
                execution.Cancel();
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => stopping.Dispose();

    [LoggerMessage(Level = LogLevel.Warning, Message = "The callback of execution {Id} failed")]
    private static partial void CallbackFailed(ILogger logger, Exception exception, string id);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} executions did not end in time and are cancelled")]
    private static partial void Cut(ILogger logger, int count);
}
