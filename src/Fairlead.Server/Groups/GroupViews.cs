using System.Collections.Immutable;
using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Groups;

// Requests have setters: a generated reader would overwrite the defaults of init members that are absent.
internal sealed record CreateGroupRequest
{
    [Description("Unique, 1 to 100 characters.")]
    public string? Name { get; set; }
    public string Description { get; set; } = "";

    [Description("Unique code in /mcp/{code}; made from the name when absent.")]
    public string? ServerCode { get; set; }

    [Description("Roles one of which a call's user must have; empty: the key alone suffices.")]
    public ImmutableArray<string>? AllowedRoles { get; set; }

    [Description("Tiers one of which a call's user must have; empty: the key alone suffices.")]
    public ImmutableArray<string>? UserTierAccess { get; set; }

    [Description("Tool calls per minute; absent takes the default, 0 lifts the limit.")]
    public int? CallsPerMinute { get; set; }

    [Description("Concurrent calls; absent takes the default, 0 lifts the limit.")]
    public int? ConcurrentCalls { get; set; }

    [Description("Whether the gateway's native tools are published here.")]
    public bool PublishNative { get; set; }

    [Description(
        "Whether the call log keeps masked bodies of successful calls too; those of failed calls it always keeps."
    )]
    public bool LogBodies { get; set; }

    [Description("Whether clients are listed find_tools and call_tool instead of all tools.")]
    public bool FindTools { get; set; }

    [Description("Services to publish from the start: ids or names.")]
    public ImmutableArray<string>? Services { get; set; }
}

internal sealed record UpdateGroupRequest
{
    public string? Name { get; set; }
    public string? Description { get; set; }
    public string? ServerCode { get; set; }
    public ImmutableArray<string>? AllowedRoles { get; set; }
    public ImmutableArray<string>? UserTierAccess { get; set; }

    [Description("0 lifts the limit, -1 takes the default again.")]
    public int? CallsPerMinute { get; set; }

    [Description("0 lifts the limit, -1 takes the default again.")]
    public int? ConcurrentCalls { get; set; }
    public bool? PublishNative { get; set; }
    public bool? LogBodies { get; set; }
    public bool? FindTools { get; set; }
}

internal sealed record GroupView
{
    public required string Id { get; init; }
    public required string Name { get; init; }
    public required string Description { get; init; }
    public required string ServerCode { get; init; }
    public required bool Enabled { get; init; }
    public required IReadOnlyList<string> AllowedRoles { get; init; }
    public required IReadOnlyList<string> UserTierAccess { get; init; }
    public required int? CallsPerMinute { get; init; }
    public required int? ConcurrentCalls { get; init; }
    public required bool PublishNative { get; init; }
    public required bool LogBodies { get; init; }
    public required bool FindTools { get; init; }

    [Description("Published services, in order of publication.")]
    public required IReadOnlyList<GroupServiceView> Services { get; init; }
    public required string? CreatedBy { get; init; }
    public required DateTime CreatedAt { get; init; }
    public required DateTime UpdatedAt { get; init; }

    [Description("The key; only in the answer to creating the group.")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ApiKey { get; init; }

    /// <summary>The stored row with what the snapshot knows of its services.</summary>
    public static GroupView Of(GroupRow row, StoreSnapshot snapshot)
    {
        GroupConfig? config = snapshot.Groups.FirstOrDefault(group => group.Id.Value == row.Id);
        return new GroupView
        {
            Id = row.Id,
            Name = row.Name,
            Description = row.Description,
            ServerCode = row.ServerCode,
            Enabled = row.Enabled,
            AllowedRoles = row.AllowedRoles,
            UserTierAccess = row.UserTierAccess,
            CallsPerMinute = row.CallsPerMinute,
            ConcurrentCalls = row.ConcurrentCalls,
            PublishNative = row.PublishNative,
            LogBodies = row.LogBodies,
            FindTools = row.FindTools,
            Services =
            [
                .. from id in config?.Services ?? []
                join service in snapshot.Services on id equals service.Id
                select new GroupServiceView(id.Value, service.Name),
            ],
            CreatedBy = row.CreatedBy,
            CreatedAt = row.CreatedAt.UtcDateTime,
            UpdatedAt = row.UpdatedAt.UtcDateTime,
        };
    }
}

internal sealed record GroupServiceView(string Id, string Name);

internal sealed record ApiKeyView(string ApiKey);

internal sealed record RegenerateRequest
{
    [Description("How long the old key still works, 0 (at once, the default) to 604800 seconds.")]
    public int GraceSeconds { get; set; }
}

internal sealed record UpdateToolRequest
{
    [Description("The group the tool is published in.")]
    public string? GroupId { get; set; }
    public bool Enabled { get; set; } = true;

    [Description("Call deadline, 1 to 600 seconds.")]
    public int TimeoutSeconds { get; set; } = 30;

    [Description("Replaces the description models see; null leaves the tool's own.")]
    public string? Description { get; set; }

    [Description("Settings of the tool: a JSON object or null.")]
    public JsonElement? ConfigData { get; set; }

    [Description("How the group shows it; replaces the view before, {} takes it away, null leaves it.")]
    public ToolViewBody? View { get; set; }
}

internal sealed record ToolViewBody
{
    [Description("Its name in the group, 1 to 64 of A-Z a-z 0-9 _ -; null gives back the first one.")]
    public string? Name { get; set; }

    [Description("For people, at most 200 characters; null leaves the tool's own.")]
    public string? Title { get; set; }

    [Description("Parameters that callers neither see nor may send; none that the tool needs.")]
    public ImmutableArray<string>? Hidden { get; set; }

    [Description("Parameters with the value that goes into every call; hidden as well. Texts may hold ${secret:NAME}.")]
    public Dictionary<string, JsonElement>? Fixed { get; set; }
    public ToolHintsBody? Annotations { get; set; }

    public ToolViewConfig ToConfig() =>
        new()
        {
            Name = Name,
            Title = Title,
            Hidden = Hidden is { IsDefault: false } hidden ? hidden : [],
            Fixed = (Fixed ?? []).ToImmutableSortedDictionary(StringComparer.Ordinal),
            ReadOnlyHint = Annotations?.ReadOnlyHint,
            DestructiveHint = Annotations?.DestructiveHint,
            IdempotentHint = Annotations?.IdempotentHint,
            OpenWorldHint = Annotations?.OpenWorldHint,
        };

    public static ToolViewBody Of(ToolViewConfig view) =>
        new()
        {
            Name = view.Name,
            Title = view.Title,
            Hidden = view.Hidden,
            Fixed = new(view.Fixed),
            Annotations = new()
            {
                ReadOnlyHint = view.ReadOnlyHint,
                DestructiveHint = view.DestructiveHint,
                IdempotentHint = view.IdempotentHint,
                OpenWorldHint = view.OpenWorldHint,
            },
        };
}

[Description("Hints of the specification; null leaves the tool's own.")]
internal sealed record ToolHintsBody
{
    public bool? ReadOnlyHint { get; set; }
    public bool? DestructiveHint { get; set; }
    public bool? IdempotentHint { get; set; }
    public bool? OpenWorldHint { get; set; }
}

internal sealed record ViewProblemView(
    [property: Description("The member of the view.")] string Field,
    string Text,
    [property: Description("Whether the tool is held for it; else the part that does not fit is left out.")] bool Holds
);

internal sealed record ToolView
{
    public required string Id { get; init; }

    [Description("The name clients call it by.")]
    public required string ToolName { get; init; }

    [Description("The name it was given first.")]
    public required string GivenName { get; init; }
    public required string GroupId { get; init; }

    [Description("Null for a native tool.")]
    public required string? ServiceId { get; init; }
    public required string? ServiceName { get; init; }

    [Description("The name its owner gave it.")]
    public required string UpstreamName { get; init; }
    public required string Version { get; init; }
    public required string? Description { get; init; }
    public required bool Enabled { get; init; }
    public required int TimeoutSeconds { get; init; }
    public required JsonElement? ConfigData { get; init; }

    [Description("How the group shows it otherwise than its owner lists it; null for as it is.")]
    public required ToolViewBody? View { get; init; }

    [Description("What of the view does not fit the definition its owner lists now.")]
    public required IReadOnlyList<ViewProblemView> ViewProblems { get; init; }

    [Description("True where the view does not fit and the tool is not offered until it does.")]
    public required bool HeldByView { get; init; }

    [Description("The definition as its owner lists it; only of one tool.")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? OwnDefinition { get; init; }

    [Description("The definition as clients of the group see it; only of one tool.")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? OfferedDefinition { get; init; }
    public required DateTime CreatedAt { get; init; }
    public required DateTime UpdatedAt { get; init; }

    [Description("True in the answer to an update: the next call sees it.")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? EffectiveImmediately { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CreateGroupRequest))]
[JsonSerializable(typeof(UpdateGroupRequest))]
[JsonSerializable(typeof(RegenerateRequest))]
[JsonSerializable(typeof(UpdateToolRequest))]
[JsonSerializable(typeof(Envelope<GroupView>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<GroupView>>))]
[JsonSerializable(typeof(Envelope<ApiKeyView>))]
[JsonSerializable(typeof(Envelope<ToolView>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<ToolView>>))]
internal sealed partial class GroupsJson : JsonSerializerContext;
