using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using Fairlead.Protocol;
using Fairlead.Protocol.Http;
using Fairlead.Server.Gateway.Policies;
using Fairlead.Server.Services;
using Fairlead.Server.Storage;
using Fairlead.Server.Tools;

namespace Fairlead.Server.Gateway.Routing;

/// <summary>Compiles a store snapshot into a route table. Pure but for the long-lived parts it looks up by id.</summary>
internal sealed class RouteTableBuilder(ServiceSlots slots, NativeTools native, GatewayOptions options)
{
    private readonly ConcurrentDictionary<GroupId, GroupTraffic> traffic = new();

    public RouteTable Build(StoreSnapshot snapshot)
    {
        var catalogue = snapshot.Catalogue.ToLookup(c => (c.Service, c.Kind, c.Name));
        var services = snapshot.Services.ToDictionary(s => s.Id);
        var byGroup = snapshot.Publications.ToLookup(p => p.Group);
        var groups = snapshot.Groups.ToFrozenDictionary(g => g.Id, g => Group(g, byGroup[g.Id], catalogue, services));
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

    private GroupRoute Group(
        GroupConfig group,
        IEnumerable<PublicationConfig> publications,
        ILookup<(ServiceId, ItemKind, string), CatalogueItem> catalogue,
        Dictionary<ServiceId, ServiceConfig> services
    )
    {
        // Listed in the order of the services and of their own lists, so that the order never depends on who started first.
        var live = publications
            .Where(p => p is { Enabled: true, Removed: false })
            .Select(p => (Publication: p, Item: Definition(p, catalogue)))
            .Where(p =>
                p.Item is { State: not ItemState.Pending }
                && (p.Publication.Service is not { } s || group.Services.Contains(s))
            )
            .Where(p => p.Publication.Service is not null || group.PublishNative)
            .OrderBy(p => p.Publication.Service is { } s ? services.GetValueOrDefault(s)?.Position ?? 0 : -1)
            .ThenBy(p => p.Item!.Position)
            .ToList();
        return new GroupRoute
        {
            Config = group,
            Traffic = traffic.GetOrAdd(group.Id, static _ => new GroupTraffic()),
            Tools = Names(live, ItemKind.Tool, services),
            Prompts = Names(live, ItemKind.Prompt, services),
            Resources = Names(live, ItemKind.Resource, services),
            Templates =
            [
                .. live.Where(p => p.Publication.Kind == ItemKind.ResourceTemplate)
                    .Select(p => new TemplateRoute(
                        new UriTemplate(p.Publication.UpstreamName),
                        Prefix(p.Publication),
                        Route(p, services)
                    ))
                    // One that is served is found before one that is held.
                    .OrderBy(t => t.Route.IsHeld),
            ],
            ToolList = List("tools", "name"u8, live, ItemKind.Tool),
            PromptList = List("prompts", "name"u8, live, ItemKind.Prompt),
            ResourceList = List("resources", "uri"u8, live, ItemKind.Resource),
            TemplateList = List("resourceTemplates", "uriTemplate"u8, live, ItemKind.ResourceTemplate),
            Services = [.. group.Services.Select(slots.Get)],
        };
    }

    private CatalogueItem? Definition(
        PublicationConfig p,
        ILookup<(ServiceId, ItemKind, string), CatalogueItem> catalogue
    ) =>
        p.Service is { } service ? catalogue[(service, p.Kind, p.UpstreamName)].FirstOrDefault()
        : p.Kind == ItemKind.Tool ? native.Definition(p.UpstreamName)
        : null;

    private FrozenDictionary<string, ItemRoute> Names(
        List<(PublicationConfig Publication, CatalogueItem? Item)> live,
        ItemKind kind,
        Dictionary<ServiceId, ServiceConfig> services
    ) =>
        live.Where(p => p.Publication.Kind == kind)
            .ToFrozenDictionary(
                p => p.Publication.ExposedName,
                p =>
                    Route(p, services) with
                    {
                        ParamHeaders = (kind == ItemKind.Tool ? Mirrored(p.Item!) : null) ?? ParamHeaders.None,
                    }
            );

    // Null when the annotations break a rule: such a tool is in no modern list (R20). Services that speak modern HTTP
    // are not even taken in with one.
    private static ParamHeaders? Mirrored(CatalogueItem item) =>
        ParamHeaders.Read(JsonScan.Value(item.Definition.Span, "inputSchema"u8), out _);

    private ItemRoute Route(
        (PublicationConfig Publication, CatalogueItem? Item) live,
        Dictionary<ServiceId, ServiceConfig> services
    )
    {
        var p = live.Publication;
        return new()
        {
            Publication = p,
            IsHeld = live.Item!.State != ItemState.Served,
            Slot = p.Service is { } service ? slots.Get(service) : native.Slot,
            ServiceName = p.Service is { } id ? services.GetValueOrDefault(id)?.Name ?? "removed" : "native",
            UpstreamName = p.UpstreamName,
            Deadline = p.TimeoutSeconds > 0 ? TimeSpan.FromSeconds(p.TimeoutSeconds) : options.CallDeadline,
        };
    }

    // An exposed template that carries its owner's prefix in front of the owner's own one.
    private static string? Prefix(PublicationConfig p) =>
        p.ExposedName.Length > p.UpstreamName.Length && p.ExposedName.EndsWith(p.UpstreamName, StringComparison.Ordinal)
            ? p.ExposedName[..^p.UpstreamName.Length]
            : null;

    private PublishedList List(
        string member,
        ReadOnlySpan<byte> nameKey,
        List<(PublicationConfig Publication, CatalogueItem? Item)> live,
        ItemKind kind
    )
    {
        var legacy = new List<byte[]>();
        var modern = new List<byte[]>();
        foreach (var (p, item) in live)
        {
            if (p.Kind != kind || item!.State != ItemState.Served)
                continue;
            var rendered = DefinitionWriter.Render(
                item!.Definition.Span,
                nameKey,
                p.ExposedName,
                p.Description,
                legacy: false
            );
            if (kind != ItemKind.Tool)
            {
                modern.Add(rendered);
                legacy.Add(rendered);
                continue;
            }
            if (Mirrored(item) is not null)
                modern.Add(rendered);
            legacy.Add(
                DefinitionWriter.Render(item.Definition.Span, nameKey, p.ExposedName, p.Description, legacy: true)
            );
        }
        return new PublishedList(member, legacy, modern, options);
    }
}
