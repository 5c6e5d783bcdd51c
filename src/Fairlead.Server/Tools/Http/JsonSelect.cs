using System.Globalization;
using System.Text.Json;

namespace Fairlead.Server.Tools.Http;

/// <summary>
/// Takes a part out of a JSON value: the dotted and bracketed steps of RFC 9535 (<c>$.a.b</c>, <c>['a b']</c>, <c>[0]</c>,
/// <c>[-1]</c>, <c>[*]</c>, <c>.*</c>), without filters and descendants.
/// </summary>
internal sealed class JsonSelect
{
    private readonly List<(string? Name, int? Index)> steps;

    private JsonSelect(List<(string? Name, int? Index)> steps) => this.steps = steps;

    /// <summary>Whether it can give several values, which are then an array.</summary>
    private bool IsMany => steps.Exists(s => s is (null, null));

    /// <summary>Reads an expression.</summary>
    /// <exception cref="FormatException">It is none; the message says where.</exception>
    public static JsonSelect Parse(string text)
    {
        var read = new List<(string?, int?)>();
        var at = text.StartsWith('$') ? 1 : 0;
        if (at == 0 && text.Length > 0 && text[0] is not ('[' or '.'))
            text = "." + text;
        while (at < text.Length)
        {
            if (text[at] == '.')
            {
                var end =
                    text.AsSpan(at + 1).IndexOfAny('.', '[') is var next && next < 0 ? text.Length : at + 1 + next;
                var name = text[(at + 1)..end];
                if (name.Length == 0)
                    throw Wrong(text, at);
                read.Add(name == "*" ? (null, null) : (name, null));
                at = end;
            }
            else if (text[at] == '[' && text.IndexOf(']', at) is var close and > 0)
            {
                var inside = text[(at + 1)..close];
                read.Add(
                    inside == "*" ? (null, null)
                    : inside is ['\'' or '"', .., '\'' or '"'] && inside.Length > 2 ? (inside[1..^1], null)
                    : int.TryParse(inside, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var index)
                        ? (null, index)
                    : throw Wrong(text, at)
                );
                at = close + 1;
            }
            else
                throw Wrong(text, at);
        }
        return new JsonSelect(read);
    }

    /// <summary>The part, an array of parts where the expression can give several, or null where there is none.</summary>
    public JsonElement? Of(JsonElement value)
    {
        IEnumerable<JsonElement> found = [value];
        foreach (var (name, index) in steps)
            found = found.SelectMany(v => Step(v, name, index)).ToList();
        if (!IsMany)
            return found.Select(f => (JsonElement?)f).FirstOrDefault();
        return JsonElement.Parse($"[{string.Join(',', found.Select(f => f.GetRawText()))}]");
    }

    private static IEnumerable<JsonElement> Step(JsonElement value, string? name, int? index) =>
        (value.ValueKind, name, index) switch
        {
            (JsonValueKind.Object, { } member, _) when value.TryGetProperty(member, out var found) => [found],
            (JsonValueKind.Object, null, null) => value.EnumerateObject().Select(p => p.Value),
            (JsonValueKind.Array, null, null) => value.EnumerateArray(),
            (JsonValueKind.Array, null, { } place) => At(value, place),
            _ => [],
        };

    private static IEnumerable<JsonElement> At(JsonElement array, int place)
    {
        var length = array.GetArrayLength();
        var from = place < 0 ? length + place : place;
        return from >= 0 && from < length ? [array[from]] : [];
    }

    private static FormatException Wrong(string text, int at) =>
        new($"'{text}' is no path into JSON: see character {at + 1}.");
}
