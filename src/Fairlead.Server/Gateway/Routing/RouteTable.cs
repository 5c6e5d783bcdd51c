using System.Collections.Frozen;
using System.Collections.Immutable;
using Fairlead.Protocol.Http;
using Fairlead.Server.Gateway.Finding;
using Fairlead.Server.Gateway.Policies;
using Fairlead.Server.Services;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Gateway.Routing;

/// <summary>Where every key, code, name and URI leads. Immutable; a change builds a new one and swaps it whole.</summary>
internal sealed record RouteTable(
    long Epoch,
    FrozenDictionary<KeyDigest, KeyRoute> ByKey,
    FrozenDictionary<string, GroupRoute> ByCode,
    FrozenDictionary<GroupId, GroupRoute> ById
)
{
    public static readonly RouteTable Empty = new(
        0,
        FrozenDictionary<KeyDigest, KeyRoute>.Empty,
        FrozenDictionary<string, GroupRoute>.Empty,
        FrozenDictionary<GroupId, GroupRoute>.Empty
    );

    /// <summary>Keys of this table by the header strings they last came in.</summary>
    public KeyMemo Seen { get; } = new();
}

/// <summary>A key's group and, for a key in its grace period, the end of it.</summary>
internal sealed record KeyRoute(GroupRoute Group, DateTimeOffset? ValidUntil);

/// <summary>One group, compiled: its rules, its names and its ready-made lists.</summary>
internal sealed class GroupRoute
{
    public required GroupConfig Config { get; init; }

    /// <summary>What lives longer than one table: limits, listeners.</summary>
    public required GroupTraffic Traffic { get; init; }
    public required FrozenDictionary<string, ItemRoute> Tools { get; init; }
    public required FrozenDictionary<string, ItemRoute> Prompts { get; init; }
    public required FrozenDictionary<string, ItemRoute> Resources { get; init; }
    public required ImmutableArray<TemplateRoute> Templates { get; init; }

    /// <summary>What clients find tools with where none are listed; null where all are.</summary>
    public ToolFinder? Finder { get; init; }
    public required PublishedList ToolList { get; init; }
    public required PublishedList PromptList { get; init; }
    public required PublishedList ResourceList { get; init; }
    public required PublishedList TemplateList { get; init; }

    /// <summary>The services published here; a resource no list names is looked for among them by template only.</summary>
    public required ImmutableArray<ServiceSlot> Services { get; init; }

    /// <summary>Whether a user must be named besides the key .</summary>
    public bool NeedsUser => Config.AllowedRoles.Length > 0 || Config.UserTierAccess.Length > 0;

    /// <summary>The owner of a resource URI: listed, or matching a template.</summary>
    public ItemRoute? FindResource(string uri)
    {
        if (Resources.TryGetValue(uri, out var listed))
            return listed;
        foreach (var template in Templates)
        {
            if (template.Matches(uri) is { } upstream)
                return template.Route with { UpstreamName = upstream };
        }
        return null;
    }
}

/// <summary>One exposed name and its owner. Routing is by this record, never by parsing the name.</summary>
internal sealed record ItemRoute
{
    public required PublicationConfig Publication { get; init; }
    public required ServiceSlot Slot { get; init; }

    /// <summary>The owning service's name, <c>native</c> for ours; for errors and logs.</summary>
    public required string ServiceName { get; init; }

    /// <summary>The owner's own name or URI.</summary>
    public required string UpstreamName { get; init; }
    public required TimeSpan Deadline { get; init; }

    /// <summary>Its definition waits for a review: no list has it and calls are refused (security.md section 4.1).</summary>
    public bool IsHeld { get; init; }

    /// <summary>Names of parameters whose values no log keeps; null for none.</summary>
    public FrozenSet<string>? Sensitive { get; init; }

    /// <summary>Roles that a native tool asks for; each is a set of which the user must have one.</summary>
    public ImmutableArray<ImmutableArray<string>> Roles { get; init; }

    /// <summary>Whether its annotations say that it may be asked twice (<c>readOnlyHint</c>, <c>idempotentHint</c>).</summary>
    public bool IsIdempotent { get; init; }

    /// <summary>Whether its owner's word that a resource is the same for everybody is passed on.</summary>
    public bool TrustsPublicCache { get; init; }

    /// <summary>Parameters that modern clients mirror into headers (R19).</summary>
    public ParamHeaders ParamHeaders { get; init; } = ParamHeaders.None;

    /// <summary>The same of its owner's own definition: what we mirror, values that a view fixes among them.</summary>
    public ParamHeaders OwnHeaders { get; init; } = ParamHeaders.None;

    /// <summary>What a view says of its calls; null where none hides or fixes a parameter.</summary>
    public ViewRoute? View { get; init; }
}

/// <summary>A published URI template and its owner.</summary>
internal sealed record TemplateRoute(UriTemplate Template, string? Prefix, ItemRoute Route)
{
    /// <summary>The owner's URI when the given one fits, else null.</summary>
    public string? Matches(string uri)
    {
        var own =
            Prefix is null ? uri
            : uri.StartsWith(Prefix, StringComparison.Ordinal) ? uri[Prefix.Length..]
            : null;
        return own is not null && Template.Matches(own) ? own : null;
    }
}
