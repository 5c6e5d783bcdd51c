using System.Text.Json;

namespace Fairlead.Server.Tools.Schemas;

/// <content>What is asked of objects, arrays, texts and numbers.</content>
internal sealed partial class SchemaRun
{
    private bool Object(SchemaNode node, JsonElement value, Looked? looked)
    {
        var count = 0;
        foreach (var member in value.EnumerateObject())
        {
            count++;
            if (!Member(node, member, looked))
                return false;
        }
        if (!Within(count, node.MinProperties, node.MaxProperties))
            return Fail(count < node.MinProperties ? "minProperties" : "maxProperties", node, value);
        foreach (var name in node.Required ?? [])
        {
            if (!value.TryGetProperty(name, out _))
                return Fail("required", node, value, name);
        }
        foreach (var (name, also) in node.DependentRequired ?? [])
        {
            if (!value.TryGetProperty(name, out _))
                continue;
            foreach (var needed in also)
            {
                if (!value.TryGetProperty(needed, out _))
                    return Fail("dependentRequired", node, value, needed);
            }
        }
        foreach (var (name, schema) in node.DependentSchemas ?? [])
        {
            if (value.TryGetProperty(name, out _) && !Fits(schema, value, looked))
                return false;
        }
        if (node.UnevaluatedProperties is not { } rest)
            return true;
        foreach (var member in value.EnumerateObject())
        {
            if (looked!.Has(member.Name))
                continue;
            if (rest.Constant == false)
                return Fail("unevaluatedProperties", node, value, member.Name);
            if (!Fits(rest, member.Value, null))
                return Below(member.Name);
            looked.Add(member.Name);
        }
        return true;
    }

    private bool Member(SchemaNode node, JsonProperty member, Looked? looked)
    {
        var name = member.Name;
        if (node.PropertyNames is { } names && !Named(names, name))
            return Fail("propertyNames", node, member.Value, name);
        var known = false;
        if (node.Properties is { } properties && properties.TryGetValue(name, out var schema))
        {
            known = true;
            if (!Fits(schema, member.Value, null))
                return Below(name);
        }
        foreach (var (pattern, matching) in node.PatternProperties ?? [])
        {
            if (!pattern.IsMatch(name))
                continue;
            known = true;
            if (!Fits(matching, member.Value, null))
                return Below(name);
        }
        if (!known && node.AdditionalProperties is { } others)
        {
            known = true;
            if (others.Constant == false)
                return Fail("additionalProperties", node, member.Value, name);
            if (!Fits(others, member.Value, null))
                return Below(name);
        }
        if (known)
            looked?.Add(name);
        return true;
    }

    private bool Named(SchemaNode names, string name)
    {
        // As JSON, for a schema speaks of JSON values.
        using var text = JsonDocument.Parse(Protocol.JsonText.Quote(name));
        return Tried(names, text.RootElement, null);
    }

    private bool Array(SchemaNode node, JsonElement value, Looked? looked)
    {
        var count = value.GetArrayLength();
        if (!Within(count, node.MinItems, node.MaxItems))
            return Fail(count < node.MinItems ? "minItems" : "maxItems", node, value);
        var prefix = node.PrefixItems?.Length ?? 0;
        if (prefix > 0 || node.Items is not null || node.Contains is not null)
        {
            var index = 0;
            var hits = 0;
            foreach (var item in value.EnumerateArray())
            {
                var schema = index < prefix ? node.PrefixItems![index] : node.Items;
                if (schema is not null)
                {
                    if (!Fits(schema, item, null))
                        return Below($"[{index}]");
                    looked?.Add(index);
                }
                if (node.Contains is { } wanted && Tried(wanted, item, null))
                {
                    hits++;
                    looked?.Add(index);
                }
                index++;
            }
            var least = node.MinContains < 0 ? 1 : node.MinContains;
            if (node.Contains is not null && !Within(hits, least, node.MaxContains))
                return Fail(hits < least ? "contains" : "maxContains", node, value);
        }
        if (node.UniqueItems && !AreUnique(value))
            return Fail("uniqueItems", node, value);
        if (node.UnevaluatedItems is not { } rest)
            return true;
        for (var i = 0; i < count; i++)
        {
            if (looked!.Has(i))
                continue;
            if (!Fits(rest, value[i], null))
                return Below($"[{i}]");
            looked.Add(i);
        }
        return true;
    }

    private bool AreUnique(JsonElement array)
    {
        var seen = new HashSet<JsonElement>(JsonEquality.Instance);
        foreach (var item in array.EnumerateArray())
        {
            if (++steps > MaxSteps)
                exhausted ??= "effort";
            if (exhausted is not null || !seen.Add(item))
                return false;
        }
        return true;
    }

    private bool Text(SchemaNode node, JsonElement value)
    {
        if (node.MinLength < 0 && node.MaxLength < 0 && node.Pattern is null)
            return true;
        var text = value.GetString()!;
        if (node.MinLength >= 0 || node.MaxLength >= 0)
        {
            // Characters, not halves of them (RFC 8259).
            var length = text.Length;
            foreach (var c in text)
                length -= char.IsLowSurrogate(c) ? 1 : 0;
            if (!Within(length, node.MinLength, node.MaxLength))
                return Fail(length < node.MinLength ? "minLength" : "maxLength", node, value);
        }
        return node.Pattern?.IsMatch(text) != false || Fail("pattern", node, value);
    }

    private bool Number(SchemaNode node, JsonElement value)
    {
        // Beyond what any reader here can hold.
        if (!double.IsFinite(value.GetDouble()))
            return Fail("finite", node, value);
        if (node.Minimum is { } least && JsonNumber.Compare(value, least) < 0)
            return Fail("minimum", node, value);
        if (node.Maximum is { } most && JsonNumber.Compare(value, most) > 0)
            return Fail("maximum", node, value);
        if (node.ExclusiveMinimum is { } above && JsonNumber.Compare(value, above) <= 0)
            return Fail("exclusiveMinimum", node, value);
        if (node.ExclusiveMaximum is { } below && JsonNumber.Compare(value, below) >= 0)
            return Fail("exclusiveMaximum", node, value);
        return node.MultipleOf is not { } step || JsonNumber.IsMultiple(value, step) || Fail("multipleOf", node, value);
    }
}
