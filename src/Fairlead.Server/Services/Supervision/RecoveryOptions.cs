using Fairlead.Server.Tools.Recovery;

namespace Fairlead.Server.Services.Supervision;

/// <summary>What happens after a service ended against the intent (S-20, C-08 "service-recovery"; docs/adr/0009).</summary>
internal sealed record RecoveryOptions
{
    /// <summary>
    /// Restarts of a stdio service in a row before it is given up and an alert raised; 3. 0 never gives up. A service's
    /// own <c>maxRestarts</c> wins.
    /// </summary>
    public int MaxAttempts { get; init; } = RetryPolicies.ServiceRecovery.MaxRetries;

    /// <summary>Pause before a restart; 5 s. From the fourth on it doubles, with jitter. A service's own <c>restartDelay</c> wins.</summary>
    public TimeSpan Delay { get; init; } = RetryPolicies.ServiceRecovery.Waits[0];

    /// <summary>Longest pause before a restart or a reconnect; 60 s.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>First pause before a service behind HTTP is connected again; 1 s, doubling (contracts.md §4.5).</summary>
    public TimeSpan ReconnectDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Reconnects in a row before an alert is raised and the pauses become <see cref="LongReconnectDelay"/>; 10.</summary>
    public int ReconnectAttempts { get; init; } = 10;

    /// <summary>
    /// Pause after <see cref="ReconnectAttempts"/>; 600 s. A service somewhere else is never given up for good: to ask
    /// costs nothing, and nobody here can repair it.
    /// </summary>
    public TimeSpan LongReconnectDelay { get; init; } = TimeSpan.FromSeconds(600);

    /// <summary>Share by which pauses differ, so that what died together does not come back together; 0.1.</summary>
    public double Jitter { get; init; } = 0.1;

    /// <summary>A life this long was a success: what comes after it is a first failure; 30 s.</summary>
    public TimeSpan GoodLife { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Starts of one service within a minute, whoever asks; 12.</summary>
    public int StartsPerMinute { get; init; } = 12;
}
