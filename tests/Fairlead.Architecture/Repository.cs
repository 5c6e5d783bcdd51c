namespace Fairlead.Architecture;

/// <summary>A file of the tree: its path from the root with forward slashes, and its text.</summary>
internal sealed record SourceFile(string Path, string Text)
{
    public string[] Segments => Path.Split('/');

    public string Name => Segments[^1];

    public int Lines => Text.Length == 0 ? 0 : Text.AsSpan().Count('\n') + (Text.EndsWith('\n') ? 0 : 1);
}

/// <summary>The working tree, read from disk; what git ignores is left out by name.</summary>
internal static class Repository
{
    private static readonly HashSet<string> Ignored =
    [
        ".git",
        ".node",
        ".vs",
        ".idea",
        "bin",
        "obj",
        "artifacts",
        "node_modules",
        "TestResults",
        "BenchmarkDotNet.Artifacts",
    ];

    private static readonly HashSet<string> IgnoredAtRoot = ["data", "logs"];

    public static string Root { get; } = FindRoot();

    /// <summary>Names directly under the root.</summary>
    public static IReadOnlyList<string> RootEntries { get; } =
    [
        .. new DirectoryInfo(Root)
            .EnumerateFileSystemInfos()
            .Select(e => e.Name)
            .Where(n => !Ignored.Contains(n) && !IgnoredAtRoot.Contains(n))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Every file under <paramref name="folder"/> whose name ends with <paramref name="ending"/>.</summary>
    public static IReadOnlyList<SourceFile> Files(string folder, string ending)
    {
        var found = new List<SourceFile>();
        var open = new Stack<DirectoryInfo>([new DirectoryInfo(Path.Combine(Root, folder))]);
        while (open.TryPop(out var directory))
        {
            foreach (var child in directory.EnumerateDirectories().Where(d => !Ignored.Contains(d.Name)))
                open.Push(child);
            foreach (
                var file in directory.EnumerateFiles().Where(f => f.Name.EndsWith(ending, StringComparison.Ordinal))
            )
            {
                var path = Path.GetRelativePath(Root, file.FullName).Replace('\\', '/');
                found.Add(new SourceFile(path, File.ReadAllText(file.FullName)));
            }
        }
        return [.. found.OrderBy(f => f.Path, StringComparer.Ordinal)];
    }

    private static string FindRoot()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Fairlead.slnx")))
                return at.FullName;
        }
        throw new InvalidOperationException($"Fairlead.slnx is in no folder above {AppContext.BaseDirectory}");
    }
}
