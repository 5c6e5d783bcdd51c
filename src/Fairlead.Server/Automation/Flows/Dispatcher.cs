using Fairlead.Server.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Automation.Flows;

/// <summary>
/// Claims what is due and lets it run, so many at once. A run that was just started is looked for at once; what other nodes
/// started or a wait ended is found by the poll. A store that is away is told once.
/// </summary>
internal sealed partial class Dispatcher(
    RunStore store,
    RunWork work,
    StoreWatcher watcher,
    FlowOptions options,
    TimeProvider time,
    ILogger<Dispatcher> logger
) : BackgroundService
{
    private readonly SemaphoreSlim wake = new(0, 1);
    private int active;
    private string? told;

    /// <summary>Runs that are worked on now.</summary>
    public int Active => Volatile.Read(ref active);

    /// <inheritdoc cref="WakeRuns"/>
    public void Wake()
    {
        try
        {
            wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // A look is due already.
        }
    }

    public override Task StartAsync(CancellationToken cancellationToken) =>
        options.Enabled
            ? watcher.WhenOpenAsync(
                async stop =>
                {
                    await store.ReleaseLeftAsync(stop);
                    await base.StartAsync(stop);
                },
                cancellationToken
            )
            : Task.CompletedTask;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var running = new HashSet<Task>();
        while (!stoppingToken.IsCancellationRequested)
        {
            running.RemoveWhere(static t => t.IsCompleted);
            var free = options.Parallel - running.Count;
            var claimed = free > 0 ? await ClaimAsync(free, stoppingToken) : [];
            foreach (var run in claimed)
                running.Add(Task.Run(() => RunAsync(run, stoppingToken), CancellationToken.None));
            if (claimed.Count == 0 || claimed.Count == free)
                await WaitAsync(running, isFull: running.Count >= options.Parallel, stoppingToken);
        }
        await Task.WhenAll(running);
    }

    public override void Dispose()
    {
        wake.Dispose();
        base.Dispose();
    }

    private async Task RunAsync(RunRow run, CancellationToken stopping)
    {
        Interlocked.Increment(ref active);
        try
        {
            await work.RunAsync(run, stopping);
        }
        catch (Exception failure)
        {
            // Its lease ends by itself, and it is tried again.
            LogLeft(failure, run.Automation, run.Id);
        }
        finally
        {
            Interlocked.Decrement(ref active);
            Wake();
        }
    }

    private async Task<List<RunRow>> ClaimAsync(int most, CancellationToken cancellationToken)
    {
        try
        {
            var claimed = await store.ClaimAsync(most, cancellationToken);
            told = null;
            return claimed;
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            if (told != failure.Message)
                LogStoreAway(failure.Message);
            told = failure.Message;
            return [];
        }
        catch (OperationCanceledException)
        {
            return [];
        }
    }

    private async Task WaitAsync(IEnumerable<Task> running, bool isFull, CancellationToken stopping)
    {
        using var next = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var tick = Task.Delay(options.Poll, time, next.Token);
        // With no place free only an end of a run makes one.
        var sign = isFull ? Task.WhenAny(running) : wake.WaitAsync(next.Token);
        await Task.WhenAny(tick, sign);
        await next.CancelAsync();
    }

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Run {RunId} of {Automation} was left where it is; it is tried again"
    )]
    private partial void LogLeft(Exception failure, string automation, string runId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Automations wait for the store: {Problem}")]
    private partial void LogStoreAway(string problem);
}
