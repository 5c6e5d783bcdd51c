using System.Text;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Sessions;
using Fairlead.Server.Services;
using Fairlead.Server.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Gateway.Routing;

/// <summary>
/// Holds the current route table, swaps it when the store changes, and tells clients whose lists became others.
/// Also passes services' own notifications on to the clients that may see them.
/// </summary>
internal sealed class Routes
{
    private static readonly (
        McpMethod Method,
        Func<GroupRoute, ulong> Stamp,
        Func<ListenFilter, bool> Wanted
    )[] Lists =
    [
        (McpMethod.NotificationsToolsListChanged, g => g.ToolList.Stamp, f => f.Tools),
        (McpMethod.NotificationsPromptsListChanged, g => g.PromptList.Stamp, f => f.Prompts),
        (
            McpMethod.NotificationsResourcesListChanged,
            g => g.ResourceList.Stamp ^ ulong.RotateLeft(g.TemplateList.Stamp, 1),
            f => f.Resources
        ),
    ];

    private readonly RouteTableBuilder builder;
    private readonly SessionStore sessions;
    private readonly ILogger logger;
    private readonly Lock swapping = new();
    private volatile RouteTable table = RouteTable.Empty;

    public Routes(RouteTableBuilder builder, SessionStore sessions, ServiceSlots slots, ILogger<Routes> logger)
    {
        this.builder = builder;
        this.sessions = sessions;
        this.logger = logger;
        slots.Noticed += OnNotice;
    }

    public RouteTable Table => table;

    /// <summary>Raised when a new table is in force, before anybody is told of it.</summary>
    public event Action? Swapped;

    /// <summary>Builds the table of a snapshot and swaps it in; a snapshot that cannot be built leaves the old one.</summary>
    public void Swap(StoreSnapshot snapshot)
    {
        lock (swapping)
        {
            RouteTable next;
            try
            {
                next = builder.Build(snapshot);
            }
            catch (Exception e)
            {
                GatewayLog.RoutesFailed(logger, e, snapshot.Epoch);
                return;
            }
            var before = table;
            table = next;
            // First those go who may not know any more, then the others are told.
            Swapped?.Invoke();
            GatewayLog.RoutesSwapped(logger, next.Epoch, next.ById.Count, next.ById.Values.Sum(g => g.ToolList.Count));
            foreach (var (id, group) in next.ById)
            {
                before.ById.TryGetValue(id, out var old);
                WarnOfMisfits(old, group);
                if (old is not null)
                    TellChanges(old, group);
            }
        }
    }

    // Once for each: a table is built anew with every change of anything.
    private void WarnOfMisfits(GroupRoute? old, GroupRoute now)
    {
        foreach (var (name, route) in now.Tools)
        {
            if (route.View is { IsHeld: true } view && old?.Tools.GetValueOrDefault(name)?.View is not { IsHeld: true })
                GatewayLog.ViewMisfit(logger, name, now.Config.ServerCode, view.Problems.First(p => p.Holds).Text);
        }
    }

    private void TellChanges(GroupRoute old, GroupRoute now)
    {
        foreach (var (method, stamp, wanted) in Lists)
        {
            if (stamp(old) == stamp(now))
                continue;
            var message = MessageBytes.Notification(method, default);
            foreach (var session in sessions.OfGroup(now.Config.Id))
                session.Push(message);
            foreach (var listener in now.Traffic.Listeners.Keys)
            {
                if (wanted(listener.Filter))
                    listener.Reply.Send(listener.Message(method));
            }
        }
    }

    private void OnNotice(ServiceSlot slot, McpMethod method, ReadOnlyMemory<byte> parameters)
    {
        var groups = table.ById.Values.Where(g => g.Services.Contains(slot));
        if (method == McpMethod.NotificationsResourcesUpdated)
        {
            var uri = JsonScan.Text(parameters.Span, "uri"u8);
            if (uri is null)
                return;
            foreach (var group in groups)
                TellUpdate(group, slot, uri);
        }
        else if (method == McpMethod.NotificationsMessage)
        {
            var level = JsonScan.Text(parameters.Span, "level"u8);
            var message = MessageBytes.Notification(method, parameters.Span);
            foreach (var session in groups.SelectMany(g => sessions.OfGroup(g.Config.Id)))
            {
                if (session.LogLevel is null || LogLevels.Includes(session.LogLevel, level))
                    session.Push(message);
            }
        }
    }

    private void TellUpdate(GroupRoute group, ServiceSlot slot, string upstreamUri)
    {
        foreach (var session in sessions.OfGroup(group.Config.Id))
        {
            foreach (var uri in session.Subscriptions())
            {
                if (Leads(group, uri, slot, upstreamUri))
                    session.Push(MessageBytes.Notification(McpMethod.NotificationsResourcesUpdated, UriParams(uri)));
            }
        }
        foreach (var listener in group.Traffic.Listeners.Keys)
        {
            foreach (var uri in listener.Filter.Uris)
            {
                if (Leads(group, uri, slot, upstreamUri))
                    listener.Reply.Send(
                        listener.Message(McpMethod.NotificationsResourcesUpdated, quotedUri: Quoted(uri))
                    );
            }
        }
    }

    private static bool Leads(GroupRoute group, string uri, ServiceSlot slot, string upstreamUri) =>
        group.FindResource(uri) is { } route && route.Slot == slot && route.UpstreamName == upstreamUri;

    private static byte[] UriParams(string uri) => Encoding.UTF8.GetBytes($"{{\"uri\":{Quoted(uri)}}}");

    private static string Quoted(string text) => Encoding.UTF8.GetString(JsonText.Quote(text));
}
