using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Hosting.Lifespan;

/// <summary>The five phases of a gateway's life, in order (P-01).</summary>
internal enum LifePhase
{
    /// <summary>Settings and logging are there; database, cache and HTTP client are made.</summary>
    Startup,

    /// <summary>Routes, services and listeners are made; from its end on clients can shake hands.</summary>
    Initialise,

    /// <summary>Calls are taken.</summary>
    Running,

    /// <summary>No new calls; those in flight end, then everything is given back.</summary>
    Shutdown,

    /// <summary>Nothing is held any more.</summary>
    Terminated,
}

/// <summary>Which phase the gateway is in. Each comes once, after the one before it; anything else throws.</summary>
internal sealed partial class Lifecycle(TimeProvider time, ILogger<Lifecycle> logger)
{
    private readonly Lock gate = new();
    private readonly List<(LifePhase Phase, DateTimeOffset At)> passed = [];

    /// <summary>The phase it is in; null before the first.</summary>
    public LifePhase? Current
    {
        get
        {
            lock (gate)
                return passed.Count == 0 ? null : passed[^1].Phase;
        }
    }

    /// <summary>The phases so far, with when each began.</summary>
    public IReadOnlyList<(LifePhase Phase, DateTimeOffset At)> Passed
    {
        get
        {
            lock (gate)
                return [.. passed];
        }
    }

    /// <summary>Goes on to the next phase.</summary>
    /// <exception cref="InvalidOperationException">It is not the next.</exception>
    public void Enter(LifePhase phase)
    {
        lock (gate)
        {
            if (passed.Count != (int)phase)
                throw new InvalidOperationException(
                    $"{phase} cannot come after {(passed.Count == 0 ? "nothing" : passed[^1].Phase)}."
                );
            passed.Add((phase, time.GetUtcNow()));
        }
        LogEntered(phase);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Phase: {Phase}")]
    private partial void LogEntered(LifePhase phase);
}
