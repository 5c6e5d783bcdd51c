using System.Text.Json;
using System.Text.RegularExpressions;

namespace Fairlead.Server.Tools.Schemas;

/// <summary>A schema with an <c>$id</c> (or the document itself), and what its anchors name.</summary>
internal sealed class SchemaResource(string uri)
{
    public string Uri { get; } = uri;
    public Dictionary<string, SchemaNode> Anchors { get; } = [];
    public Dictionary<string, SchemaNode> DynamicAnchors { get; } = [];

    /// <summary>Whether its dialect has the validation vocabulary.</summary>
    public bool Validates { get; set; } = true;
}

/// <summary>Types a value may have, as bits.</summary>
[Flags]
internal enum JsonTypes
{
    None = 0,
    Null = 1,
    Boolean = 2,
    Object = 4,
    Array = 8,
    Number = 16,
    String = 32,
    Integer = 64,
}

/// <summary>One schema object, its keywords read. Null and -1 mean that a keyword is not there.</summary>
internal sealed class SchemaNode(JsonElement source, SchemaResource resource)
{
    public JsonElement Source { get; } = source;
    public SchemaResource Resource { get; } = resource;

    /// <summary>For a schema that is <c>true</c> or <c>false</c>.</summary>
    public bool? Constant { get; init; }

    public SchemaNode? Ref { get; set; }
    public SchemaNode? DynamicRef { get; set; }

    /// <summary>Name to look for along the way here; null where <see cref="DynamicRef"/> is an ordinary reference.</summary>
    public string? DynamicName { get; set; }

    public JsonTypes Types { get; set; }
    public JsonElement[]? Enum { get; set; }
    public JsonElement? Const { get; set; }
    public JsonElement? MultipleOf { get; set; }
    public JsonElement? Maximum { get; set; }
    public JsonElement? ExclusiveMaximum { get; set; }
    public JsonElement? Minimum { get; set; }
    public JsonElement? ExclusiveMinimum { get; set; }
    public int MaxLength { get; set; } = -1;
    public int MinLength { get; set; } = -1;
    public Regex? Pattern { get; set; }
    public int MaxItems { get; set; } = -1;
    public int MinItems { get; set; } = -1;
    public bool UniqueItems { get; set; }
    public int MaxContains { get; set; } = -1;
    public int MinContains { get; set; } = -1;
    public int MaxProperties { get; set; } = -1;
    public int MinProperties { get; set; } = -1;
    public string[]? Required { get; set; }
    public (string If, string[] Then)[]? DependentRequired { get; set; }

    public SchemaNode[]? AllOf { get; set; }
    public SchemaNode[]? AnyOf { get; set; }
    public SchemaNode[]? OneOf { get; set; }
    public SchemaNode? Not { get; set; }
    public SchemaNode? If { get; set; }
    public SchemaNode? Then { get; set; }
    public SchemaNode? Else { get; set; }
    public (string If, SchemaNode Then)[]? DependentSchemas { get; set; }

    public SchemaNode[]? PrefixItems { get; set; }
    public SchemaNode? Items { get; set; }
    public SchemaNode? Contains { get; set; }
    public SchemaNode? UnevaluatedItems { get; set; }

    public Dictionary<string, SchemaNode>? Properties { get; set; }
    public (Regex Name, SchemaNode Schema)[]? PatternProperties { get; set; }
    public SchemaNode? AdditionalProperties { get; set; }
    public SchemaNode? PropertyNames { get; set; }
    public SchemaNode? UnevaluatedProperties { get; set; }

    public bool HasObjectRules =>
        Properties is not null
        || Required is not null
        || PatternProperties is not null
        || AdditionalProperties is not null
        || PropertyNames is not null
        || MaxProperties >= 0
        || MinProperties >= 0
        || DependentRequired is not null
        || DependentSchemas is not null
        || UnevaluatedProperties is not null;
}
