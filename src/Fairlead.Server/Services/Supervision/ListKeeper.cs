using System.Text;
using Fairlead.Protocol;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Services.Supervision;

/// <summary>
/// Keeps one connected service's lists in the catalogue: read whole at the start, again when it says they changed (at
/// most once a second), by notification or (modern) by a subscription kept open.
/// </summary>
internal sealed partial class ListKeeper(
    ServiceConfig config,
    IChannel channel,
    StoreWatcher store,
    ServiceSlots slots,
    CatalogueStore catalogue,
    ServicesOptions options,
    TimeProvider time,
    ILogger logger
)
{
    private static readonly TimeSpan FirstResubscribe = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LastResubscribe = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan StoreRetryPause = TimeSpan.FromSeconds(30);
    private readonly Signal stale = new();
    private readonly ListReader reader = new(config.Id, channel, options, time);

    /// <summary>Asks for a new reading; many asks become one.</summary>
    public void Refresh() => stale.Set();

    /// <summary>Reads all lists and saves them.</summary>
    /// <returns>Why the service is of no use, or null: tools must be readable, of the others the last known are kept.</returns>
    public async Task<string?> ReadAsync(CancellationToken cancellationToken)
    {
        var items = new List<CatalogueItem>();
        foreach (var kind in ListReader.Kinds)
        {
            var read = reader.Offers(kind) ? await reader.ReadAsync(kind, cancellationToken) : new ListRead([], null);
            if (read.Problem is { } problem)
                LogIncomplete(config.Name, problem);
            if (read.Items is null && kind == ItemKind.Tool)
                return read.Problem;
            items.AddRange(
                read.Items ?? store.Current.Catalogue.Where(i => i.Service == config.Id && i.Kind == kind).ToList()
            );
        }
        if (channel.Hello.Era == Era.Modern && config.Definition.Transport == ServiceTransport.StreamableHttp)
            LeaveOutInvalidHeaders(items);
        await new NamingTurn(store, slots, options, time).WaitAsync(config, cancellationToken);
        try
        {
            await catalogue.SaveAsync(config.Id, items, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The store is away: what it last knew serves, and the lists are read again later.
            LogNotSaved(e, config.Name);
            _ = LaterAsync(cancellationToken);
        }
        return null;
    }

    /// <summary>Runs until the connection ends.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var listening = channel.Hello.Era == Era.Modern ? ListenAsync(cancellationToken) : Task.CompletedTask;
        try
        {
            while (true)
            {
                // First the pause, then the ask: everything that comes within the second is one reading.
                await Task.Delay(options.RefreshInterval, time, cancellationToken);
                await stale.WaitAsync(cancellationToken);
                if (await ReadAsync(cancellationToken) is { } problem)
                    LogIncomplete(config.Name, problem);
            }
        }
        catch (OperationCanceledException)
        {
            // The connection has ended.
        }
        await listening;
    }

    private async Task LaterAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(StoreRetryPause, time, cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!cancellationToken.IsCancellationRequested)
            Refresh();
    }

    private void LeaveOutInvalidHeaders(List<CatalogueItem> items)
    {
        foreach (var (name, reason) in ListReader.WithInvalidHeaders(items))
        {
            LogLeftOut(config.Name, name, reason);
            items.RemoveAll(i => i.Kind == ItemKind.Tool && i.Name == name);
        }
    }

    /// <summary>The subscription for list changes, opened again whenever the service ends it.</summary>
    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        var filter = "\"toolsListChanged\":true,\"promptsListChanged\":true,\"resourcesListChanged\":true";
        var call = new ChannelCall
        {
            Method = McpMethod.SubscriptionsListen,
            Params = Encoding.UTF8.GetBytes(
                $"{{\"notifications\":{{{filter}}},{Encoding.UTF8.GetString(Handshakes.MetaMember)}}}"
            ),
        };
        try
        {
            for (var pause = FirstResubscribe; ; pause *= 2)
            {
                var since = time.GetTimestamp();
                using (var reply = await channel.CallAsync(call, new ListenEvents(this), cancellationToken))
                {
                    // It offers no subscriptions at all: then its lists are taken as fixed.
                    if (reply.Kind == ChannelReplyKind.Error)
                        return;
                }
                if (time.GetElapsedTime(since) > LastResubscribe)
                    pause = FirstResubscribe;
                await Task.Delay(pause < LastResubscribe ? pause : LastResubscribe, time, cancellationToken);
                // What changed in between was told to nobody.
                Refresh();
            }
        }
        catch (OperationCanceledException)
        {
            // The connection has ended.
        }
    }

    private sealed class ListenEvents(ListKeeper keeper) : HouseEvents
    {
        public override void OnNotification(McpMethod method, ReadOnlySpan<byte> parameters, Range token)
        {
            if (IsListChange(method))
                keeper.Refresh();
        }
    }

    /// <summary>Whether a notification says that a list changed.</summary>
    public static bool IsListChange(McpMethod method) =>
        method
            is McpMethod.NotificationsToolsListChanged
                or McpMethod.NotificationsPromptsListChanged
                or McpMethod.NotificationsResourcesListChanged;

    [LoggerMessage(Level = LogLevel.Warning, Message = "Lists of service {Service}: {Problem}")]
    private partial void LogIncomplete(string service, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Tool {Tool} of service {Service} is left out: {Reason}")]
    private partial void LogLeftOut(string service, string tool, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Lists of service {Service} could not be saved")]
    private partial void LogNotSaved(Exception failure, string service);
}
