namespace Fairlead.Runtime;

/// <summary>What to start: one stdio service (S-04).</summary>
public sealed record ProcessSpec
{
    /// <summary>Name for logs and thread names.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// Program to run. With a slash it is a path, relative to <see cref="WorkingDirectory"/>; without one it is looked
    /// up in the <c>PATH</c> the child will have. No shell is involved.
    /// </summary>
    public required string Command { get; init; }

    /// <summary>Arguments, passed as they are. Default: none.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>
    /// Variables added to the clean environment; they win over inherited ones. Default: none. The marks by which
    /// Fairlead finds its processes cannot be overridden.
    /// </summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Directory to start in. Default: the one of this process.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>
    /// Most memory (resident) it and all it started may take together, in bytes; looked at every
    /// <see cref="ProcessHostOptions.MemoryInterval"/>, and killed when it is more. Default: no limit.
    /// </summary>
    public long? MaxMemoryBytes { get; init; }

    /// <summary>
    /// How far it steps back for others when the CPU is scarce: 0 (not at all) to 19 (nice). Default: 0.
    /// </summary>
    public int Nice { get; init; }

    /// <summary>
    /// Takes secrets out of one stderr line before anybody sees it. Default: lines are passed on unchanged. Called on
    /// the reading thread; a throwing redactor hides the line.
    /// </summary>
    public Func<string, string>? Redact { get; init; }
}
