namespace Fairlead.Server.Caching.Levels;

/// <summary>
/// One look at the source for all that want the same at once. It goes on while anybody waits for it; when the last one
/// has given up, so does it.
/// </summary>
internal sealed class CacheFlight : IDisposable
{
    private readonly Lock gate = new();
    private readonly CancellationTokenSource abandoned = new();
    private readonly TaskCompletionSource<CacheAnswer> landed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int waiting;
    private bool isOver;

    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>What it brings was removed while it was under way, and must not be kept.</summary>
    public bool IsOutdated { get; set; }

    /// <summary>False when it is over: take another.</summary>
    public bool TryJoin()
    {
        lock (gate)
        {
            if (isOver)
                return false;
            waiting++;
            return true;
        }
    }

    /// <summary>Runs for those who joined.</summary>
    public async Task RunAsync(Func<CancellationToken, Task<CacheAnswer>> load, Action over)
    {
        try
        {
            var answer = await load(abandoned.Token);
            End(over);
            landed.TrySetResult(answer);
        }
        catch (OperationCanceledException cancelled) when (abandoned.IsCancellationRequested)
        {
            End(over);
            landed.TrySetCanceled(cancelled.CancellationToken);
        }
        catch (Exception failure)
        {
            End(over);
            landed.TrySetException(failure);
            // Where all have gone, nobody looks at it.
            _ = landed.Task.Exception;
        }
    }

    public async Task<CacheAnswer> WaitAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await landed.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            var last = false;
            lock (gate)
            {
                if (--waiting == 0 && !isOver)
                    last = isOver = true;
            }
            if (last)
                await abandoned.CancelAsync();
        }
    }

    public void Dispose() => abandoned.Dispose();

    private void End(Action over)
    {
        lock (gate)
            isOver = true;
        over();
    }
}

/// <summary>Where a value came from.</summary>
internal enum CacheLevel
{
    Memory,
    Redis,
    Source,

    /// <summary>From memory past its end, because the source failed.</summary>
    Stale,
}

/// <summary>A value and where it came from.</summary>
internal readonly record struct CacheAnswer(ReadOnlyMemory<byte> Value, CacheLevel Level)
{
    public bool IsCached => Level is not CacheLevel.Source;
}

/// <summary>What a source brought, and whether it is to be kept.</summary>
internal readonly record struct CacheSource(ReadOnlyMemory<byte> Value, bool Keep = true);

/// <summary>How a value is kept.</summary>
/// <param name="Ttl">Its life; null takes the options'.</param>
/// <param name="Local">Stays in this process: never written to Redis.</param>
/// <param name="Tags">By which it can be removed.</param>
internal sealed record CacheTerms(TimeSpan? Ttl = null, bool Local = false, IReadOnlyList<string>? Tags = null)
{
    public static readonly CacheTerms Default = new();
}
