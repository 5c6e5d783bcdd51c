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
)
{
    internal static readonly JsonElement EmptySchema = JsonElement.Parse("{}"u8);

    /// <summary>JSON Schema of its structured result; null when it has none .</summary>
    public JsonElement? OutputSchema =>
        Definition.TryGetProperty("outputSchema"u8, out var schema) && schema.ValueKind == JsonValueKind.Object
            ? schema
            : null;
}

/// <summary>What a tool answered.</summary>
/// <param name="IsError">The tool ran and reports a failure; the content says which.</param>
/// <param name="Content">The content blocks, a JSON array.</param>
/// <param name="StructuredContent">Structured output; null when the tool has none.</param>
public sealed record McpToolResult(bool IsError, JsonElement Content, JsonElement? StructuredContent)
{
    private static readonly JsonElement NoContent = JsonElement.Parse("[]"u8);

    internal static McpToolResult Read(JsonElement result) =>
        new(
            result.TryGetProperty("isError"u8, out var failed) && failed.ValueKind == JsonValueKind.True,
            result.TryGetProperty("content"u8, out var content) && content.ValueKind == JsonValueKind.Array
                ? content
                : NoContent,
            result.TryGetProperty("structuredContent"u8, out var structured) ? structured : null
        );

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
public sealed record McpProgress(double Progress, double? Total, string? Message)
{
    /// <summary>Reads the parameters of a notification; null when they tell no progress.</summary>
    internal static McpProgress? Read(JsonElement parameters) =>
        parameters.TryGetProperty("progress"u8, out var progress) && progress.ValueKind == JsonValueKind.Number
            ? new McpProgress(
                progress.GetDouble(),
                parameters.TryGetProperty("total"u8, out var total) && total.ValueKind == JsonValueKind.Number
                    ? total.GetDouble()
                    : null,
                parameters.TryGetProperty("message"u8, out var text) && text.ValueKind == JsonValueKind.String
                    ? text.GetString()
                    : null
            )
            : null;
}
