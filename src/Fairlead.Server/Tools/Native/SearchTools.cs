using System.ComponentModel;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Toolkit;
using ModelContextProtocol.Server;

namespace Fairlead.Server.Tools.Native;

/// <summary>One found tool.</summary>
internal sealed record ToolHit(string Name, string Description, int Score);

/// <summary>Finds tools among those published to the caller (P-95: a server lists a tool <c>search</c>).</summary>
internal sealed class SearchTools
{
    private const int MaxQuery = 1000;

    [McpServerTool(Name = "search", Title = "Search tools", ReadOnly = true, Idempotent = true, OpenWorld = false)]
    [Description("Searches the tools available to you by words in their names and descriptions; best hits first.")]
    public static object Search(
        CallContext context,
        [Description("Words to look for, 1 to 1000 characters.")] string query,
        [Description("Most hits to return, 1 to 50.")] int limit = 10
    )
    {
        if (string.IsNullOrWhiteSpace(query) || query.Length > MaxQuery)
            throw new ToolFailedException("query must have 1 to 1000 characters");
        var group = (context as NativeContext)?.Route;
        var words = query.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var hits = Tools(group)
            .Select(t =>
                t with
                {
                    Score = words.Count(w => Has(t.Name, w)) * 2 + words.Count(w => Has(t.Description, w)),
                }
            )
            .Where(t => t.Score > 0)
            .OrderByDescending(t => t.Score)
            .ThenBy(t => t.Name, StringComparer.Ordinal)
            .Take(Math.Clamp(limit, 1, 50));
        return new { hits = hits.ToArray() };
    }

    private static IEnumerable<ToolHit> Tools(GroupRoute? group)
    {
        // Where tools are found and not listed, the list has none of them.
        if (group?.Finder is { } finder)
        {
            foreach (var tool in finder.Tools)
                yield return new ToolHit(
                    JsonScan.Text(tool.Legacy, "name"u8)!,
                    JsonScan.Text(tool.Legacy, "description"u8) ?? "",
                    0
                );
            yield break;
        }
        if (group?.ToolList.Page(Era.Legacy, null) is not { } page)
            yield break;
        using var json = JsonDocument.Parse(page);
        foreach (var tool in json.RootElement.GetProperty("tools").EnumerateArray())
        {
            yield return new ToolHit(
                tool.GetProperty("name").GetString()!,
                tool.TryGetProperty("description", out var text) ? text.GetString() ?? "" : "",
                0
            );
        }
    }

    private static bool Has(string text, string word) => text.Contains(word, StringComparison.OrdinalIgnoreCase);
}
