using System.Buffers;
using System.Collections.Frozen;
using System.Text.Json;
using Fairlead.Server.Storage;
using Fairlead.Server.Tools;
using Fairlead.Server.Tools.Schemas;

namespace Fairlead.Server.Groups.Views;

/// <summary>What of a view does not fit the tool's own definition.</summary>
/// <param name="Field">The member of the request, for example <c>view.fixed.root</c>.</param>
/// <param name="Text">What is wrong and what to do; never a secret.</param>
/// <param name="Holds">
/// Whether the tool must not be offered so: what an administrator fixed would no longer hold. Otherwise the part that
/// does not fit is left out.
/// </param>
internal sealed record ViewProblem(string Field, string Text, bool Holds);

/// <summary>
/// Judges whether a view fits a definition: when it is saved, and again whenever the owner lists another one. Pure.
/// </summary>
internal static class ViewFit
{
    private const string Hidden = "view.hidden";

    // What says something of other parameters than the fixed ones, which a caller has yet to send.
    private static readonly FrozenSet<string> OfTheWhole = FrozenSet.Create(
        "required",
        "dependentRequired",
        "dependentSchemas",
        "dependencies",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
        "then",
        "else",
        "minProperties",
        "maxProperties",
        "additionalProperties",
        "unevaluatedProperties",
        "patternProperties",
        "propertyNames"
    );

    /// <summary>Everything that does not fit; empty when all does.</summary>
    /// <param name="input">The tool's own input schema; undefined for none.</param>
    /// <param name="view">The view.</param>
    /// <param name="values">Its fixed values.</param>
    public static IReadOnlyList<ViewProblem> Check(
        JsonElement input,
        ToolViewConfig view,
        IReadOnlyList<FixedValue> values
    )
    {
        JsonElement known = Properties(input);
        var required = Required(input);
        List<ViewProblem> problems = [];
        foreach (string name in view.Hidden)
        {
            if (!Has(known, name))
                problems.Add(new(Hidden, $"The tool has no parameter '{name}': {Takes(known)}", Holds: false));
            else if (required.Contains(name) && !view.Fixed.ContainsKey(name))
                problems.Add(
                    new(Hidden, $"The tool needs the parameter '{name}': give it a fixed value too.", Holds: true)
                );
        }
        foreach (FixedValue value in values)
        {
            string field = $"view.fixed.{value.Name}";
            if (!Has(known, value.Name))
                problems.Add(new(field, $"The tool has no parameter '{value.Name}': {Takes(known)}", Holds: true));
            else if (value.Missing is { } secret)
                problems.Add(
                    new(
                        field,
                        $"There is no secret {secret} for the parameter '{value.Name}': set it first.",
                        Holds: true
                    )
                );
            else if (Mistake(input, known, value) is { } mistake)
                problems.Add(new(field, mistake, Holds: true));
        }
        return problems;
    }

    /// <summary>The parameters of an input schema by name; undefined for none.</summary>
    public static JsonElement Properties(JsonElement input) =>
        input.ValueKind is JsonValueKind.Object
        && input.TryGetProperty("properties", out JsonElement properties)
        && properties.ValueKind is JsonValueKind.Object
            ? properties
            : default;

    private static bool Has(JsonElement properties, string name) =>
        properties.ValueKind is JsonValueKind.Object && properties.TryGetProperty(name, out _);

    private static HashSet<string> Required(JsonElement input) =>
        input.ValueKind is JsonValueKind.Object
        && input.TryGetProperty("required", out JsonElement names)
        && names.ValueKind is JsonValueKind.Array
            ?
            [
                .. names
                    .EnumerateArray()
                    .Where(static n => n.ValueKind is JsonValueKind.String)
                    .Select(static n => n.GetString()!),
            ]
            : [];

    private static string Takes(JsonElement properties) =>
        properties.ValueKind is JsonValueKind.Object && properties.EnumerateObject().Any()
            ? $"it takes {string.Join(", ", properties.EnumerateObject().Select(static p => p.Name))}."
            : "it takes none.";

    private static string? Mistake(JsonElement input, JsonElement known, FixedValue value)
    {
        // Alone first: a part of the schema that we cannot read need not be in the way of one that we can.
        string? unreadable = null;
        foreach (bool alone in (bool[])[true, false])
        {
            try
            {
                JsonElement schema = Narrowed(input, known, alone ? value.Name : null);
                SchemaFault? fault = JsonSchema.Compile(schema).Check(Wrapped(value));
                FrozenSet<string> sensitive = value.IsSecret ? [value.Name] : [];
                return fault is null ? null : ArgumentMistake.Text(fault, schema, sensitive);
            }
            catch (FormatException problem)
            {
                unreadable = problem.Message;
            }
        }
        return $"The value of '{value.Name}' cannot be checked, because the tool's schema cannot be read: {unreadable}";
    }

    private static JsonElement Narrowed(JsonElement input, JsonElement known, string? only)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (JsonProperty member in input.EnumerateObject())
            {
                if (!OfTheWhole.Contains(member.Name) && !(only is not null && member.NameEquals("properties"u8)))
                    member.WriteTo(json);
            }
            if (only is not null)
            {
                json.WriteStartObject("properties"u8);
                json.WritePropertyName(only);
                known.GetProperty(only).WriteTo(json);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        return JsonElement.Parse(buffer.WrittenSpan);
    }

    private static JsonElement Wrapped(FixedValue value)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WritePropertyName(value.Name);
            value.Json.WriteTo(json);
            json.WriteEndObject();
        }
        return JsonElement.Parse(buffer.WrittenSpan);
    }
}
