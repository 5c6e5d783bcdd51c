using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Groups.Views;

/// <summary>A tool's definition as a view shows it; its name and description are the publication's business.</summary>
internal static class ViewedDefinition
{
    private static readonly JsonWriterOptions Options = new()
    {
        SkipValidation = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Renders it.</summary>
    /// <param name="definition">One JSON object as the owner listed it.</param>
    /// <param name="view">What is to be otherwise.</param>
    public static byte[] Render(JsonElement definition, ToolViewConfig view)
    {
        var schema = new ViewedSchema(view);
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(buffer, Options);
        json.WriteStartObject();
        if (view.Title is { } title)
            json.WriteString("title"u8, title);
        bool annotated = false;
        foreach (JsonProperty member in definition.EnumerateObject())
        {
            switch (member.Name)
            {
                case "title" when view.Title is not null:
                    break;
                case "inputSchema" when view.HidesParameters:
                    json.WritePropertyName(member.Name);
                    schema.Write(json, member.Value);
                    break;
                case "annotations" when view.HasHints || view.Title is not null:
                    annotated = true;
                    Annotations(json, member.Value, view);
                    break;
                default:
                    member.WriteTo(json);
                    break;
            }
        }
        if (!annotated && (view.HasHints || view.Title is not null))
            Annotations(json, default, view);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void Annotations(Utf8JsonWriter json, JsonElement own, ToolViewConfig view)
    {
        // Clients of revision 2025-03-26 look for the title here.
        (string Name, bool? Value)[] hints =
        [
            ("readOnlyHint", view.ReadOnlyHint),
            ("destructiveHint", view.DestructiveHint),
            ("idempotentHint", view.IdempotentHint),
            ("openWorldHint", view.OpenWorldHint),
        ];
        json.WriteStartObject("annotations"u8);
        if (view.Title is { } title)
            json.WriteString("title"u8, title);
        if (own.ValueKind is JsonValueKind.Object)
        {
            foreach (JsonProperty member in own.EnumerateObject())
            {
                bool replaced =
                    (view.Title is not null && member.NameEquals("title"u8))
                    || Array.Exists(hints, hint => hint.Value is not null && member.NameEquals(hint.Name));
                if (!replaced)
                    member.WriteTo(json);
            }
        }
        foreach ((string name, bool? value) in hints)
        {
            if (value is { } said)
                json.WriteBoolean(name, said);
        }
        json.WriteEndObject();
    }
}
