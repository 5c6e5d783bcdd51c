namespace Fairlead.Server.Automation.Flows;

/// <summary>Settings of the automations.</summary>
internal sealed record FlowOptions
{
    private static readonly TimeSpan[] DefaultWaits =
    [
        TimeSpan.FromSeconds(5),
        TimeSpan.FromSeconds(15),
        TimeSpan.FromSeconds(60),
    ];

    /// <summary>Whether this node works on runs; default true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Runs that one node works on at once; default 32.</summary>
    public int Parallel { get; init; } = 32;

    /// <summary>How long a node has a run to itself unless it says that it still works on it; default 30 s.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often the store is asked for what is due, where no word of it came; default 1 s.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a step is given; default 20 s, less than the lease.</summary>
    public TimeSpan StepTime { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Waits before a failed step is tried again; default 5, 15 and 60 s, then it has failed for good .</summary>
    public IReadOnlyList<TimeSpan> Retries { get; init; } = [];

    /// <summary>The waits that hold.</summary>
    public IReadOnlyList<TimeSpan> Waits => Retries.Count > 0 ? Retries : DefaultWaits;

    /// <summary>How long the agent has for a welcome before the default text is sent; default 2.5 s .</summary>
    public TimeSpan AgentDeadline { get; init; } = TimeSpan.FromSeconds(2.5);

    /// <summary>How long a new customer waits for a consultant before all are told again; default 10 min .</summary>
    public TimeSpan ClaimPatience { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>All things wrong with these options; empty when usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> errors = [];
        if (Parallel is < 1 or > 1000)
            errors.Add($"Automation:Flows:Parallel is 1 to 1000, it is {Parallel}.");
        if (Poll <= TimeSpan.Zero)
            errors.Add($"Automation:Flows:Poll must be above 0, it is {Poll}.");
        if (StepTime <= TimeSpan.Zero || Lease <= StepTime)
            errors.Add($"Automation:Flows:Lease ({Lease}) must be above StepTime ({StepTime}), and that above 0.");
        if (Retries.Any(static wait => wait < TimeSpan.Zero))
            errors.Add("Automation:Flows:Retries must not be below 0.");
        if (AgentDeadline <= TimeSpan.Zero || AgentDeadline >= StepTime)
            errors.Add($"Automation:Flows:AgentDeadline is above 0 and below StepTime, it is {AgentDeadline}.");
        if (ClaimPatience <= TimeSpan.Zero)
            errors.Add($"Automation:Flows:ClaimPatience must be above 0, it is {ClaimPatience}.");
        return errors;
    }
}
