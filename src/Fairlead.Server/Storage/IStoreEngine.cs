using System.Data.Common;
using Microsoft.EntityFrameworkCore;

namespace Fairlead.Server.Storage;

/// <summary>What differs between the two databases. Everything else is written once.</summary>
internal interface IStoreEngine : IAsyncDisposable
{
    /// <summary>Folder of the SQL scripts among the embedded resources.</summary>
    string ScriptFolder { get; }

    /// <summary>Which store this is, for messages; never a password.</summary>
    string Location { get; }

    /// <summary>An open connection from the pool, ready for use.</summary>
    ValueTask<DbConnection> OpenAsync(CancellationToken cancellationToken);

    /// <summary>Schema version by one raw query; 0 for an empty store.</summary>
    Task<int> ReadSchemaVersionAsync(DbConnection connection, CancellationToken cancellationToken);

    /// <summary>Starts a transaction that keeps other migrating nodes out.</summary>
    Task<DbTransaction> BeginMigrationAsync(DbConnection connection, CancellationToken cancellationToken);

    /// <summary>Starts a transaction that sees one state of the whole store.</summary>
    ValueTask<DbTransaction> BeginReadAsync(DbConnection connection, CancellationToken cancellationToken);

    /// <summary>Points Entity Framework at an open connection.</summary>
    void Configure(DbContextOptionsBuilder builder, DbConnection connection);

    /// <summary>SQL that tells other nodes of a new epoch at commit; empty where there are none.</summary>
    string NotifySql { get; }

    /// <summary>
    /// SQL that makes transactions with the same <c>@name</c> take turns until they end; empty where a write transaction
    /// is alone anyway.
    /// </summary>
    string TurnSql { get; }

    /// <summary>
    /// Calls <paramref name="changed"/> for every notice of another node, until cancelled. Returns at once where the
    /// store has no such thing; throws when the connection is lost.
    /// </summary>
    Task ListenAsync(Action changed, CancellationToken cancellationToken);
}
