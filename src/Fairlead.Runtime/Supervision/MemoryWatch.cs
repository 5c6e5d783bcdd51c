namespace Fairlead.Runtime.Supervision;

/// <summary>
/// Looks at the memory of services that have a limit: the command and all that it started, in one reading of /proc for all
/// of them. Polled, because a limit the kernel would enforce needs a cgroup, which is not there in most containers.
/// </summary>
internal sealed class MemoryWatch(
    Func<IReadOnlyCollection<ServiceProcess>> running,
    TimeSpan interval,
    TimeProvider time
) : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly Lock gate = new();
    private Task? watching;
    private bool isDisposed;

    /// <summary>Begins with the first service that has a limit.</summary>
    public void Start()
    {
        lock (gate)
        {
            if (!isDisposed)
                watching ??= Task.Run(RunAsync);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task? last;
        lock (gate)
        {
            if (isDisposed)
                return;
            isDisposed = true;
            last = watching;
        }
        await stop.CancelAsync();
        if (last is not null)
            await last;
        stop.Dispose();
    }

    /// <summary>What a service and its descendants take, in bytes.</summary>
    internal static long Of(int leader, IReadOnlyList<ProcessEntry> all)
    {
        var own = all.Where(p => p.Pid == leader || p.Session == leader || p.Group == leader)
            .Select(p => p.Pid)
            .ToHashSet();
        while (all.Any(p => own.Contains(p.Parent) && own.Add(p.Pid))) { }
        return all.Where(p => own.Contains(p.Pid)).Sum(p => p.Memory);
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop.Token))
                Look();
        }
        catch (OperationCanceledException)
        {
            // The host is stopping.
        }
    }

    private void Look()
    {
        var limited = running().Where(p => p.MaxMemoryBytes is not null).ToList();
        if (limited.Count == 0)
            return;
        var all = ProcessTable.Snapshot(out _);
        foreach (var process in limited)
        {
            if (Of(process.Pid, all) is var taken && taken > process.MaxMemoryBytes)
                process.OnOutOfMemory(taken);
        }
    }
}
