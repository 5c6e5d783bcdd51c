using System.Text.Json;

namespace Fairlead.Server.Tools.Schemas;

/// <summary>Where and why a value does not fit.</summary>
/// <param name="Keyword">The keyword of JSON Schema that was not met, or <c>depth</c>, <c>effort</c>, <c>finite</c>.</param>
/// <param name="Path">The place in the value: names and <c>[index]</c>, joined by dots; empty for the value itself.</param>
/// <param name="Value">What stands there.</param>
/// <param name="Schema">The schema object that says the keyword; undefined where the schema is <c>false</c>.</param>
/// <param name="Name">The property that is missing or not allowed; else null.</param>
internal sealed record SchemaFault(
    string Keyword,
    string Path,
    JsonElement Value,
    JsonElement Schema,
    string? Name = null
);

/// <summary>
/// A JSON Schema 2020-12, compiled once and used by many threads. A check is bounded: at most so many steps and so deep,
/// patterns run in linear time or against a clock, and nothing is ever fetched: a <c>$ref</c> to a document that was
/// not given does not compile. <c>format</c> is an annotation, as the specification has it by default.
/// </summary>
internal sealed class JsonSchema
{
    private readonly SchemaNode root;

    private JsonSchema(SchemaNode root) => this.root = root;

    /// <summary>Compiles a schema.</summary>
    /// <param name="schema">An object or a boolean; must stay alive.</param>
    /// <param name="known">Other documents that may be referred to, by URI; null for none.</param>
    /// <exception cref="FormatException">The schema cannot be used; the message says why.</exception>
    public static JsonSchema Compile(JsonElement schema, IReadOnlyDictionary<string, JsonElement>? known = null) =>
        new(new SchemaCompiler(known).Compile(schema));

    /// <summary>The first thing wrong with a value; null when it fits.</summary>
    public SchemaFault? Check(JsonElement value) => new SchemaRun().Check(root, value);
}
