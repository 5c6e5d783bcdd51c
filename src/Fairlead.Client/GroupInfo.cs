namespace Fairlead.Client;

/// <summary>A group (requirement A-13).</summary>
public sealed record GroupInfo
{
    /// <summary>Stable id.</summary>
    public required string Id { get; init; }

    /// <summary>Unique name.</summary>
    public required string Name { get; init; }

    /// <summary>For people; may be empty.</summary>
    public string Description { get; init; } = "";

    /// <summary>Its code in <c>/mcp/{code}</c>.</summary>
    public required string ServerCode { get; init; }

    /// <summary>Whether calls are let in.</summary>
    public bool Enabled { get; init; }

    /// <summary>Roles one of which a call's user must have; empty: the key suffices.</summary>
    public IReadOnlyList<string> AllowedRoles { get; init; } = [];

    /// <summary>Tiers one of which a call's user must have; empty: the key suffices.</summary>
    public IReadOnlyList<string> UserTierAccess { get; init; } = [];

    /// <summary>Tool calls per minute; null is the gateway's default, 0 no limit.</summary>
    public int? CallsPerMinute { get; init; }

    /// <summary>Calls at once; null is the gateway's default, 0 no limit.</summary>
    public int? ConcurrentCalls { get; init; }

    /// <summary>Whether the gateway's own tools are published here.</summary>
    public bool PublishNative { get; init; }

    /// <summary>Whether the call log keeps masked bodies of successful calls too .</summary>
    public bool LogBodies { get; init; }

    /// <summary>Whether clients are listed <c>find_tools</c> and <c>call_tool</c> instead of all tools.</summary>
    public bool FindTools { get; init; }

    /// <summary>Published services in order of publication.</summary>
    public IReadOnlyList<GroupMember> Services { get; init; } = [];

    /// <summary>Id of the user who made it; null when the gateway did.</summary>
    public string? CreatedBy { get; init; }

    /// <summary>UTC.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>UTC.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>The key: a secret; only in the answer to <see cref="GroupsClient.CreateAsync"/>.</summary>
    public string? ApiKey { get; init; }
}

/// <summary>A service published in a group.</summary>
/// <param name="Id">The service's id.</param>
/// <param name="Name">The service's name.</param>
public sealed record GroupMember(string Id, string Name);

/// <summary>A group to be made.</summary>
public sealed record GroupDraft
{
    /// <summary>Unique, 1 to 100 characters.</summary>
    public required string Name { get; init; }

    /// <summary>At most 2000 characters.</summary>
    public string Description { get; init; } = "";

    /// <summary>Unique code in <c>/mcp/{code}</c>; null makes one from the name.</summary>
    public string? ServerCode { get; init; }

    /// <summary>Null or empty: the key suffices.</summary>
    public IReadOnlyList<string>? AllowedRoles { get; init; }

    /// <summary>Null or empty: the key suffices.</summary>
    public IReadOnlyList<string>? UserTierAccess { get; init; }

    /// <summary>Null takes the default, 0 lifts the limit.</summary>
    public int? CallsPerMinute { get; init; }

    /// <summary>Null takes the default, 0 lifts the limit.</summary>
    public int? ConcurrentCalls { get; init; }

    /// <summary>Whether the gateway's own tools are published here.</summary>
    public bool PublishNative { get; init; }

    /// <summary>Whether the call log keeps masked bodies of successful calls too .</summary>
    public bool LogBodies { get; init; }

    /// <summary>Whether clients are listed <c>find_tools</c> and <c>call_tool</c> instead of all tools.</summary>
    public bool FindTools { get; init; }

    /// <summary>Ids or names of services to publish from the start.</summary>
    public IReadOnlyList<string>? Services { get; init; }
}

/// <summary>Changes of a group; null leaves a member as it is.</summary>
public sealed record GroupChange
{
    /// <summary>Unique, 1 to 100 characters.</summary>
    public string? Name { get; init; }

    /// <summary>At most 2000 characters.</summary>
    public string? Description { get; init; }

    /// <summary>Unique code in <c>/mcp/{code}</c>.</summary>
    public string? ServerCode { get; init; }

    /// <summary>Empty: the key suffices.</summary>
    public IReadOnlyList<string>? AllowedRoles { get; init; }

    /// <summary>Empty: the key suffices.</summary>
    public IReadOnlyList<string>? UserTierAccess { get; init; }

    /// <summary>0 lifts the limit, -1 takes the default again.</summary>
    public int? CallsPerMinute { get; init; }

    /// <summary>0 lifts the limit, -1 takes the default again.</summary>
    public int? ConcurrentCalls { get; init; }

    /// <summary>Whether the gateway's own tools are published here.</summary>
    public bool? PublishNative { get; init; }

    /// <summary>Whether the call log keeps masked bodies of successful calls too .</summary>
    public bool? LogBodies { get; init; }

    /// <summary>Whether clients are listed <c>find_tools</c> and <c>call_tool</c> instead of all tools.</summary>
    public bool? FindTools { get; init; }
}

internal sealed record GroupKey(string ApiKey);

internal sealed record KeyGrace(int GraceSeconds);
