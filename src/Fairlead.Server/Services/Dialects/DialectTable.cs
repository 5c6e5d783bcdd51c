using System.Text.Json;

namespace Fairlead.Server.Services.Dialects;

/// <summary>All dialects, and whose a file is.</summary>
internal static class DialectTable
{
    /// <summary>In the order they are asked whether a file is theirs: the most telling first.</summary>
    public static IReadOnlyList<Dialect> All { get; } =
    [
        new CodexDialect(),
        new VsCodeDialect(),
        new GeminiDialect(),
        new WindsurfDialect(),
        new ClineDialect(),
        new DifyDialect(),
        new CursorDialect(),
        new McpStoreDialect(),
        new ClaudeDesktopDialect(),
        new ClaudeCodeDialect(),
        new FairleadDialect(),
    ];

    /// <summary>By its name; null when there is none.</summary>
    public static Dialect? Named(string name) => All.FirstOrDefault(d => d.Name == name);

    /// <summary>By the file's path, as far as that tells.</summary>
    public static Dialect? OfFile(string? path)
    {
        if (path is null)
            return null;
        var tidy = "/" + path.Replace('\\', '/');
        return All.FirstOrDefault(d => d.Files.Any(f => tidy.EndsWith("/" + f, StringComparison.OrdinalIgnoreCase)));
    }

    /// <summary>By what only one client writes; ours where nothing tells.</summary>
    public static Dialect OfContent(JsonElement root, IReadOnlyList<JsonElement> services) =>
        root.ValueKind == JsonValueKind.Array
            ? All.First(d => d is McpStoreDialect)
            : All.FirstOrDefault(d => d.IsToldBy(root, services)) ?? All.First(d => d is FairleadDialect);
}
