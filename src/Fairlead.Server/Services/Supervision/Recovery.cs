using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Supervision;

/// <summary>What comes after an end.</summary>
/// <param name="Pause">How long to wait; null when it is given up.</param>
/// <param name="IsLoud">Whether this is the moment to tell people.</param>
internal readonly record struct RecoveryStep(TimeSpan? Pause, bool IsLoud);

/// <summary>
/// When a service may be started again after it ended against the intent. One a service; not thread-safe.
/// </summary>
internal sealed class Recovery(
    Func<ServiceDefinition> current,
    RecoveryOptions options,
    TimeProvider time,
    Random random
)
{
    private const int FixedDelays = 3;
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

    /// <summary>Notes an unintended end and tells what comes next.</summary>
    public RecoveryStep OnEnd(TimeSpan lived)
    {
        Failures = lived >= options.GoodLife ? 1 : Failures + 1;
        var definition = current();
        return definition.Transport == ServiceTransport.Stdio ? Restart(definition) : Reconnect();
    }

    /// <summary>Somebody wants it now: what was before does not count.</summary>
    public void Reset() => Failures = 0;

    /// <summary>How long until the limit of starts per minute leaves room for one more.</summary>
    public TimeSpan UntilRoom()
    {
        Forget();
        return starts.Count < options.StartsPerMinute ? TimeSpan.Zero : Window - time.GetElapsedTime(starts.Peek());
    }

    private RecoveryStep Restart(ServiceDefinition definition)
    {
        var most = definition.MaxRestarts ?? options.MaxAttempts;
        if (definition.RestartOnError == false || (most > 0 && Failures > most))
            return new RecoveryStep(null, true);
        var delay = definition.RestartDelaySeconds is { } own ? TimeSpan.FromSeconds(own) : options.Delay;
        return new RecoveryStep(
            Failures <= FixedDelays ? AtLeastRoom(delay) : Doubled(delay, Failures - FixedDelays),
            IsLoud: false
        );
    }

    private RecoveryStep Reconnect() =>
        Failures > options.ReconnectAttempts
            ? new RecoveryStep(
                AtLeastRoom(Jittered(options.LongReconnectDelay)),
                Failures == options.ReconnectAttempts + 1
            )
            : new RecoveryStep(Doubled(options.ReconnectDelay, Failures - 1), IsLoud: false);

    private TimeSpan Doubled(TimeSpan first, int times)
    {
        var pause = first * Math.Pow(2, Math.Min(times, 30));
        return AtLeastRoom(Jittered(pause > options.LongestDelay ? options.LongestDelay : pause));
    }

#pragma warning disable CA5394 // no secret hangs on it
    private TimeSpan Jittered(TimeSpan pause) => pause * (1 + options.Jitter * (2 * random.NextDouble() - 1));
#pragma warning restore CA5394

    private TimeSpan AtLeastRoom(TimeSpan pause)
    {
        var room = UntilRoom();
        return pause > room ? pause : room;
    }

    private void Forget()
    {
        while (starts.TryPeek(out var oldest) && time.GetElapsedTime(oldest) >= Window)
            starts.Dequeue();
    }
}
