using System.Globalization;
using System.Text.Json;

namespace Fairlead.Server.Tools.Http;

/// <summary>How arrays and objects are written in a query, a form or a path (OpenAPI 3.1 "Style Values").</summary>
internal static class HttpStyles
{
    /// <summary>A pair for each item or member; in paths and headers items between commas.</summary>
    public const string Form = "form";
    public const string Comma = "comma";
    public const string Space = "space";
    public const string Pipe = "pipe";

    /// <summary><c>name[member]=value</c>, to any depth.</summary>
    public const string DeepObject = "deepObject";

    /// <summary>In a path: <c>.value</c>.</summary>
    public const string Label = "label";

    /// <summary>In a path: <c>;name=value</c>.</summary>
    public const string Matrix = "matrix";

    /// <summary>As JSON.</summary>
    public const string Json = "json";

    public static readonly IReadOnlyList<string> All = [Form, Comma, Space, Pipe, DeepObject, Label, Matrix, Json];

    /// <summary>The pairs of one value in a query or a form.</summary>
    public static IEnumerable<(string Name, string Value)> Pairs(string name, JsonElement value, string style) =>
        (value.ValueKind, style) switch
        {
            (JsonValueKind.Null, _) => [],
            (_, Json) => [(name, value.GetRawText())],
            (JsonValueKind.Array or JsonValueKind.Object, DeepObject) => Deep(name, value, isTop: true),
            (JsonValueKind.Array, Form) => value.EnumerateArray().Select(item => (name, Text(item))),
            (JsonValueKind.Object, Form) => value.EnumerateObject().Select(p => (p.Name, Text(p.Value))),
            (JsonValueKind.Array or JsonValueKind.Object, _) =>
            [
                (
                    name,
                    string.Join(
                        style is Space ? ' '
                            : style is Pipe ? '|'
                            : ',',
                        Parts(value)
                    )
                ),
            ],
            _ => [(name, Text(value))],
        };

    /// <summary>A value within a path, each part escaped.</summary>
    /// <exception cref="FormatException">It would be no part of a path, or another one.</exception>
    public static string Segment(string name, string key, JsonElement value, string style)
    {
        IReadOnlyList<string> parts = value.ValueKind is JsonValueKind.Array or JsonValueKind.Object
            ? [.. Parts(value)]
            : [Text(value)];
        var text = string.Join(',', parts);
        if (text is "" or "." or "..")
            throw new FormatException(
                $"The parameter '{name}' must not be empty, '.' or '..': it is a part of the path."
            );
        return style switch
        {
            Label => "." + string.Join('.', parts.Select(Uri.EscapeDataString)),
            Matrix => $";{Uri.EscapeDataString(key)}={string.Join(',', parts.Select(Uri.EscapeDataString))}",
            _ => string.Join(',', parts.Select(Uri.EscapeDataString)),
        };
    }

    /// <summary>A value in a header: items between commas.</summary>
    public static string Header(JsonElement value, string style) =>
        style != Json && value.ValueKind is JsonValueKind.Array or JsonValueKind.Object
            ? string.Join(',', Parts(value))
            : Text(value);

    /// <summary>A single value as text.</summary>
    public static string Text(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!,
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            JsonValueKind.Null => "",
            JsonValueKind.Number when value.TryGetInt64(out var whole) => whole.ToString(CultureInfo.InvariantCulture),
            _ => value.GetRawText(),
        };

    private static IEnumerable<string> Parts(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray().Select(Text)
            : value.EnumerateObject().SelectMany(p => (string[])[p.Name, Text(p.Value)]);

    // Arrays of plain values at the top repeat their name, as forms do; deeper down an index tells items apart.
    private static IEnumerable<(string, string)> Deep(string name, JsonElement value, bool isTop) =>
        value.ValueKind switch
        {
            JsonValueKind.Object => value.EnumerateObject().SelectMany(p => Deep($"{name}[{p.Name}]", p.Value, false)),
            JsonValueKind.Array
                when isTop
                    && value
                        .EnumerateArray()
                        .All(i => i.ValueKind is not (JsonValueKind.Array or JsonValueKind.Object)) => value
                .EnumerateArray()
                .Select(item => (name, Text(item))),
            JsonValueKind.Array => value
                .EnumerateArray()
                .SelectMany(
                    (item, i) => Deep(string.Create(CultureInfo.InvariantCulture, $"{name}[{i}]"), item, false)
                ),
            JsonValueKind.Null => [],
            _ => [(name, Text(value))],
        };
}
