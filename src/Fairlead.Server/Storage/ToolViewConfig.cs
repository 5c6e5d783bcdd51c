using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fairlead.Server.Storage;

/// <summary>
/// How a group offers one tool otherwise than its owner lists it; stored as JSON in <c>mcp_tools.tool_view</c>,
/// <see cref="Schema"/> numbers its shape. Null leaves a thing as the owner has it.
/// </summary>
internal sealed record ToolViewConfig
{
    public int Schema { get; init; } = 1;

    /// <summary>The name in the group.</summary>
    public string? Name { get; init; }
    public string? Title { get; init; }

    /// <summary>Parameters that callers neither see nor may send.</summary>
    public ImmutableArray<string> Hidden { get; init; } = [];

    /// <summary>Parameters with one value for all calls, hidden as well; texts may hold <c>${secret:NAME}</c>.</summary>
    public ImmutableSortedDictionary<string, JsonElement> Fixed { get; init; } =
        ImmutableSortedDictionary<string, JsonElement>.Empty;

    public bool? ReadOnlyHint { get; init; }
    public bool? DestructiveHint { get; init; }
    public bool? IdempotentHint { get; init; }
    public bool? OpenWorldHint { get; init; }

    /// <summary>Whether it leaves everything as it is.</summary>
    [JsonIgnore]
    public bool IsEmpty => Name is null && !ChangesDefinition;

    /// <summary>Whether the definition that clients see is another than the owner's, its name aside.</summary>
    [JsonIgnore]
    public bool ChangesDefinition => Title is not null || HasHints || HidesParameters;

    [JsonIgnore]
    public bool HasHints => (ReadOnlyHint ?? DestructiveHint ?? IdempotentHint ?? OpenWorldHint) is not null;

    [JsonIgnore]
    public bool HidesParameters => Hidden.Length > 0 || Fixed.Count > 0;

    /// <summary>All texts in which secrets may be referred to, as JSON.</summary>
    [JsonIgnore]
    public IEnumerable<string> Texts => Fixed.Values.Select(static value => value.GetRawText());
}
