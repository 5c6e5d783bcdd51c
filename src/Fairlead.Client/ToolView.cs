using System.Text.Json;

namespace Fairlead.Client;

/// <summary>How a group shows a tool otherwise than its owner lists it (requirement A-55); null leaves the owner's.</summary>
public sealed record ToolView
{
    /// <summary>Its name in the group, 1 to 64 of A-Z a-z 0-9 _ -; null is the name it was given first.</summary>
    public string? Name { get; init; }

    /// <summary>For people, at most 200 characters.</summary>
    public string? Title { get; init; }

    /// <summary>Parameters that callers neither see nor may send; none that the tool needs.</summary>
    public IReadOnlyList<string>? Hidden { get; init; }

    /// <summary>
    /// Parameters with the value that goes into every call; hidden as well. Texts may hold <c>${secret:NAME}</c>.
    /// </summary>
    public IReadOnlyDictionary<string, JsonElement>? Fixed { get; init; }

    /// <summary>Hints for clients and models.</summary>
    public ToolHints? Annotations { get; init; }
}

/// <summary>Hints of the specification (server/tools "Tool annotations"); null leaves the owner's.</summary>
public sealed record ToolHints
{
    /// <summary>It changes nothing.</summary>
    public bool? ReadOnlyHint { get; init; }

    /// <summary>What it changes may be lost.</summary>
    public bool? DestructiveHint { get; init; }

    /// <summary>The same call twice changes no more than once; the gateway may then repeat it.</summary>
    public bool? IdempotentHint { get; init; }

    /// <summary>It deals with what is outside of it.</summary>
    public bool? OpenWorldHint { get; init; }
}

/// <summary>What of a view does not fit the definition that the tool's owner lists now.</summary>
/// <param name="Field">The member, for example <c>view.fixed.root</c>.</param>
/// <param name="Text">What is wrong.</param>
/// <param name="Holds">Whether the tool is held for it; else the part that does not fit is left out.</param>
public sealed record ToolViewProblem(string Field, string Text, bool Holds);
