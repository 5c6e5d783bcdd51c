namespace Fairlead.Server.Storage;

/// <summary>What a start does without its database (C-05).</summary>
internal enum DatabaseMode
{
    /// <summary>It fails, and says why.</summary>
    Strict,

    /// <summary>It goes on: calls and the REST API are refused until the database is there, which is tried all the time.</summary>
    Degraded,
}

/// <summary>How the gateway starts.</summary>
internal sealed record StartupOptions
{
    /// <summary>
    /// What happens when the database cannot be reached at the start; unset is <see cref="Storage.DatabaseMode.Degraded"/> in
    /// development and <see cref="Storage.DatabaseMode.Strict"/> everywhere else (C-05).
    /// </summary>
    public DatabaseMode? DatabaseMode { get; init; }
}
