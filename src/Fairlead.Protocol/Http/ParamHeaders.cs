using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace Fairlead.Protocol.Http;

/// <summary>One annotated parameter: the header it is mirrored into and where its value lies in the arguments.</summary>
/// <param name="Header">The whole header name, <c>Mcp-Param-…</c>.</param>
/// <param name="Path">Member names from the root of <c>arguments</c> to the value.</param>
public sealed record ParamHeaderRule(string Header, ImmutableArray<string> Path);

/// <summary>
/// The <c>x-mcp-header</c> annotations of one tool (spec 2026-07-28 streamable-http "Custom Headers from Tool
/// Parameters", R19, R20): reads them from its input schema, builds the headers of a call and checks those of one.
/// </summary>
public sealed class ParamHeaders
{
    private const string Prefix = "Mcp-Param-";

    /// <summary>A tool without annotations.</summary>
    public static readonly ParamHeaders None = new([]);

    internal ParamHeaders(ImmutableArray<ParamHeaderRule> rules) => Rules = rules;

    /// <summary>The annotated parameters in the schema's order.</summary>
    public ImmutableArray<ParamHeaderRule> Rules { get; }

    /// <summary>Reads an input schema.</summary>
    /// <param name="inputSchema">The schema as one JSON object that was checked to be JSON.</param>
    /// <param name="invalid">Why the tool must be left out of the list on HTTP (R20); null when it is fine.</param>
    /// <returns>Null when the annotations break a rule.</returns>
    public static ParamHeaders? Read(ReadOnlySpan<byte> inputSchema, out string? invalid)
    {
        // Most schemas have none; the name cannot be hidden by escapes without a backslash.
        if (inputSchema.IndexOf("x-mcp-header"u8) < 0 && inputSchema.IndexOf((byte)'\\') < 0)
        {
            invalid = null;
            return None;
        }
        var walk = new ParamHeaderWalk(Prefix);
        walk.Run(inputSchema);
        invalid = walk.Problem;
        return invalid is not null ? null
            : walk.Rules.Count == 0 ? None
            : new ParamHeaders([.. walk.Rules]);
    }

    /// <summary>The headers of a call, encoded; null when it has none. Absent and null parameters have none.</summary>
    /// <param name="arguments">The <c>arguments</c> object, checked to be JSON; empty when absent.</param>
    public IReadOnlyList<KeyValuePair<string, string>>? Build(ReadOnlySpan<byte> arguments)
    {
        List<KeyValuePair<string, string>>? headers = null;
        foreach (var rule in Rules)
        {
            if (ValueAt(arguments, rule.Path) is { } value)
                (headers ??= []).Add(new(rule.Header, HeaderText.Encode(value.Text)));
        }
        return headers;
    }

    /// <summary>Compares a call's headers with its arguments (R19).</summary>
    /// <param name="arguments">The <c>arguments</c> object, checked to be JSON; empty when absent.</param>
    /// <param name="header">Gives the raw value of a header, or null when it was not sent.</param>
    /// <returns>What does not agree, for the error message; null when all agree.</returns>
    public string? Mismatch(ReadOnlySpan<byte> arguments, Func<string, string?> header)
    {
        ArgumentNullException.ThrowIfNull(header);
        foreach (var rule in Rules)
        {
            var sent = header(rule.Header);
            var value = ValueAt(arguments, rule.Path);
            if (sent is null && value is null)
                continue;
            if (sent is null)
                return $"{rule.Header} is missing";
            if (!HeaderText.TryDecode(sent, out var text))
                return $"{rule.Header} has invalid characters";
            if (value is null || !Same(text, value.Value))
                return $"{rule.Header} does not match the body";
        }
        return null;
    }

    private static bool Same(string sent, (string Text, bool Number) value) =>
        sent == value.Text
        || (
            value.Number
            && decimal.TryParse(sent, NumberStyles.Float, CultureInfo.InvariantCulture, out var header)
            && decimal.TryParse(value.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var body)
            && header == body
        );

    /// <summary>The value at a path as header text; null when absent, null or no primitive.</summary>
    private static (string Text, bool Number)? ValueAt(ReadOnlySpan<byte> json, ImmutableArray<string> path)
    {
        foreach (var name in path)
            json = JsonScan.Value(json, System.Text.Encoding.UTF8.GetBytes(name));
        if (json.IsEmpty)
            return null;
        var reader = new Utf8JsonReader(json);
        reader.Read();
        return reader.TokenType switch
        {
            JsonTokenType.String => (reader.GetString()!, false),
            JsonTokenType.True => ("true", false),
            JsonTokenType.False => ("false", false),
            JsonTokenType.Number => (Number(ref reader, json), true),
            _ => null,
        };
    }

    /// <summary>Whole numbers in decimal digits, however they were written (<c>42.0</c>, <c>4.2e1</c>).</summary>
    private static string Number(ref Utf8JsonReader reader, ReadOnlySpan<byte> raw) =>
        reader.TryGetDecimal(out var value) && decimal.IsInteger(value)
            ? value.ToString("0", CultureInfo.InvariantCulture)
            : System.Text.Encoding.UTF8.GetString(raw);
}
