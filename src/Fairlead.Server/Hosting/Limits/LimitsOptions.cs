namespace Fairlead.Server.Hosting.Limits;

/// <summary>
/// How much one caller may ask for; section <c>Limits</c>. What a group's key may do is in section <c>Gateway</c>
/// (<c>CallsPerMinute</c>, <c>ConcurrentCalls</c>).
/// </summary>
internal sealed record LimitsOptions
{
    private const int Most = 1_000_000_000;

    /// <summary>Requests of the REST API per minute and client address; default 100, 0 lifts the limit (I-26, C-03).</summary>
    public int RestPerMinute { get; init; } = 100;

    /// <summary>Of these, how many may come at once; default 20 (I-26).</summary>
    public int RestBurst { get; init; } = 20;

    /// <summary>Registrations per minute and client address; default 120, 0 lifts the limit (C-03).</summary>
    public int RegistrationsPerAddress { get; init; } = 120;

    /// <summary>Registrations per minute in all; default 600, 0 lifts the limit (C-03, A-07).</summary>
    public int RegistrationsPerMinute { get; init; } = 600;

    /// <summary>
    /// Calls of native tools per user in each <see cref="UserWindow"/>; default 100, 0 lifts the limit (P-89). A tool's
    /// <c>[RateLimit]</c> holds instead of it for that tool.
    /// </summary>
    public int UserCalls { get; init; } = 100;

    /// <summary>The same for all callers together who name no user; null, the default, is <see cref="UserCalls"/> (P-89).</summary>
    public int? AnonymousCalls { get; init; }

    /// <summary>Length of the sliding window; default 60 s (P-89).</summary>
    public TimeSpan UserWindow { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Callers told apart by each limit at the same time; default 10,000 (P-115). Beyond it those not heard of for longest
    /// are forgotten.
    /// </summary>
    public int MaxCallers { get; init; } = 10_000;

    /// <summary>How often nodes that share a Redis tell each other what they let through; default 100 ms.</summary>
    public TimeSpan ShareEvery { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>All things wrong with these options; empty when usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> errors = [];
        foreach (
            var (name, value) in (ReadOnlySpan<(string, int)>)
                [
                    (nameof(RestPerMinute), RestPerMinute),
                    (nameof(RegistrationsPerAddress), RegistrationsPerAddress),
                    (nameof(RegistrationsPerMinute), RegistrationsPerMinute),
                    (nameof(UserCalls), UserCalls),
                    (nameof(AnonymousCalls), AnonymousCalls ?? 0),
                ]
        )
            if (value is < 0 or > Most)
                errors.Add($"Limits:{name} is 0 (no limit) to {Most}, it is {value}.");
        if (RestBurst is < 1 or > 1_000_000)
            errors.Add($"Limits:RestBurst is 1 to 1000000, it is {RestBurst}.");
        if (UserWindow < TimeSpan.FromSeconds(1) || UserWindow > TimeSpan.FromDays(1))
            errors.Add($"Limits:UserWindow is 1 second to 1 day, it is {UserWindow}.");
        if (MaxCallers is < 100 or > 1_000_000)
            errors.Add($"Limits:MaxCallers is 100 to 1000000, it is {MaxCallers}.");
        if (ShareEvery < TimeSpan.FromMilliseconds(10) || ShareEvery > TimeSpan.FromSeconds(1))
            errors.Add($"Limits:ShareEvery is 10 ms to 1 s, it is {ShareEvery}.");
        return errors;
    }
}
