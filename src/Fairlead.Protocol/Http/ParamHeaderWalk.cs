using System.Collections.Immutable;
using System.Text.Json;

namespace Fairlead.Protocol.Http;

/// <summary>
/// Walks an input schema for <c>x-mcp-header</c>. An annotation counts only on a primitive that is reached by
/// <c>properties</c> alone; anywhere else it makes the tool invalid.
/// </summary>
internal sealed class ParamHeaderWalk(string prefix)
{
    private readonly HashSet<string> names = new(StringComparer.OrdinalIgnoreCase);

    public List<ParamHeaderRule> Rules { get; } = [];

    public string? Problem { get; private set; }

    public void Run(ReadOnlySpan<byte> schema)
    {
        var reader = new Utf8JsonReader(schema);
        try
        {
            if (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
                Schema(ref reader, [], reachable: true);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            Problem ??= "the input schema is not readable";
        }
    }

    /// <summary>One schema; the reader stands on its opening brace and ends on its closing one.</summary>
    private void Schema(ref Utf8JsonReader reader, ImmutableArray<string> path, bool reachable)
    {
        string? header = null;
        var annotated = false;
        var primitive = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("x-mcp-header"u8))
            {
                reader.Read();
                annotated = true;
                header = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
                reader.Skip();
            }
            else if (reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                primitive = IsPrimitive(ref reader);
            }
            else if (reader.ValueTextEquals("properties"u8))
            {
                reader.Read();
                Named(ref reader, path, reachable);
            }
            else if (IsNamed(ref reader))
            {
                reader.Read();
                Named(ref reader, path, reachable: false);
            }
            else if (IsData(ref reader))
            {
                reader.Read();
                reader.Skip();
            }
            else
            {
                reader.Read();
                Elsewhere(ref reader, path);
            }
        }
        if (annotated)
            Note(header, path, reachable && path.Length > 0, primitive);
    }

    /// <summary>Keywords whose values are data, not schemas: an annotation in them annotates nothing.</summary>
    private static bool IsData(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("default"u8)
        || reader.ValueTextEquals("const"u8)
        || reader.ValueTextEquals("enum"u8)
        || reader.ValueTextEquals("examples"u8);

    /// <summary>Keywords other than <c>properties</c> whose members are names of schemas.</summary>
    private static bool IsNamed(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("$defs"u8)
        || reader.ValueTextEquals("definitions"u8)
        || reader.ValueTextEquals("patternProperties"u8)
        || reader.ValueTextEquals("dependentSchemas"u8);

    private static bool IsPrimitive(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String)
            return IsPrimitiveName(ref reader);
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return false;
        }
        var primitives = 0;
        var others = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.String && IsPrimitiveName(ref reader))
                primitives++;
            else if (reader.TokenType != JsonTokenType.String || !reader.ValueTextEquals("null"u8))
                others++;
            reader.Skip();
        }
        return primitives == 1 && others == 0;
    }

    private static bool IsPrimitiveName(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("string"u8)
        || reader.ValueTextEquals("integer"u8)
        || reader.ValueTextEquals("boolean"u8);

    private static bool IsToken(string text)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && !"!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal))
                return false;
        }
        return text.Length > 0;
    }

    private void Named(ref Utf8JsonReader reader, ImmutableArray<string> path, bool reachable)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var inner = path.Add(reader.GetString()!);
            reader.Read();
            if (reader.TokenType == JsonTokenType.StartObject)
                Schema(ref reader, inner, reachable);
            else
                reader.Skip();
        }
    }

    /// <summary>Any other keyword: schemas in it are real, but not reachable by <c>properties</c> alone.</summary>
    private void Elsewhere(ref Utf8JsonReader reader, ImmutableArray<string> path)
    {
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            Schema(ref reader, path, reachable: false);
            return;
        }
        if (reader.TokenType != JsonTokenType.StartArray)
            return;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            Elsewhere(ref reader, path);
    }

    private void Note(string? header, ImmutableArray<string> path, bool reachable, bool primitive)
    {
        var where = path.Length == 0 ? "the schema itself" : $"'{string.Join('.', path)}'";
        Problem ??=
            header is null || !IsToken(header) ? $"x-mcp-header of {where} is not a header name"
            : !reachable ? $"x-mcp-header of {where} is not reachable by properties alone"
            : !primitive ? $"x-mcp-header of {where} is not on a string, integer or boolean"
            : !names.Add(header) ? $"x-mcp-header '{header}' is there twice"
            : null;
        if (Problem is null)
            Rules.Add(new ParamHeaderRule(prefix + header, path));
    }
}
