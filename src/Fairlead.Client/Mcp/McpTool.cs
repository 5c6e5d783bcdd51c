using System.Text;
using System.Text.Json;

namespace Fairlead.Client;

/// <summary>A tool as a group offers it (spec 2026-07-28 server/tools).</summary>
/// <param name="Name">The name to call it by.</param>
/// <param name="Title">Name for people; null when it has none.</param>
/// <param name="Description">What it does; null when it does not say.</param>
/// <param name="InputSchema">JSON Schema of its arguments.</param>
/// <param name="Definition">The whole definition as sent.</param>
public sealed record McpTool(
    string Name,
    string? Title,
    string? Description,
    JsonElement InputSchema,
    JsonElement Definition
);

/// <summary>What a tool answered.</summary>
/// <param name="IsError">The tool ran and reports a failure; the content says which.</param>
/// <param name="Content">The content blocks, a JSON array.</param>
/// <param name="StructuredContent">Structured output; null when the tool has none.</param>
public sealed record McpToolResult(bool IsError, JsonElement Content, JsonElement? StructuredContent)
{
    /// <summary>The text blocks, joined by line feeds; empty when there are none.</summary>
    public string Text
    {
        get
        {
            var text = new StringBuilder();
            foreach (var block in Content.EnumerateArray())
            {
                if (block.TryGetProperty("text", out var part) && part.ValueKind == JsonValueKind.String)
                    text.Append(text.Length > 0 ? "\n" : "").Append(part.GetString());
            }
            return text.ToString();
        }
    }
}

/// <summary>How far a call is.</summary>
/// <param name="Progress">Grows from call to call.</param>
/// <param name="Total">What <paramref name="Progress"/> will reach; null when unknown.</param>
/// <param name="Message">For people; null when there is none.</param>
public sealed record McpProgress(double Progress, double? Total, string? Message);
