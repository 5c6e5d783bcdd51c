namespace Fairlead.Server.Storage;

/// <summary>Which database keeps the state (C-32).</summary>
internal enum StorageProvider
{
    /// <summary>A file under <see cref="StorageOptions.DataDirectory"/>; one process.</summary>
    Sqlite,

    /// <summary>PostgreSQL 15 or newer, shared by any number of nodes.</summary>
    Postgres,
}

/// <summary>Where state is kept.</summary>
internal sealed record StorageOptions
{
    public StorageProvider Provider { get; init; } = StorageProvider.Sqlite;

    /// <summary>
    /// Npgsql connection string of PostgreSQL; what it does not name is as in P-15 (localhost:5432, user postgres without a
    /// password, database mcp_db). Not used for SQLite.
    /// </summary>
    public string? ConnectionString { get; init; }

    /// <summary>Directory of SQLite files and of the master key; created with mode 0700 when absent.</summary>
    public string DataDirectory { get; init; } = "./data";

    /// <summary>File with the master key (FAIRLEAD_MASTER_KEY_FILE); null takes <c>keys</c> in the data directory.</summary>
    public string? MasterKeyFile { get; init; }

    /// <summary>How often other writers are looked for; default 1 s (design.md "Snapshot").</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the last snapshot serves while the store is down; default 5 min, then calls get 503.</summary>
    public TimeSpan SnapshotMaxAge { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Name of this node in the audit chain; default the machine's name.</summary>
    public string NodeName { get; init; } = Environment.MachineName;

    /// <summary>
    /// Iterations of PBKDF2-SHA256 for a new key version of encrypted fields, at least 100,000; default 600,000 (P-80,
    /// C-36). Versions that are there keep theirs.
    /// </summary>
    public int FieldKeyIterations { get; init; } = 600_000;

    /// <summary>Fewest iterations that may be set.</summary>
    public const int LeastFieldKeyIterations = 100_000;

    /// <summary>All things wrong with these options; empty when usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> errors = [];
        if (Provider is StorageProvider.Postgres && string.IsNullOrWhiteSpace(MasterKeyFile))
            errors.Add("PostgreSQL is shared by nodes, so the master key must be given: set FAIRLEAD_MASTER_KEY_FILE.");
        if (string.IsNullOrWhiteSpace(DataDirectory))
            errors.Add("Storage:DataDirectory must not be empty.");
        if (PollInterval <= TimeSpan.Zero)
            errors.Add($"Storage:PollInterval must be above 0, it is {PollInterval}.");
        if (SnapshotMaxAge < PollInterval)
            errors.Add($"Storage:SnapshotMaxAge ({SnapshotMaxAge}) must not be below the poll interval.");
        if (NodeName is not { Length: > 0 and <= 90 })
            errors.Add("Storage:NodeName must have 1 to 90 characters.");
        if (FieldKeyIterations < LeastFieldKeyIterations)
            errors.Add(
                $"Storage:FieldKeyIterations must be at least {LeastFieldKeyIterations}, it is {FieldKeyIterations}."
            );
        return errors;
    }
}
