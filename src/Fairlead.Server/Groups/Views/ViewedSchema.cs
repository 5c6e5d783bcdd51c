using System.Text.Json;
using Fairlead.Server.Storage;
using Fairlead.Server.Tools.Schemas;

namespace Fairlead.Server.Groups.Views;

/// <summary>
/// An input schema without the parameters that a view hides or fixes. What can only be said with their names is left
/// out: then the schema promises less than the tool checks, and never refuses what the tool takes.
/// </summary>
internal sealed class ViewedSchema(ToolViewConfig view)
{
    private readonly HashSet<string> gone = [.. view.Hidden, .. view.Fixed.Keys];

    // What is known of the values; a secret's is not, or it could be told from what is shown.
    private readonly List<KeyValuePair<string, JsonElement>> values =
    [
        .. view.Fixed.Where(static one => !FixedValue.HasReference(one.Value)),
    ];

    /// <summary>Writes what callers see of a schema.</summary>
    public void Write(Utf8JsonWriter json, JsonElement schema)
    {
        if (schema.ValueKind is not JsonValueKind.Object)
        {
            schema.WriteTo(json);
            return;
        }
        bool conditional = schema.TryGetProperty("if", out JsonElement test) && !Mentions(test);
        json.WriteStartObject();
        foreach (JsonProperty member in schema.EnumerateObject())
            Write(json, member, schema, conditional);
        json.WriteEndObject();
    }

    private void Write(Utf8JsonWriter json, JsonProperty member, JsonElement schema, bool conditional)
    {
        JsonElement value = member.Value;
        switch (member.Name)
        {
            case "properties" when value.ValueKind is JsonValueKind.Object:
                json.WriteStartObject(member.Name);
                foreach (JsonProperty one in value.EnumerateObject().Where(one => !gone.Contains(one.Name)))
                    one.WriteTo(json);
                json.WriteEndObject();
                break;
            case "required" when value.ValueKind is JsonValueKind.Array:
                Names(json, member.Name, [.. Texts(value), .. Implied(schema)]);
                break;
            case "dependentRequired" when value.ValueKind is JsonValueKind.Object:
                if (!schema.TryGetProperty("required", out _))
                    Names(json, "required", [.. Implied(schema)]);
                json.WriteStartObject(member.Name);
                foreach (JsonProperty one in value.EnumerateObject().Where(one => !gone.Contains(one.Name)))
                    Names(json, one.Name, [.. Texts(one.Value)]);
                json.WriteEndObject();
                break;
            case "allOf" when value.ValueKind is JsonValueKind.Array:
                Branches(json, member.Name, [.. value.EnumerateArray()]);
                break;
            case "anyOf" or "oneOf" when value.ValueKind is JsonValueKind.Array:
                List<JsonElement> open = [.. value.EnumerateArray().Where(branch => !Contradicts(branch))];
                Branches(json, member.Name, open.Count > 0 ? open : [.. value.EnumerateArray()]);
                break;
            case "if" when conditional:
                member.WriteTo(json);
                break;
            case "then" or "else" when conditional:
                json.WritePropertyName(member.Name);
                Write(json, value);
                break;
            case "if" or "then" or "else":
            case "not" or "dependentSchemas" or "dependencies" when Mentions(value):
            case "minProperties" or "maxProperties" or "default" or "examples":
                break;
            default:
                member.WriteTo(json);
                break;
        }
    }

    private void Branches(Utf8JsonWriter json, string name, List<JsonElement> branches)
    {
        json.WriteStartArray(name);
        foreach (JsonElement branch in branches)
            Write(json, branch);
        json.WriteEndArray();
    }

    private void Names(Utf8JsonWriter json, string key, List<string> names)
    {
        List<string> left = [.. names.Distinct().Where(name => !gone.Contains(name))];
        if (left.Count == 0)
            return;
        json.WriteStartArray(key);
        left.ForEach(json.WriteStringValue);
        json.WriteEndArray();
    }

    // What a fixed parameter makes others needed for, is needed always.
    private IEnumerable<string> Implied(JsonElement schema) =>
        schema.TryGetProperty("dependentRequired", out JsonElement all) && all.ValueKind is JsonValueKind.Object
            ? all.EnumerateObject().Where(one => view.Fixed.ContainsKey(one.Name)).SelectMany(one => Texts(one.Value))
            : [];

    private static IEnumerable<string> Texts(JsonElement list) =>
        list.ValueKind is JsonValueKind.Array
            ? list.EnumerateArray()
                .Where(static item => item.ValueKind is JsonValueKind.String)
                .Select(static item => item.GetString()!)
            : [];

    // A branch for other values than the fixed ones cannot be taken.
    private bool Contradicts(JsonElement branch)
    {
        JsonElement properties = ViewFit.Properties(branch);
        return properties.ValueKind is JsonValueKind.Object
            && values.Exists(one =>
                properties.TryGetProperty(one.Key, out JsonElement wanted) && !MayBe(wanted, one.Value)
            );
    }

    private static bool MayBe(JsonElement schema, JsonElement value)
    {
        try
        {
            return JsonSchema.Compile(schema).Check(value) is null;
        }
        catch (FormatException)
        {
            return true;
        }
    }

    private bool Mentions(JsonElement element) =>
        element.ValueKind switch
        {
            JsonValueKind.String => gone.Contains(element.GetString()!),
            JsonValueKind.Array => element.EnumerateArray().Any(Mentions),
            JsonValueKind.Object => element
                .EnumerateObject()
                .Any(one => gone.Contains(one.Name) || Mentions(one.Value)),
            _ => false,
        };
}
