namespace Fairlead.Client;

/// <summary>Names of what was decided on a definition.</summary>
public static class ReviewState
{
    /// <summary>Served, or free to be started.</summary>
    public const string Approved = "approved";

    /// <summary>Waits for a decision; in no list.</summary>
    public const string Held = "held";

    /// <summary>Refused; in no list.</summary>
    public const string Rejected = "rejected";
}

/// <summary>Something the gateway's scan found in a text of a service.</summary>
/// <param name="Kind"><c>hidden_text</c>, <c>mixed_scripts</c>, <c>instruction</c>, <c>sensitive_path</c>, <c>encoded_text</c> or <c>unpinned_package</c>.</param>
/// <param name="Level"><c>log</c>, <c>hold</c> or <c>block</c>.</param>
/// <param name="Where">Path in the definition.</param>
/// <param name="What">What it is.</param>
public sealed record ReviewFinding(string Kind, string Level, string Where, string What);

/// <summary>One value in which a definition differs from what was approved.</summary>
/// <param name="Path">Where.</param>
/// <param name="Old">The approved value; null where there was none.</param>
/// <param name="New">The value now; null where there is none.</param>
/// <param name="LowersCaution">Whether clients are told to be less careful than before.</param>
public sealed record ReviewChange(string Path, string? Old, string? New, bool LowersCaution);

/// <summary>A definition of a service and what was decided on it.</summary>
public record ReviewInfo
{
    /// <summary>What to name it by in a decision.</summary>
    public required string Id { get; init; }

    /// <summary>Name of its service.</summary>
    public required string Service { get; init; }

    /// <summary><c>tool</c>, <c>prompt</c>, <c>resource_template</c>, <c>instructions</c> or <c>launch</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Name or URI template; empty for instructions and launch.</summary>
    public string Name { get; init; } = "";

    /// <summary>SHA-256 of its canonical form.</summary>
    public required string Hash { get; init; }

    /// <summary>One of <see cref="ReviewState"/>.</summary>
    public required string State { get; init; }

    /// <summary>Whether another was approved before it.</summary>
    public bool IsChange { get; init; }

    /// <summary>Whether it tells clients to be less careful than what was approved.</summary>
    public bool LowersCaution { get; init; }

    /// <summary>When it was seen first, UTC.</summary>
    public DateTimeOffset SeenAt { get; init; }

    /// <summary>When it was decided on, UTC; null before.</summary>
    public DateTimeOffset? DecidedAt { get; init; }

    /// <summary>Id of the user who decided, or <c>policy:</c> and its name.</summary>
    public string? DecidedBy { get; init; }

    /// <summary>What the scan found.</summary>
    public IReadOnlyList<ReviewFinding> Findings { get; init; } = [];
}

/// <summary>A definition beside what was approved before it.</summary>
public sealed record ReviewDetail : ReviewInfo
{
    /// <summary>Whether its service has it now; only then it can be decided on.</summary>
    public bool IsCurrent { get; init; }

    /// <summary>Hash of what was approved before; null where nothing was.</summary>
    public string? OldHash { get; init; }

    /// <summary>What was approved before, a member a line.</summary>
    public string? OldText { get; init; }

    /// <summary>What it is now, a member a line.</summary>
    public string NewText { get; init; } = "";

    /// <summary>Each value that is another; empty where nothing was approved before.</summary>
    public IReadOnlyList<ReviewChange> Changes { get; init; } = [];
}

internal sealed record ReviewDecision(IReadOnlyList<string> Ids);
