using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using Fairlead.Protocol;
using Fairlead.Protocol.Http;
using Fairlead.Server.Gateway.Finding;
using Fairlead.Server.Gateway.Policies;
using Fairlead.Server.Groups.Views;
using Fairlead.Server.Services;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Secrets;
using Fairlead.Server.Tools;

namespace Fairlead.Server.Gateway.Routing;

/// <summary>Compiles a store snapshot into a route table. Pure but for the long-lived parts it looks up by id.</summary>
internal sealed class RouteTableBuilder(
    ServiceSlots slots,
    NativeTools native,
    GatewayOptions options,
    ReadSecret secrets
)
{
    private readonly ConcurrentDictionary<GroupId, GroupTraffic> traffic = new();

    public RouteTable Build(StoreSnapshot snapshot)
    {
        var catalogue = snapshot.Catalogue.ToLookup(c => (c.Service, c.Kind, c.Name));
        var services = snapshot.Services.ToDictionary(s => s.Id);
        var byGroup = snapshot.Publications.ToLookup(p => p.Group);
        var groups = snapshot.Groups.ToFrozenDictionary(
            g => g.Id,
            g => Group(g, Live(g, byGroup[g.Id], catalogue, services, snapshot), services)
        );
        foreach (var gone in traffic.Keys.Where(id => !groups.ContainsKey(id)))
            traffic.TryRemove(gone, out _);
        return new RouteTable(
            snapshot.Epoch,
            groups
                .Values.SelectMany(g => g.Config.KeyHashes.Select(k => (Hash: k, Group: g)))
                .ToFrozenDictionary(
                    k => KeyDigest.OfHex(k.Hash.Sha256Hex),
                    k => new KeyRoute(k.Group, k.Hash.ValidUntil)
                ),
            groups.Values.ToFrozenDictionary(g => g.Config.ServerCode),
            groups
        );
    }

    // Listed in the order of the services and of their own lists, so that the order never depends on who started first.
    private List<LiveItem> Live(
        GroupConfig group,
        IEnumerable<PublicationConfig> publications,
        ILookup<(ServiceId, ItemKind, string), CatalogueItem> catalogue,
        Dictionary<ServiceId, ServiceConfig> services,
        StoreSnapshot snapshot
    ) =>
        publications
            .Where(p => p is { Enabled: true, Removed: false })
            .Select(p => (Publication: p, Item: Definition(p, catalogue, group.ServerCode)))
            .Where(p =>
                p.Item is { State: not ItemState.Pending }
                && (p.Publication.Service is not { } s || group.Services.Contains(s))
            )
            .Where(p => p.Publication.Service is not null || group.PublishNative)
            .OrderBy(p => p.Publication.Service is { } s ? services.GetValueOrDefault(s)?.Position ?? 0 : -1)
            .ThenBy(p => p.Item!.Position)
            .Select(p => Viewed(p.Publication, p.Item!, snapshot))
            .ToList();

    private LiveItem Viewed(PublicationConfig publication, CatalogueItem item, StoreSnapshot snapshot)
    {
        if (publication.View is not { ChangesDefinition: true } view)
            return new(publication, item, item.Definition, null);
        var compiled = CompiledView.Of(item.Definition, view, name => secrets(snapshot, name));
        return new(publication, item, compiled.Definition, ViewRoute.Of(view, compiled));
    }

    private GroupRoute Group(GroupConfig group, List<LiveItem> live, Dictionary<ServiceId, ServiceConfig> services)
    {
        var tools = Names(live, ItemKind.Tool, services, group.ServerCode);
        var finder = group.FindTools ? Finder(live, tools) : null;
        return new GroupRoute
        {
            Config = group,
            Traffic = traffic.GetOrAdd(group.Id, static id => new GroupTraffic(id)),
            Tools = tools,
            Finder = finder,
            Prompts = Names(live, ItemKind.Prompt, services, group.ServerCode),
            Resources = Names(live, ItemKind.Resource, services, group.ServerCode),
            Templates =
            [
                .. live.Where(p => p.Publication.Kind == ItemKind.ResourceTemplate)
                    .Select(p => new TemplateRoute(
                        new UriTemplate(p.Publication.UpstreamName),
                        Prefix(p.Publication),
                        Route(p, services, group.ServerCode)
                    ))
                    // One that is served is found before one that is held.
                    .OrderBy(t => t.Route.IsHeld),
            ],
            ToolList = finder is null ? List("tools", "name"u8, live, ItemKind.Tool) : FindersOwn(),
            PromptList = List("prompts", "name"u8, live, ItemKind.Prompt),
            ResourceList = List("resources", "uri"u8, live, ItemKind.Resource),
            TemplateList = List("resourceTemplates", "uriTemplate"u8, live, ItemKind.ResourceTemplate),
            Services = [.. group.Services.Select(slots.Get)],
        };
    }

    private CatalogueItem? Definition(
        PublicationConfig p,
        ILookup<(ServiceId, ItemKind, string), CatalogueItem> catalogue,
        string group
    ) =>
        p.Service is { } service
            ? catalogue[(service, p.Kind, p.UpstreamName)].FirstOrDefault()
            : native.Definition(p.Kind, p.UpstreamName, group);

    private FrozenDictionary<string, ItemRoute> Names(
        List<LiveItem> live,
        ItemKind kind,
        Dictionary<ServiceId, ServiceConfig> services,
        string group
    ) =>
        live.Where(p => p.Publication.Kind == kind)
            .ToFrozenDictionary(
                p => p.Publication.ExposedName,
                p => kind == ItemKind.Tool ? ToolRoute(p, services, group) : Route(p, services, group)
            );

    private ItemRoute ToolRoute(LiveItem live, Dictionary<ServiceId, ServiceConfig> services, string group)
    {
        var shown = Mirrored(live.Definition.Span) ?? ParamHeaders.None;
        return Route(live, services, group) with
        {
            IsIdempotent = SaysIdempotent(live.Definition.Span),
            ParamHeaders = shown,
            OwnHeaders = live.View is null ? shown : Mirrored(live.Item.Definition.Span) ?? ParamHeaders.None,
        };
    }

    // Null when the annotations break a rule: such a tool is in no modern list (R20). Services that speak modern HTTP
    // are not even taken in with one.
    private static ParamHeaders? Mirrored(ReadOnlySpan<byte> definition) =>
        ParamHeaders.Read(JsonScan.Value(definition, "inputSchema"u8), out _);

    // The quick search rules nearly all definitions out.
    private static bool SaysIdempotent(ReadOnlySpan<byte> definition)
    {
        if (definition.IndexOf("Hint\""u8) < 0)
            return false;
        var hints = JsonScan.Value(definition, "annotations"u8);
        return !hints.IsEmpty
            && hints[0] == (byte)'{'
            && (JsonScan.Has(hints, "readOnlyHint"u8) || JsonScan.Has(hints, "idempotentHint"u8));
    }

    private ItemRoute Route(LiveItem live, Dictionary<ServiceId, ServiceConfig> services, string group)
    {
        var p = live.Publication;
        var policy = p.Service is null && p.Kind == ItemKind.Tool ? native.Policy(p.UpstreamName, group) : null;
        return new()
        {
            Publication = p,
            IsHeld = !live.IsListed,
            View = live.View,
            Slot = p.Service is { } service ? slots.Get(service) : native.Slot,
            TrustsPublicCache =
                p.Service is { } owner && services.GetValueOrDefault(owner)?.Definition.TrustPublicCache == true,
            ServiceName = p.Service is { } id ? services.GetValueOrDefault(id)?.Name ?? "removed" : "native",
            UpstreamName = p.UpstreamName,
            Sensitive = policy?.Sensitive,
            Roles = policy?.RequiredRoles ?? [],
            Deadline = p.TimeoutSeconds > 0 ? TimeSpan.FromSeconds(p.TimeoutSeconds) : options.CallDeadline,
        };
    }

    // An exposed template that carries its owner's prefix in front of the owner's own one.
    private static string? Prefix(PublicationConfig p) =>
        p.ExposedName.Length > p.UpstreamName.Length && p.ExposedName.EndsWith(p.UpstreamName, StringComparison.Ordinal)
            ? p.ExposedName[..^p.UpstreamName.Length]
            : null;

    private PublishedList List(string member, ReadOnlySpan<byte> nameKey, List<LiveItem> live, ItemKind kind)
    {
        var legacy = new List<byte[]>();
        var modern = new List<byte[]>();
        foreach (var item in live.Where(i => i.Publication.Kind == kind && i.IsListed))
        {
            var (old, now) = Render(item, nameKey);
            legacy.Add(old);
            if (now is not null)
                modern.Add(now);
        }
        return new PublishedList(member, legacy, modern, options);
    }

    private static ToolFinder Finder(List<LiveItem> live, FrozenDictionary<string, ItemRoute> routes) =>
        new([
            .. live.Where(i => i.Publication.Kind == ItemKind.Tool && i.IsListed)
                .Select(i =>
                {
                    var (legacy, modern) = Render(i, "name"u8);
                    return new FoundTool(routes[i.Publication.ExposedName], legacy, modern);
                }),
        ]);

    private PublishedList FindersOwn()
    {
        byte[][] own = [FinderDefinitions.Find, FinderDefinitions.Call];
        return new PublishedList("tools", own, own, options);
    }

    // For modern clients null where they must not be listed it.
    private static (byte[] Legacy, byte[]? Modern) Render(LiveItem item, ReadOnlySpan<byte> nameKey)
    {
        var p = item.Publication;
        var modern = DefinitionWriter.Render(
            item.Definition.Span,
            nameKey,
            p.ExposedName,
            p.Description,
            legacy: false
        );
        return p.Kind != ItemKind.Tool
            ? (modern, modern)
            : (
                DefinitionWriter.Render(item.Definition.Span, nameKey, p.ExposedName, p.Description, legacy: true),
                Mirrored(item.Definition.Span) is null ? null : modern
            );
    }

    // Definition: as a view shows it. View: null where calls go on as they come.
    private readonly record struct LiveItem(
        PublicationConfig Publication,
        CatalogueItem Item,
        ReadOnlyMemory<byte> Definition,
        ViewRoute? View
    )
    {
        public bool IsListed => Item.State == ItemState.Served && View is not { IsHeld: true };
    }
}
