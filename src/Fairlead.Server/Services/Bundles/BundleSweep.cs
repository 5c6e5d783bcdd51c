using Fairlead.Server.Services.Supervision;
using Fairlead.Server.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Services.Bundles;

/// <summary>Removes bundles with their services, a moment later: the process has to end first.</summary>
internal sealed partial class BundleSweep(
    BundleStore bundles,
    StoreWatcher store,
    TimeProvider time,
    ILogger<BundleSweep> logger
) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);
    private readonly Signal changed = new();

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        Try(bundles.SweepStaging);
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        void OnChanged(StoreSnapshot _) => changed.Set();
        store.Changed += OnChanged;
        changed.Set();
        try
        {
            while (true)
            {
                await changed.WaitAsync(stoppingToken);
                await Task.Delay(Pause, time, stoppingToken);
                // Without a store nobody knows which bundles are in use; its opening is a change, too.
                if (store.IsOpen)
                    Try(() => bundles.Sweep(() => store.Current));
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Shutdown.
        }
        finally
        {
            store.Changed -= OnChanged;
        }
    }

    private void Try(Action sweep)
    {
        try
        {
            sweep();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogLeft(e);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Files of a bundle that no service uses could not be removed")]
    private partial void LogLeft(Exception failure);
}
