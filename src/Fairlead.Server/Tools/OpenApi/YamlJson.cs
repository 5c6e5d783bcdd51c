using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Fairlead.Server.Tools.OpenApi;

/// <summary>YAML as JSON, by the core schema of YAML 1.2. Aliases are written out, within a bound.</summary>
internal static partial class YamlJson
{
    private const int MostBytes = 64 * 1024 * 1024;
    private const int Deepest = 200;
    private static readonly JsonDocumentOptions Depth = new() { MaxDepth = Deepest + 1 };

    /// <summary>Reads JSON, or YAML where it is none.</summary>
    /// <exception cref="FormatException">It is neither; the message says where.</exception>
    public static JsonElement Read(string text)
    {
        if (text.AsSpan().TrimStart() is ['{' or '[', ..])
        {
            try
            {
                return JsonElement.Parse(text, Depth);
            }
            catch (JsonException failure)
            {
                throw new FormatException($"This is no JSON: {failure.Message}", failure);
            }
        }
        var stream = Load(text);
        if (stream.Documents.Count == 0)
            throw new FormatException("There is nothing in it.");
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
            Write(json, buffer, stream.Documents[0].RootNode, 0);
        return JsonElement.Parse(buffer.WrittenSpan, Depth);
    }

    private static YamlStream Load(string text)
    {
        try
        {
            return Parse(text);
        }
        catch (YamlException failure)
        {
            try
            {
                // Large documents have blank lines with more spaces than the text below them, which YAML forbids and most
                // readers take; without those spaces it says the same.
                return Parse(BlankLine().Replace(text, ""));
            }
            catch (YamlException)
            {
                throw new FormatException($"This is no YAML: line {failure.Start.Line}: {failure.Message}", failure);
            }
        }
    }

    private static YamlStream Parse(string text)
    {
        var stream = new YamlStream();
        using var reader = new StringReader(text);
        stream.Load(reader);
        return stream;
    }

    [GeneratedRegex("^[ \\t]+(?=\\r?$)", RegexOptions.Multiline | RegexOptions.CultureInvariant, 10_000)]
    private static partial Regex BlankLine();

    private static void Write(Utf8JsonWriter json, ArrayBufferWriter<byte> buffer, YamlNode node, int depth)
    {
        if (depth > Deepest)
            throw new FormatException($"This YAML is nested deeper than {Deepest}.");
        if (buffer.WrittenCount + json.BytesPending > MostBytes)
            throw new FormatException($"This YAML is larger than {MostBytes} bytes once its aliases are written out.");
        switch (node)
        {
            case YamlMappingNode mapping:
                json.WriteStartObject();
                foreach (var (key, value) in mapping.Children)
                {
                    json.WritePropertyName((key as YamlScalarNode)?.Value ?? "");
                    Write(json, buffer, value, depth + 1);
                }
                json.WriteEndObject();
                break;
            case YamlSequenceNode sequence:
                json.WriteStartArray();
                foreach (var item in sequence.Children)
                    Write(json, buffer, item, depth + 1);
                json.WriteEndArray();
                break;
            case YamlScalarNode { Style: ScalarStyle.Plain } plain:
                WritePlain(json, plain.Value ?? "");
                break;
            case YamlScalarNode scalar:
                json.WriteStringValue(scalar.Value);
                break;
            default:
                json.WriteNullValue();
                break;
        }
    }

    private static void WritePlain(Utf8JsonWriter json, string text)
    {
        if (text is "" or "~" or "null" or "Null" or "NULL")
            json.WriteNullValue();
        else if (text is "true" or "True" or "TRUE" or "false" or "False" or "FALSE")
            json.WriteBooleanValue(text[0] is 't' or 'T');
        else if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
            json.WriteNumberValue(whole);
        else if (
            char.IsAsciiDigit(text[^1])
            && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && double.IsFinite(number)
        )
            json.WriteNumberValue(number);
        else
            json.WriteStringValue(text);
    }
}
