using System.Text.Json;

namespace Fairlead.Cli;

/// <summary>What a group publishes, as its definitions say.</summary>
internal static class Items
{
    /// <summary>Definitions: a table for people, and as they are for programs.</summary>
    public static void Print(
        Output output,
        IReadOnlyList<JsonElement> items,
        string whenEmpty,
        IReadOnlyList<string> columns,
        Func<JsonElement, IReadOnlyList<string>> row
    )
    {
        if (output.IsJson)
            output.Json(items, CliJson.Default.IReadOnlyListJsonElement);
        else
            output.Table(whenEmpty, columns, items.Select(row));
    }

    /// <summary>A text of a definition; empty where there is none.</summary>
    public static string Text(JsonElement item, string member) =>
        item.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    /// <summary>The first sentence of the description, else the title.</summary>
    public static string About(JsonElement item) =>
        ToolsCommands.FirstSentence(Text(item, "description") is { Length: > 0 } text ? text : Text(item, "title"));
}
