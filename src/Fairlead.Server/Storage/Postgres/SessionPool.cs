using System.Data;
using System.Data.Common;
using Fairlead.Server.Tools.Executions;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Fairlead.Server.Storage.Postgres;

/// <summary>
/// The store's sessions at the database, as many as the load needs (I-19): between the pool's own least and most, half as
/// many more the moment they are needed, three tenths fewer when few are. Sessions that are not needed any more are closed,
/// so that other nodes can have them.
/// </summary>
internal sealed partial class SessionPool
{
    private static readonly TimeSpan ShrinkEvery = TimeSpan.FromSeconds(5);
    private readonly Lock gate = new();
    private readonly NpgsqlDataSource source;
    private readonly DynamicPool pool;
    private readonly TimeProvider time;
    private readonly ILogger? logger;
    private long shrunk;
    private int used;

    public SessionPool(NpgsqlDataSource source, int least, int most, TimeProvider time, ILogger? logger)
    {
        (this.source, this.time, this.logger) = (source, time, logger);
        pool = new DynamicPool(Math.Max(1, least), Math.Max(1, most), Math.Max(1, least));
        shrunk = time.GetTimestamp();
        pool.Resized += OnResized;
    }

    /// <summary>For how many sessions it is now.</summary>
    public int Size => pool.Size;

    /// <summary>Sessions in use or wanted.</summary>
    public int Used => Volatile.Read(ref used);

    /// <summary>A session; given back by its disposal. More than the most wait for one another.</summary>
    public async ValueTask<DbConnection> OpenAsync(CancellationToken cancellationToken)
    {
        lock (gate)
        {
            used++;
            while (used > pool.Size && pool.Adjust((double)used / pool.Size)) { }
        }
        try
        {
            var connection = await source.OpenConnectionAsync(cancellationToken);
            connection.StateChange += GivenBack;
            return connection;
        }
        catch
        {
            Leave();
            throw;
        }
    }

    private void GivenBack(object sender, StateChangeEventArgs change)
    {
        if (change.CurrentState != ConnectionState.Closed)
            return;
        ((NpgsqlConnection)sender).StateChange -= GivenBack;
        Leave();
    }

    private void Leave()
    {
        lock (gate)
        {
            used--;
            // Not at each quiet moment: a pool that follows every pause would never be warm.
            if (time.GetElapsedTime(shrunk) < ShrinkEvery)
                return;
            shrunk = time.GetTimestamp();
            var load = (double)used / pool.Size;
            if (load < DynamicPool.Low)
                pool.Adjust(load);
        }
    }

    private void OnResized(PoolResized change)
    {
        if (change.After < change.Before)
            source.Clear();
        if (logger is not null)
            Resized(logger, change.Before, change.After, change.Load);
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "The store has {After} sessions at the database instead of {Before}: load {Load:0.00}"
    )]
    private static partial void Resized(ILogger logger, int before, int after, double load);
}
