namespace Fairlead.Server.Services.Trust;

/// <summary>What happens to definitions that nobody has approved yet.</summary>
internal enum TrustPolicy
{
    /// <summary>The first sight of a definition is approved; a change of it waits for a review.</summary>
    Auto,

    /// <summary>The first sight waits for a review, too.</summary>
    Review,

    /// <summary>Changes are approved as they come, and recorded: for services of one's own.</summary>
    Open,
}

/// <summary>What a finding of the static scan leads to (security.md section 4.4).</summary>
internal enum FindingLevel
{
    /// <summary>It is told.</summary>
    Log,

    /// <summary>The definition waits for a review, whatever the policy.</summary>
    Hold,

    /// <summary>The definition is never served and cannot be approved.</summary>
    Block,
}

/// <summary>What the static scan looks for.</summary>
internal enum FindingKind
{
    /// <summary>Characters that a person does not see and a model reads.</summary>
    HiddenText,

    /// <summary>A name in letters of several alphabets that look alike.</summary>
    MixedScripts,

    /// <summary>A phrase that is addressed to the model.</summary>
    Instruction,

    /// <summary>The place of a secret, such as <c>~/.ssh</c>.</summary>
    SensitivePath,

    /// <summary>A long run of base64.</summary>
    EncodedText,

    /// <summary>A package that is started without its version: what runs can change by itself.</summary>
    UnpinnedPackage,
}

/// <summary>How far services are trusted. A score is no proof: what is told by default is what honest services do, too.</summary>
internal sealed record TrustOptions
{
    /// <summary>Policy of services that name none; auto.</summary>
    public TrustPolicy Default { get; init; } = TrustPolicy.Auto;

    /// <summary>Zero-width, bidirectional, tag and other unseen characters; hold.</summary>
    public FindingLevel HiddenText { get; init; } = FindingLevel.Hold;

    /// <summary>Names that mix alphabets which look alike; hold.</summary>
    public FindingLevel MixedScripts { get; init; } = FindingLevel.Hold;

    /// <summary>Phrases addressed to the model; log.</summary>
    public FindingLevel Instruction { get; init; } = FindingLevel.Log;

    /// <summary>Places of secrets; log.</summary>
    public FindingLevel SensitivePath { get; init; } = FindingLevel.Log;

    /// <summary>Long runs of base64; log.</summary>
    public FindingLevel EncodedText { get; init; } = FindingLevel.Log;

    /// <summary>Packages without a version; log.</summary>
    public FindingLevel UnpinnedPackage { get; init; } = FindingLevel.Log;

    public FindingLevel LevelOf(FindingKind kind) =>
        kind switch
        {
            FindingKind.HiddenText => HiddenText,
            FindingKind.MixedScripts => MixedScripts,
            FindingKind.Instruction => Instruction,
            FindingKind.SensitivePath => SensitivePath,
            FindingKind.EncodedText => EncodedText,
            _ => UnpinnedPackage,
        };

    /// <summary>The strictest level of some findings; null without any.</summary>
    public FindingLevel? LevelOf(IEnumerable<TextFinding> findings) =>
        findings.Max(f => (FindingLevel?)LevelOf(f.Kind));
}

/// <summary>Something the static scan found.</summary>
/// <param name="Kind">What.</param>
/// <param name="Where">Path in the definition, such as <c>inputSchema.properties.path.description</c>.</param>
/// <param name="What">What it is, readable: unseen characters by their numbers.</param>
internal sealed record TextFinding(FindingKind Kind, string Where, string What);
