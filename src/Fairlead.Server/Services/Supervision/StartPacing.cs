namespace Fairlead.Server.Services.Supervision;

/// <summary>
/// When a service may be started again: exponential pause with jitter after failures, and never more than so many
/// starts a minute, whoever asks.
/// </summary>
internal sealed class StartPacing(ServicesOptions options, TimeProvider time, Random random)
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private readonly Queue<long> starts = new();

    /// <summary>Failures in a row; 0 after a good life.</summary>
    public int Failures { get; private set; }

    /// <summary>Notes a start about to happen.</summary>
    public void OnStart()
    {
        Forget();
        starts.Enqueue(time.GetTimestamp());
    }

    /// <summary>Notes an unexpected end and tells how long to wait before the next start.</summary>
    public TimeSpan OnEnd(TimeSpan lived)
    {
        Failures = lived >= options.GoodLife ? 1 : Failures + 1;
        var doublings = Math.Min(Failures - 1, 20);
        var pause = options.FirstBackoff * Math.Pow(2, doublings);
        if (pause > options.LongestBackoff)
            pause = options.LongestBackoff;
        // Up to a fifth less, so that services that died together do not come back together.
#pragma warning disable CA5394 // no secret hangs on it
        pause *= 1 - 0.2 * random.NextDouble();
#pragma warning restore CA5394
        var room = UntilRoom();
        return pause > room ? pause : room;
    }

    public void Reset() => Failures = 0;

    /// <summary>How long until the limit of starts per minute leaves room for one more.</summary>
    public TimeSpan UntilRoom()
    {
        Forget();
        return starts.Count < options.StartsPerMinute ? TimeSpan.Zero : Window - time.GetElapsedTime(starts.Peek());
    }

    private void Forget()
    {
        while (starts.TryPeek(out var oldest) && time.GetElapsedTime(oldest) >= Window)
            starts.Dequeue();
    }
}
