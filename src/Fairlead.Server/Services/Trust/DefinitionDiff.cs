using System.Text.Json;

namespace Fairlead.Server.Services.Trust;

/// <summary>One place where two definitions differ.</summary>
/// <param name="Path">Where, such as <c>annotations.readOnlyHint</c>.</param>
/// <param name="Old">The value that was approved; null where there was none.</param>
/// <param name="New">The value now; null where there is none.</param>
/// <param name="LowersCaution">Whether clients are told to be less careful than before (security.md section 4.1).</param>
internal sealed record DefinitionChange(string Path, string? Old, string? New, bool LowersCaution);

/// <summary>What is different between two canonical definitions, value by value.</summary>
internal static class DefinitionDiff
{
    public static IReadOnlyList<DefinitionChange> Between(string before, string now)
    {
        var (old, next) = (Leaves(before), Leaves(now));
        return
        [
            .. old
                .Keys.Union(next.Keys)
                .Where(path => old.GetValueOrDefault(path) != next.GetValueOrDefault(path))
                .Order(StringComparer.Ordinal)
                .Select(path =>
                {
                    var (was, value) = (old.GetValueOrDefault(path), next.GetValueOrDefault(path));
                    return new DefinitionChange(path, was, value, LowersCaution(path, was, value));
                }),
        ];
    }

    // Absent, readOnlyHint is false and destructiveHint is true.
    private static bool LowersCaution(string path, string? old, string? now) =>
        path switch
        {
            "annotations.readOnlyHint" => old != "true" && now == "true",
            "annotations.destructiveHint" => old != "false" && now == "false",
            _ => false,
        };

    private static Dictionary<string, string> Leaves(string json)
    {
        var leaves = new Dictionary<string, string>(StringComparer.Ordinal);
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 256 });
        Walk(document.RootElement, "", leaves);
        return leaves;
    }

    private static void Walk(JsonElement value, string path, Dictionary<string, string> leaves)
    {
        var isEmpty = true;
        if (value.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in value.EnumerateObject())
            {
                isEmpty = false;
                Walk(member.Value, path.Length == 0 ? member.Name : $"{path}.{member.Name}", leaves);
            }
        }
        else if (value.ValueKind == JsonValueKind.Array)
        {
            var i = 0;
            foreach (var item in value.EnumerateArray())
            {
                isEmpty = false;
                Walk(item, $"{path}[{i++}]", leaves);
            }
        }
        if (isEmpty)
            leaves[path] = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
    }
}
