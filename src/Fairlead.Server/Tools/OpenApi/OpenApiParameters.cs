using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Fairlead.Server.Tools.Http;

namespace Fairlead.Server.Tools.OpenApi;

/// <summary>Parameters and body of one operation, as arguments of its tool.</summary>
internal sealed class OpenApiParameters(OpenApiPointers pointers, OpenApiSchemas schemas)
{
    // They are the document's way to say what other members say (OpenAPI 3.1 "Parameter Object").
    private static readonly HashSet<string> Ignored = new(StringComparer.OrdinalIgnoreCase)
    {
        "Accept",
        "Content-Type",
        "Authorization",
    };

    private static readonly JsonElement AnyText = JsonElement.Parse("""{"type":"string"}"""u8);
    private readonly Dictionary<(HttpPlace, string), HttpParameter> found = [];
    private HttpParameter? body;

    /// <summary>All of them; names that come in two places tell them apart by the place.</summary>
    public ImmutableArray<HttpParameter> All
    {
        get
        {
            var taken = new HashSet<string>(StringComparer.Ordinal);
            var all = found.Values.Append(body).OfType<HttpParameter>();
            return
            [
                .. all.Select(p =>
                {
                    var name = taken.Add(p.Name)
                        ? p.Name
                        : OpenApiNames.Free($"{p.In.ToString().ToLowerInvariant()}_{p.Name}", taken);
                    return p with { Name = name };
                }),
            ];
        }
    }

    /// <summary>Takes those of a path or an operation; the later ones replace the earlier of the same name and place.</summary>
    /// <exception cref="FormatException">One cannot be carried; the message names it.</exception>
    public void Take(JsonElement owner)
    {
        if (!owner.TryGetProperty("parameters"u8, out var list) || list.ValueKind != JsonValueKind.Array)
            return;
        foreach (var item in list.EnumerateArray())
        {
            var parameter = pointers.Resolve(item);
            if (parameter.ValueKind != JsonValueKind.Object)
                throw new FormatException("a parameter is no object.");
            var key = OpenApiReader.Text(parameter, "name"u8) ?? throw new FormatException("a parameter has no name.");
            var required = parameter.TryGetProperty("required"u8, out var must) && must.ValueKind == JsonValueKind.True;
            var place = OpenApiReader.Text(parameter, "in"u8) switch
            {
                "query" => HttpPlace.Query,
                "path" => HttpPlace.Path,
                "header" when Ignored.Contains(key) => (HttpPlace?)null,
                "header" => HttpPlace.Header,
                _ when required => throw new FormatException($"the parameter {key} is a cookie, which is not carried."),
                _ => null,
            };
            if (place is not { } where)
                continue;
            found[(where, key)] = new HttpParameter
            {
                Name = OpenApiNames.Plain(key),
                Key = key,
                In = where,
                Required = required || where == HttpPlace.Path,
                Style = Style(parameter, where),
                Schema = Described(Schema(parameter), OpenApiReader.Text(parameter, "description"u8)),
            };
        }
    }

    /// <summary>Takes the body as one argument, <c>body</c>.</summary>
    /// <returns>Its content type.</returns>
    public string? TakeBody(JsonElement given)
    {
        given = pointers.Resolve(given);
        if (!OpenApiReader.Member(given, "content"u8, out var content) || content.ValueKind != JsonValueKind.Object)
            return null;
        var kinds = content.EnumerateObject().ToList();
        if (kinds.Count == 0)
            return null;
        var chosen = kinds.OrderBy(k => Rank(k.Name)).First();
        body = new HttpParameter
        {
            Name = "body",
            Key = "",
            In = HttpPlace.Body,
            Style = IsDeep(chosen.Value) ? HttpStyles.DeepObject : HttpStyles.Form,
            Required = given.TryGetProperty("required"u8, out var must) && must.ValueKind == JsonValueKind.True,
            Schema = Described(
                OpenApiReader.Member(chosen.Value, "schema"u8, out var schema) ? schemas.Convert(schema) : AnyText,
                OpenApiReader.Text(given, "description"u8)
            ),
        };
        return chosen.Name.Contains('*', StringComparison.Ordinal) ? "application/octet-stream" : chosen.Name;
    }

    // Forms with objects in them: where one member is written so, all are.
    private static bool IsDeep(JsonElement media) =>
        OpenApiReader.Member(media, "encoding"u8, out var encoding)
        && encoding.ValueKind == JsonValueKind.Object
        && encoding.EnumerateObject().Any(e => OpenApiReader.Text(e.Value, "style"u8) == "deepObject");

    private static int Rank(string type) =>
        type.Split(';')[0].Trim().ToLowerInvariant() switch
        {
            "application/json" => 0,
            var t when t.EndsWith("+json", StringComparison.Ordinal) => 1,
            "application/x-www-form-urlencoded" => 2,
            "multipart/form-data" => 3,
            var t when t.StartsWith("text/", StringComparison.Ordinal) => 4,
            _ => 5,
        };

    private JsonElement Schema(JsonElement parameter)
    {
        if (parameter.TryGetProperty("schema"u8, out var schema))
            return schemas.Convert(schema);
        if (
            parameter.TryGetProperty("content"u8, out var content)
            && content.ValueKind == JsonValueKind.Object
            && content.EnumerateObject().FirstOrDefault().Value is { ValueKind: JsonValueKind.Object } media
            && media.TryGetProperty("schema"u8, out var inside)
        )
            return schemas.Convert(inside);
        return AnyText;
    }

    // OpenAPI 3.1 "Style Values", by the place where none is given.
    private static string Style(JsonElement parameter, HttpPlace place)
    {
        // What has a media type is written as that says.
        if (!parameter.TryGetProperty("schema"u8, out _) && parameter.TryGetProperty("content"u8, out _))
            return HttpStyles.Json;
        var style = OpenApiReader.Text(parameter, "style"u8) ?? (place == HttpPlace.Query ? "form" : "simple");
        var explode = parameter.TryGetProperty("explode"u8, out var given)
            ? given.ValueKind == JsonValueKind.True
            : style is "form" or "deepObject";
        return (style, explode) switch
        {
            ("deepObject", _) => HttpStyles.DeepObject,
            ("spaceDelimited", false) => HttpStyles.Space,
            ("pipeDelimited", false) => HttpStyles.Pipe,
            ("label", _) => HttpStyles.Label,
            ("matrix", _) => HttpStyles.Matrix,
            (_, true) => HttpStyles.Form,
            _ when place != HttpPlace.Query => HttpStyles.Form,
            _ => HttpStyles.Comma,
        };
    }

    // A description beside a reference counts too (JSON Schema 2020-12).
    private static JsonElement Described(JsonElement schema, string? text)
    {
        if (
            string.IsNullOrWhiteSpace(text)
            || schema.ValueKind != JsonValueKind.Object
            || schema.TryGetProperty("description"u8, out _)
        )
            return schema;
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var member in schema.EnumerateObject())
                member.WriteTo(json);
            json.WriteString("description"u8, text);
            json.WriteEndObject();
        }
        return JsonElement.Parse(buffer.WrittenSpan);
    }
}
