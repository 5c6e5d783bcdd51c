using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Fairlead.Server.Tools.Schemas;

/// <summary>
/// Reads schema documents into nodes: first every identifier of a document, then the keywords, then what references lead
/// to. Recursive schemas are graphs of nodes.
/// </summary>
internal sealed class SchemaCompiler(IReadOnlyDictionary<string, JsonElement>? known)
{
    private const int MaxNodes = 20_000;
    private const string Own = "fairlead:/schema";
    private static readonly TimeSpan PatternTime = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<string, SchemaResource> resources = [];

    // By absolute place: URI of the document and JSON pointer in it.
    private readonly Dictionary<(string Document, string Pointer), SchemaNode> nodes = [];
    private readonly Dictionary<string, (string Document, string Pointer)> places = [];
    private readonly Queue<(SchemaNode Node, string Document, string Pointer)> unread = new();
    private readonly HashSet<string> loaded = [];

    /// <summary>Compiles one document and what it refers to.</summary>
    /// <exception cref="FormatException">It is no schema, or one that cannot be used here; the message says why.</exception>
    public SchemaNode Compile(JsonElement schema)
    {
        try
        {
            Load(Own, schema);
            while (unread.TryDequeue(out var next))
                Read(next.Node, next.Document, next.Pointer);
            return nodes[(Own, "")];
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException)
        {
            // A number where a schema must be, an array where an object must be, half a surrogate pair.
            throw new FormatException($"The schema has at a keyword what does not belong there: {e.Message}", e);
        }
    }

    private void Load(string uri, JsonElement schema)
    {
        if (!loaded.Add(uri))
            return;
        var resource = Resource(uri, (uri, ""));
        Walk(schema, resource, uri, "");
    }

    private SchemaResource Resource(string uri, (string, string) place)
    {
        if (resources.TryGetValue(uri, out var there))
            return there;
        places[uri] = place;
        return resources[uri] = new SchemaResource(uri);
    }

    // Gives every schema of a document its node and its names. Only under keywords that hold schemas.
    private SchemaNode Walk(JsonElement schema, SchemaResource resource, string document, string pointer)
    {
        if (nodes.TryGetValue((document, pointer), out var done))
            return done;
        if (nodes.Count >= MaxNodes)
            throw new FormatException($"The schema has more than {MaxNodes} parts.");
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return nodes[(document, pointer)] = new SchemaNode(default, resource)
            {
                Constant = schema.ValueKind == JsonValueKind.True,
            };
        }
        if (schema.ValueKind != JsonValueKind.Object)
            throw new FormatException($"A schema is an object or a boolean: {document}#{pointer}");
        if (Text(schema, "$id") is { } id)
            resource = Resource(Resolve(resource.Uri, id).TrimEnd('#'), (document, pointer));
        var node = new SchemaNode(schema, resource);
        nodes[(document, pointer)] = node;
        unread.Enqueue((node, document, pointer));
        if (Text(schema, "$schema") is { } dialect && Document(dialect.TrimEnd('#')) is { } meta)
            resource.Validates = !meta.TryGetProperty("$vocabulary", out var has) || IsValidating(has);
        if (Text(schema, "$anchor") is { } anchor)
            resource.Anchors[anchor] = node;
        if (Text(schema, "$dynamicAnchor") is { } moving)
            resource.Anchors[moving] = resource.DynamicAnchors[moving] = node;
        foreach (var member in schema.EnumerateObject())
        {
            var at = $"{pointer}/{Escape(member.Name)}";
            switch (SchemaKeywords.Holds(member.Name))
            {
                case SchemaHolder.One:
                    Walk(member.Value, resource, document, at);
                    break;
                case SchemaHolder.List when member.Value.ValueKind == JsonValueKind.Array:
                    var i = 0;
                    foreach (var item in member.Value.EnumerateArray())
                        Walk(item, resource, document, $"{at}/{i++}");
                    break;
                case SchemaHolder.Map when member.Value.ValueKind == JsonValueKind.Object:
                    foreach (var item in member.Value.EnumerateObject())
                        Walk(item.Value, resource, document, $"{at}/{Escape(item.Name)}");
                    break;
            }
        }
        return node;
    }

    private static bool IsValidating(JsonElement vocabulary) =>
        vocabulary.TryGetProperty("https://json-schema.org/draft/2020-12/vocab/validation", out _);

    private JsonElement? Document(string uri) => known is not null && known.TryGetValue(uri, out var d) ? d : null;

    private void Read(SchemaNode node, string document, string pointer)
    {
        var schema = node.Source;
        foreach (var member in schema.EnumerateObject())
        {
            var value = member.Value;
            SchemaNode One() => nodes[(document, $"{pointer}/{Escape(member.Name)}")];
            SchemaNode[] List() =>
                [
                    .. Enumerable
                        .Range(0, value.GetArrayLength())
                        .Select(i => nodes[(document, $"{pointer}/{Escape(member.Name)}/{i}")]),
                ];
            IEnumerable<(string Name, SchemaNode Node)> Map() =>
                value
                    .EnumerateObject()
                    .Select(p => (p.Name, nodes[(document, $"{pointer}/{Escape(member.Name)}/{Escape(p.Name)}")]));
            switch (member.Name)
            {
                case "$ref":
                    node.Ref = Find(node.Resource.Uri, Text(member), out _);
                    break;
                case "$dynamicRef":
                    node.DynamicRef = Find(node.Resource.Uri, Text(member), out var name);
                    // Only where the first hit is itself dynamic is the way here looked along.
                    if (name is not null && node.DynamicRef.Resource.DynamicAnchors.ContainsKey(name))
                        node.DynamicName = name;
                    break;
                case "allOf":
                    node.AllOf = List();
                    break;
                case "anyOf":
                    node.AnyOf = List();
                    break;
                case "oneOf":
                    node.OneOf = List();
                    break;
                case "not":
                    node.Not = One();
                    break;
                case "if":
                    node.If = One();
                    break;
                case "then":
                    node.Then = One();
                    break;
                case "else":
                    node.Else = One();
                    break;
                case "dependentSchemas":
                    node.DependentSchemas = [.. Map()];
                    break;
                case "prefixItems":
                    node.PrefixItems = List();
                    break;
                case "items":
                    node.Items = One();
                    break;
                case "contains":
                    node.Contains = One();
                    break;
                case "unevaluatedItems":
                    node.UnevaluatedItems = One();
                    break;
                case "properties":
                    node.Properties = Map().ToDictionary(p => p.Name, p => p.Node);
                    break;
                case "patternProperties":
                    node.PatternProperties = [.. Map().Select(p => (Pattern(p.Name), p.Node))];
                    break;
                case "additionalProperties":
                    node.AdditionalProperties = One();
                    break;
                case "propertyNames":
                    node.PropertyNames = One();
                    break;
                case "unevaluatedProperties":
                    node.UnevaluatedProperties = One();
                    break;
                default:
                    if (node.Resource.Validates)
                        Rule(node, member.Name, value);
                    break;
            }
        }
    }

    private static void Rule(SchemaNode node, string keyword, JsonElement value)
    {
        switch (keyword)
        {
            case "type":
                node.Types =
                    value.ValueKind == JsonValueKind.Array
                        ? value.EnumerateArray().Aggregate(JsonTypes.None, (all, t) => all | TypeOf(t.GetString()))
                        : TypeOf(value.GetString());
                break;
            case "enum":
                node.Enum = [.. value.EnumerateArray()];
                break;
            case "const":
                node.Const = value;
                break;
            case "multipleOf":
                node.MultipleOf = value;
                break;
            case "maximum":
                node.Maximum = value;
                break;
            case "exclusiveMaximum":
                node.ExclusiveMaximum = value;
                break;
            case "minimum":
                node.Minimum = value;
                break;
            case "exclusiveMinimum":
                node.ExclusiveMinimum = value;
                break;
            case "maxLength":
                node.MaxLength = Count(value);
                break;
            case "minLength":
                node.MinLength = Count(value);
                break;
            case "pattern":
                node.Pattern = Pattern(value.GetString() ?? "");
                break;
            case "maxItems":
                node.MaxItems = Count(value);
                break;
            case "minItems":
                node.MinItems = Count(value);
                break;
            case "uniqueItems":
                node.UniqueItems = value.GetBoolean();
                break;
            case "maxContains":
                node.MaxContains = Count(value);
                break;
            case "minContains":
                node.MinContains = Count(value);
                break;
            case "maxProperties":
                node.MaxProperties = Count(value);
                break;
            case "minProperties":
                node.MinProperties = Count(value);
                break;
            case "required":
                node.Required = Texts(value);
                break;
            case "dependentRequired":
                node.DependentRequired = [.. value.EnumerateObject().Select(p => (p.Name, Texts(p.Value)))];
                break;
        }
    }

    private static string Text(JsonProperty member) =>
        member.Value.ValueKind == JsonValueKind.String
            ? member.Value.GetString()!
            : throw new FormatException($"{member.Name} in the schema is no text.");

    // What a reference names. A document that was not given is never fetched.
    private SchemaNode Find(string from, string reference, out string? anchor)
    {
        var whole = Resolve(from, reference);
        var hash = whole.IndexOf('#', StringComparison.Ordinal);
        var uri = hash < 0 ? whole : whole[..hash];
        var fragment = hash < 0 ? "" : Uri.UnescapeDataString(whole[(hash + 1)..]);
        anchor = null;
        if (!resources.ContainsKey(uri) && Document(uri) is { } document)
            Load(uri, document);
        if (!places.TryGetValue(uri, out var place))
            throw new FormatException($"The schema refers to {uri}, which is not part of it and is not fetched.");
        if (fragment.Length == 0)
            return nodes[place];
        if (fragment[0] == '/')
            return AtPointer(place.Document, place.Pointer, fragment);
        anchor = fragment;
        return resources[uri].Anchors.TryGetValue(fragment, out var node)
            ? node
            : throw new FormatException($"The schema refers to {whole}, which is not there.");
    }

    private SchemaNode AtPointer(string document, string start, string fragment)
    {
        if (nodes.TryGetValue((document, start + fragment), out var there))
            return there;
        // A place that is no schema by its keyword: read as one from here on.
        var node = nodes[(document, start)];
        var at = node.Source;
        var pointer = start;
        foreach (var step in fragment[1..].Split('/'))
        {
            var name = step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            at =
                at.ValueKind == JsonValueKind.Object && at.TryGetProperty(name, out var member) ? member
                : at.ValueKind == JsonValueKind.Array
                && int.TryParse(name, out var index)
                && index < at.GetArrayLength()
                    ? at[index]
                : throw new FormatException($"The schema refers to #{fragment}, which is not there.");
            pointer += "/" + step;
            node = nodes.GetValueOrDefault((document, pointer), node);
        }
        return Walk(at, node.Resource, document, pointer);
    }

    private static string Resolve(string from, string reference) =>
        reference.StartsWith('#') ? from + reference
        : Uri.TryCreate(reference, UriKind.Absolute, out _) && !reference.StartsWith('/') ? reference
        : new Uri(new Uri(from), reference).OriginalString is var whole
        && Uri.TryCreate(new Uri(from), reference, out var joined)
            ? joined.ToString()
        : whole;

    private static Regex Pattern(string pattern)
    {
        var translated = SchemaKeywords.Translate(pattern);
        try
        {
            return new Regex(translated, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (NotSupportedException)
        {
            // Looks around or back: against the clock then.
            return new Regex(translated, RegexOptions.CultureInvariant, PatternTime);
        }
        catch (ArgumentException e)
        {
            throw new FormatException($"The pattern {pattern} cannot be read: {e.Message}", e);
        }
    }

    private static JsonTypes TypeOf(string? name) =>
        name switch
        {
            "null" => JsonTypes.Null,
            "boolean" => JsonTypes.Boolean,
            "object" => JsonTypes.Object,
            "array" => JsonTypes.Array,
            "number" => JsonTypes.Number | JsonTypes.Integer,
            "string" => JsonTypes.String,
            "integer" => JsonTypes.Integer,
            _ => throw new FormatException($"There is no type {name}."),
        };

    // 2.0 counts as 2 (JSON has one kind of number).
    private static int Count(JsonElement value) => (int)Math.Min(value.GetDouble(), int.MaxValue);

    private static string[] Texts(JsonElement list) => [.. list.EnumerateArray().Select(t => t.GetString()!)];

    private static string? Text(JsonElement schema, string key) =>
        schema.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string Escape(string step) =>
        step.Contains('~', StringComparison.Ordinal) || step.Contains('/', StringComparison.Ordinal)
            ? new StringBuilder(step).Replace("~", "~0").Replace("/", "~1").ToString()
            : step;
}
