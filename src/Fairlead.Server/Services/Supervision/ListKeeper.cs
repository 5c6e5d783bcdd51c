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

    /// <summary>What was left out at the last reading, or why a list could not be read; null when all is well.</summary>
    public string? Problem { get; private set; }

    /// <summary>Asks for a new reading; many asks become one.</summary>
    public void Refresh() => stale.Set();

    /// <summary>Reads all lists and saves them.</summary>
    /// <returns>Why the service is of no use, or null: tools must be readable, of the others the last known are kept.</returns>
    public async Task<string?> ReadAsync(CancellationToken cancellationToken)
    {
        var items = new List<CatalogueItem>();
        var reader = new ListReader(config.Id, channel, options, time);
        string? first = null;
        foreach (var kind in ListReader.Kinds)
        {
            var read = reader.Offers(kind) ? await reader.ReadAsync(kind, cancellationToken) : new ListRead([], null);
            if (read.Problem is { } problem)
            {
                LogIncomplete(config.Name, problem);
                first ??= problem;
            }
            if (read.Items is null && kind == ItemKind.Tool)
                return Problem = read.Problem;
            items.AddRange(
                read.Items ?? store.Current.Catalogue.Where(i => i.Service == config.Id && i.Kind == kind).ToList()
            );
        }
        Problem = first;
        if (channel.Hello.Era == Era.Modern && config.Definition.Transport != ServiceTransport.Stdio)
            LeaveOutInvalidHeaders(items);
        await new NamingTurn(store, slots, options, time).WaitAsync(config, cancellationToken);
        try
        {
            await catalogue.SaveAsync(config.Id, items, channel.Hello.Instructions, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The store is away: what it last knew serves, and the lists are read again later.
            LogNotSaved(e, config.Name);
            _ = LaterAsync(cancellationToken);
        }
        return null;
    }

    /// <summary>Runs until the connection ends; never faults.</summary>
    /// <param name="changed">Called when <see cref="Problem"/> is another than before.</param>
    /// <param name="cancellationToken">The end of the connection.</param>
    public async Task RunAsync(Action changed, CancellationToken cancellationToken)
    {
        // For services that never say that their lists changed.
        await using var again = time.CreateTimer(_ => Refresh(), null, options.ListAge, options.ListAge);
        var listening = channel.Hello.Era == Era.Modern ? ListenAsync(cancellationToken) : Task.CompletedTask;
        try
        {
            while (true)
            {
                // First the pause, then the ask: everything that comes within the second is one reading.
                await Task.Delay(options.RefreshInterval, time, cancellationToken);
                await stale.WaitAsync(cancellationToken);
                await AgainAsync(changed, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The connection has ended.
        }
        await listening;
    }

    private async Task AgainAsync(Action changed, CancellationToken cancellationToken)
    {
        var before = Problem;
        try
        {
            await ReadAsync(cancellationToken);
            if (Problem != before)
                changed();
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // One reading that fails must not be the last.
            LogFailed(e, config.Name);
            _ = LaterAsync(cancellationToken);
        }
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
            var pause = FirstResubscribe;
            while (true)
            {
                var since = time.GetTimestamp();
                if (!await ListenOnceAsync(call, cancellationToken))
                    return;
                if (time.GetElapsedTime(since) > LastResubscribe)
                    pause = FirstResubscribe;
                await Task.Delay(pause, time, cancellationToken);
                pause = pause * 2 < LastResubscribe ? pause * 2 : LastResubscribe;
                // What changed in between was told to nobody.
                Refresh();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The connection has ended.
        }
    }

    /// <summary>False when the service offers no subscriptions at all: then its lists are taken as fixed.</summary>
    private async Task<bool> ListenOnceAsync(ChannelCall call, CancellationToken cancellationToken)
    {
        try
        {
            using var reply = await channel.CallAsync(call, new ListenEvents(this), cancellationToken);
            return reply.Kind != ChannelReplyKind.Error;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            LogFailed(e, config.Name);
            return true;
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

    [LoggerMessage(Level = LogLevel.Error, Message = "Lists of service {Service} failed; it is tried again")]
    private partial void LogFailed(Exception failure, string service);

    [LoggerMessage(Level = LogLevel.Error, Message = "Lists of service {Service} could not be saved")]
    private partial void LogNotSaved(Exception failure, string service);
}
