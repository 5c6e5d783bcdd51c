using System.Buffers;
using System.Text.Json;

namespace Fairlead.Server.Tools.Http;

/// <summary>Writes the definition of an HTTP tool for <c>tools/list</c>: its input schema, and hints that follow the method.</summary>
internal static class HttpToolDefinition
{
    private const double MostSeconds = 600;

    public static ReadOnlyMemory<byte> Write(HttpTool tool)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("name"u8, tool.Name);
            if (tool.Title is { Length: > 0 } title)
                json.WriteString("title"u8, title);
            json.WriteString(
                "description"u8,
                tool.Description is { Length: > 0 } text ? text : $"{tool.Method} /{tool.Endpoint.TrimStart('/')}"
            );
            json.WriteStartObject("inputSchema"u8);
            json.WriteString("type"u8, "object"u8);
            json.WriteStartObject("properties"u8);
            if (tool.Parameters is { } parameters)
            {
                foreach (var parameter in parameters)
                {
                    json.WritePropertyName(parameter.Name);
                    (parameter.Schema ?? Anything).WriteTo(json);
                }
            }
            else
            {
                WriteFree(json, tool);
            }
            if (tool.PageSize is not null)
            {
                json.WritePropertyName("page"u8);
                Page.WriteTo(json);
            }
            json.WriteEndObject();
            if (tool.Parameters is { } all && all.Any(p => p.Required))
            {
                json.WriteStartArray("required"u8);
                foreach (var parameter in all.Where(p => p.Required))
                    json.WriteStringValue(parameter.Name);
                json.WriteEndArray();
            }
            json.WriteBoolean("additionalProperties"u8, false);
            if (tool.Defs is { } defs)
            {
                json.WritePropertyName("$defs"u8);
                defs.WriteTo(json);
            }
            json.WriteEndObject();
            WriteHints(json, tool);
            json.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }

    // RFC 9110 section 9.2: what a method promises.
    private static void WriteHints(Utf8JsonWriter json, HttpTool tool)
    {
        var safe = tool.Method is "GET" or "HEAD" or "OPTIONS";
        json.WriteStartObject("annotations"u8);
        json.WriteBoolean("readOnlyHint"u8, safe);
        json.WriteBoolean("destructiveHint"u8, tool.Method is "PUT" or "PATCH" or "DELETE");
        json.WriteBoolean("idempotentHint"u8, tool.Idempotent ?? (safe || tool.Method is "PUT" or "DELETE"));
        json.WriteBoolean("openWorldHint"u8, true);
        json.WriteEndObject();
    }

    private static void WriteFree(Utf8JsonWriter json, HttpTool tool)
    {
        json.WritePropertyName("params"u8);
        Query.WriteTo(json);
        if (tool.Method is not ("GET" or "HEAD"))
        {
            json.WritePropertyName("data"u8);
            Body.WriteTo(json);
        }
        json.WritePropertyName("headers"u8);
        Headers.WriteTo(json);
        json.WriteStartObject("timeout"u8);
        json.WriteString("type"u8, "number"u8);
        json.WriteString("description"u8, $"Seconds the answer may take; default and most {tool.TimeoutSeconds}.");
        json.WriteNumber("exclusiveMinimum"u8, 0);
        json.WriteNumber("maximum"u8, MostSeconds);
        json.WriteEndObject();
    }

    private static readonly JsonElement Anything = JsonElement.Parse("{}"u8);

    private static readonly JsonElement Page = JsonElement.Parse(
        """{"type":"integer","minimum":1,"default":1,"description":"Which page of the items."}"""u8
    );

    private static readonly JsonElement Query = JsonElement.Parse(
        """{"type":"object","description":"Query parameters; an array repeats its name.","additionalProperties":{"type":["string","number","boolean","array","null"]}}"""u8
    );

    private static readonly JsonElement Body = JsonElement.Parse(
        """{"description":"The body: JSON, or the fields of a form where the content type is one.","type":["object","array","string","number","boolean","null"]}"""u8
    );

    private static readonly JsonElement Headers = JsonElement.Parse(
        """{"type":"object","description":"Headers that replace the tool's own.","additionalProperties":{"type":["string","number","boolean"]}}"""u8
    );
}
