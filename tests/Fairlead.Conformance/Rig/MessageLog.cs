using System.Text.Json;

namespace Fairlead.Conformance;

/// <summary>
/// Every message the gateway wrote in this suite, one a line, for validation against its revision's schema by the npm
/// part (tests/Conformance/test/schema.test.js): artifacts/conformance/messages.jsonl.
/// </summary>
internal static class MessageLog
{
    private static readonly Lock Gate = new();
    private static readonly string FilePath = Prepare();

    /// <param name="revision">Revision of the client.</param>
    /// <param name="method">Method of the request that was answered.</param>
    /// <param name="messages">What the gateway wrote.</param>
    public static void Add(string revision, string? method, IEnumerable<string> messages)
    {
        lock (Gate)
        {
            File.AppendAllLines(
                FilePath,
                messages.Select(m =>
                    $$"""{"revision":"{{revision}}","method":{{JsonSerializer.Serialize(method)}},"message":{{m}}}"""
                )
            );
        }
    }

    private static string Prepare()
    {
        var path = Path.Combine(Tree.Root, "artifacts", "conformance", "messages.jsonl");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.Delete(path);
        return path;
    }
}

/// <summary>The working tree.</summary>
internal static class Tree
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Fairlead.slnx")))
                return at.FullName;
        }
        throw new InvalidOperationException("Fairlead.slnx is in no folder above the tests.");
    }
}
