using System.Text.Json;
using Fairlead.Server.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.State;

/// <summary>
/// Loads and saves the persistent state, ends old sessions, and adds this run's requests to those of all runs (P-27,
/// P-34, P-35). A crash costs the requests of at most a minute.
/// </summary>
internal sealed partial class StateUpkeep(
    SessionStates sessions,
    PersistentState state,
    StateFile file,
    ApplicationState application,
    StoreWatcher store,
    StorageOptions storage,
    TimeProvider time,
    ILogger<StateUpkeep> logger
) : BackgroundService
{
    public const string LifetimeRequests = "total_lifetime_requests";
    public const string LastShutdown = "last_shutdown";
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);
    private const int CleanupEvery = 10;
    private long added;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await store.WhenOpenAsync(file.LoadAsync, cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await AddRequestsAsync(cancellationToken);
            var now = time.GetUtcNow().UtcDateTime.ToString("O");
            await state.SetAsync(LastShutdown, Element(now), cancellationToken);
            // Where nodes share the store, the others' sessions go on.
            if (storage.Provider is StorageProvider.Sqlite)
                await sessions.ClearAsync(cancellationToken);
            await file.SaveAsync(cancellationToken);
        }
        catch (Exception failure)
        {
            LogUnsaved(failure);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, time);
        try
        {
            for (var i = 1; await timer.WaitForNextTickAsync(stoppingToken); i++)
            {
                try
                {
                    await AddRequestsAsync(stoppingToken);
                    if (i % CleanupEvery == 0)
                        await sessions.CleanupAsync(stoppingToken);
                }
                catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
                {
                    LogUnsaved(failure);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Shutdown.
        }
    }

    private async Task AddRequestsAsync(CancellationToken cancellationToken)
    {
        var now = application.Requests;
        if (now == added)
            return;
        var more = now - added;
        await state.ChangeAsync(
            LifetimeRequests,
            known => Element((known is { ValueKind: JsonValueKind.Number } n ? n.GetInt64() : 0) + more),
            cancellationToken
        );
        added = now;
    }

    private static JsonElement Element(long number) =>
        JsonSerializer.SerializeToElement(number, StateJson.Default.Int64);

    private static JsonElement Element(string text) =>
        JsonSerializer.SerializeToElement(text, StateJson.Default.String);

    [LoggerMessage(Level = LogLevel.Warning, Message = "State could not be saved")]
    private partial void LogUnsaved(Exception failure);
}
