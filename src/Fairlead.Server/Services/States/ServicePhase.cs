namespace Fairlead.Server.Services;

/// <summary>States of a service as the source documents name them (S-06); a view of <see cref="ServicePhase"/> (C-07).</summary>
internal enum ServiceStatus
{
    NotStarted,
    Starting,
    Running,
    Stopping,
    Stopped,
    Error,
    Unknown,
}

/// <summary>The finer view of the same, as mcpstore's users know it (contracts.md §4.4, C-07).</summary>
internal enum ServiceHealth
{
    Init,
    Startup,
    Ready,
    Healthy,
    Degraded,
    CircuitOpen,
    HalfOpen,
    Disconnected,
}

/// <summary>What a service is really at: one machine, of which <see cref="ServiceStatus"/> and <see cref="ServiceHealth"/> are views.</summary>
internal enum ServicePhase
{
    /// <summary>Registered, never started in this life of the gateway.</summary>
    Init,

    /// <summary>Connecting, shaking hands, reading its lists.</summary>
    Startup,

    /// <summary>Handshake done and lists verified in this life of the process; no probe was answered yet.</summary>
    Ready,

    /// <summary>Probes are answered and the window of recent calls is clean.</summary>
    Healthy,

    /// <summary>It answers, but slowly or not always; calls go on.</summary>
    Degraded,

    /// <summary>Too many recent calls failed: none is sent until the cool-down is over.</summary>
    CircuitOpen,

    /// <summary>A few probes decide whether calls may go on.</summary>
    HalfOpen,

    /// <summary>On its way to <see cref="Stopped"/>.</summary>
    Stopping,

    /// <summary>Ended as intended, by an operator or because nobody used it.</summary>
    Stopped,

    /// <summary>Ended or could not start against the intent.</summary>
    Failed,
}

/// <summary>Which phases may follow each other (S-07, contracts.md §4.4), and how they are shown (C-07).</summary>
internal static class ServicePhases
{
    private static readonly ServicePhase[][] Next =
    [
        /* Init */[ServicePhase.Startup],
        /* Startup */[ServicePhase.Ready, ServicePhase.Failed, ServicePhase.Stopping],
        /* Ready */[
            ServicePhase.Healthy,
            ServicePhase.Degraded,
            ServicePhase.CircuitOpen,
            ServicePhase.Failed,
            ServicePhase.Stopping,
        ],
        /* Healthy */[ServicePhase.Degraded, ServicePhase.CircuitOpen, ServicePhase.Failed, ServicePhase.Stopping],
        /* Degraded */[ServicePhase.Healthy, ServicePhase.CircuitOpen, ServicePhase.Failed, ServicePhase.Stopping],
        /* CircuitOpen */[ServicePhase.HalfOpen, ServicePhase.Failed, ServicePhase.Stopping],
        /* HalfOpen */[ServicePhase.Healthy, ServicePhase.CircuitOpen, ServicePhase.Failed, ServicePhase.Stopping],
        /* Stopping */[ServicePhase.Stopped, ServicePhase.Failed],
        /* Stopped */[ServicePhase.Startup],
        // An operator's stop of one that has failed ends in stopped, not in a fault he has to look after (docs/adr/0009).
        /* Failed */[
            ServicePhase.Startup,
            ServicePhase.Stopping,
        ],
    ];

    /// <summary>Whether the step is one of the machine's; staying is always allowed.</summary>
    public static bool Allows(ServicePhase from, ServicePhase to) => from == to || Next[(int)from].Contains(to);

    /// <summary>The phases that may follow.</summary>
    public static IReadOnlyList<ServicePhase> After(ServicePhase from) => Next[(int)from];

    /// <summary>Whether calls are sent to it.</summary>
    public static bool IsAvailable(this ServicePhase phase) =>
        phase is ServicePhase.Ready or ServicePhase.Healthy or ServicePhase.Degraded;

    public static ServiceStatus Status(this ServicePhase phase) =>
        phase switch
        {
            ServicePhase.Init => ServiceStatus.NotStarted,
            ServicePhase.Startup or ServicePhase.HalfOpen => ServiceStatus.Starting,
            ServicePhase.Ready or ServicePhase.Healthy or ServicePhase.Degraded => ServiceStatus.Running,
            ServicePhase.Stopping => ServiceStatus.Stopping,
            ServicePhase.Stopped => ServiceStatus.Stopped,
            ServicePhase.CircuitOpen or ServicePhase.Failed => ServiceStatus.Error,
            _ => ServiceStatus.Unknown,
        };

    public static ServiceHealth Health(this ServicePhase phase) =>
        phase switch
        {
            ServicePhase.Init => ServiceHealth.Init,
            ServicePhase.Startup => ServiceHealth.Startup,
            ServicePhase.Ready => ServiceHealth.Ready,
            ServicePhase.Healthy => ServiceHealth.Healthy,
            ServicePhase.Degraded => ServiceHealth.Degraded,
            ServicePhase.CircuitOpen => ServiceHealth.CircuitOpen,
            ServicePhase.HalfOpen => ServiceHealth.HalfOpen,
            _ => ServiceHealth.Disconnected,
        };
}
