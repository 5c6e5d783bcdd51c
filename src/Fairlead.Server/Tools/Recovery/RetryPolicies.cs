using System.Collections.Frozen;

namespace Fairlead.Server.Tools.Recovery;

/// <summary>How often and after which waits something is tried again.</summary>
/// <param name="Name">Its name.</param>
/// <param name="MaxRetries">Tries after the first.</param>
/// <param name="Waits">The wait before each; the last one goes on.</param>
internal sealed record RetryPolicy(string Name, int MaxRetries, IReadOnlyList<TimeSpan> Waits)
{
    /// <summary>The wait before the next try; null when there is none.</summary>
    /// <param name="retries">Retries made so far.</param>
    /// <param name="most">Replaces <see cref="MaxRetries"/>.</param>
    public TimeSpan? Next(int retries, int? most = null) =>
        retries >= (most ?? MaxRetries) ? null : Waits[Math.Min(retries, Waits.Count - 1)];

    /// <summary>1, 2, 4 … s, at most <paramref name="cap"/> s.</summary>
    public static IReadOnlyList<TimeSpan> Doubling(int cap) =>
        [.. Enumerable.Range(0, 31).Select(n => TimeSpan.FromSeconds(Math.Min(Math.Pow(2, n), cap)))];
}

/// <summary>
/// The retry policies by name (C-08). There is none for what names none: who tries again says by which rule.
/// </summary>
internal static class RetryPolicies
{
    /// <summary>Executions of tools: 3 retries after 1, 2, 4 s; a task may ask for more, with waits of at most 30 s (R-26, R-36).</summary>
    public static readonly RetryPolicy Task = new("task", 3, RetryPolicy.Doubling(30));

    /// <summary>Work of the gateway itself: 3 retries, exponential, with healing before each (I-22).</summary>
    public static readonly RetryPolicy Exception = new("exception", 3, RetryPolicy.Doubling(30));

    /// <summary>Messages of automations: due 5, 15 and 60 s later.</summary>
    public static readonly RetryPolicy Automation = new("automation", 3, Seconds(5, 15, 60));

    /// <summary>Restarts of services: 3 times after 5 s.</summary>
    public static readonly RetryPolicy ServiceRecovery = new("service-recovery", 3, Seconds(5));

    private static readonly FrozenDictionary<string, RetryPolicy> ByName = new[]
    {
        Task,
        Exception,
        Automation,
        ServiceRecovery,
    }.ToFrozenDictionary(p => p.Name);

    public static IReadOnlyCollection<string> Names => ByName.Keys;

    /// <exception cref="KeyNotFoundException">There is no policy of this name, and no default.</exception>
    public static RetryPolicy Get(string name) =>
        ByName.TryGetValue(name, out var policy)
            ? policy
            : throw new KeyNotFoundException($"There is no retry policy '{name}': {string.Join(", ", Names)}.");

    private static TimeSpan[] Seconds(params int[] seconds) => [.. seconds.Select(s => TimeSpan.FromSeconds(s))];
}

/// <summary>Mends what it can before something is tried again (I-22); a failure of it is only logged.</summary>
internal delegate ValueTask SelfHeal(FailureClass failure, CancellationToken cancellationToken);

/// <summary>Runs work of the gateway itself by a named policy.</summary>
internal static class Retrying
{
    /// <summary>
    /// Runs <paramref name="work"/>; a recoverable failure is healed and tried again, any other and the last one is thrown.
    /// </summary>
    public static async Task<T> RunAsync<T>(
        RetryPolicy policy,
        Func<CancellationToken, Task<T>> work,
        SelfHeal heal,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        for (var retries = 0; ; retries++)
        {
            TimeSpan wait;
            FailureClass found;
            try
            {
                return await work(cancellationToken);
            }
            catch (Exception e) when (Wait(policy, retries, e, cancellationToken, out wait, out found))
            {
                await heal(found, cancellationToken);
            }
            await Task.Delay(wait, time, cancellationToken);
        }
    }

    private static bool Wait(
        RetryPolicy policy,
        int retries,
        Exception e,
        CancellationToken cancellationToken,
        out TimeSpan wait,
        out FailureClass found
    )
    {
        found = FailureClasses.Of(e.GetType().Name, e.Message);
        wait = policy.Next(retries) ?? TimeSpan.Zero;
        return !cancellationToken.IsCancellationRequested && found.IsRecoverable() && wait > TimeSpan.Zero;
    }
}
