namespace Fairlead.Server.Live;

/// <summary>Settings of live delivery.</summary>
internal sealed record LiveOptions
{
    /// <summary>How long a node's word that somebody is connected counts; default 30 s. It is given three times as often.</summary>
    public TimeSpan PresenceTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Messages that wait for one connection; a client that reads slower is cut off; default 256.</summary>
    public int Queue { get; init; } = 256;

    /// <summary>Connections of one user; default 10.</summary>
    public int ConnectionsPerUser { get; init; } = 10;

    /// <summary>How often a silent connection is asked whether it is still there; default 20 s.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>All things wrong with these options; empty when usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> errors = [];
        if (PresenceTimeout <= TimeSpan.Zero)
            errors.Add($"Live:PresenceTimeout must be above 0, it is {PresenceTimeout}.");
        if (Queue is < 1 or > 100_000)
            errors.Add($"Live:Queue is 1 to 100000, it is {Queue}.");
        if (ConnectionsPerUser < 1)
            errors.Add($"Live:ConnectionsPerUser must be above 0, it is {ConnectionsPerUser}.");
        if (KeepAlive <= TimeSpan.Zero)
            errors.Add($"Live:KeepAlive must be above 0, it is {KeepAlive}.");
        return errors;
    }
}
