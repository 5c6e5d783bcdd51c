using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Server.Services.Trust;

namespace Fairlead.Server.Storage;

/// <summary>JSON kept in the store. A golden file guards its shape; <c>schema</c> numbers it.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(ServiceDefinition))]
[JsonSerializable(typeof(List<string>))]
[JsonSerializable(typeof(List<TextFinding>))]
[JsonSerializable(typeof(CatalogueChange))]
[JsonSerializable(typeof(MessageContent))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(ToolViewConfig))]
internal sealed partial class StoreJson : JsonSerializerContext
{
    public static byte[] Write(ServiceDefinition definition) =>
        JsonSerializer.SerializeToUtf8Bytes(definition, Default.ServiceDefinition);

    /// <summary>Reads a definition of any schema up to now; a newer one is refused.</summary>
    public static ServiceDefinition ReadDefinition(ReadOnlySpan<byte> json)
    {
        ServiceDefinition read =
            JsonSerializer.Deserialize(json, Default.ServiceDefinition)
            ?? throw new JsonException("A stored service definition is null.");
        if (read.Schema is not 1)
            throw new StoreException(
                $"A service definition has schema {read.Schema}; this program knows 1. A newer Fairlead wrote it."
            );
        // The generated reader does not keep the defaults of members that are absent.
        return read with
        {
            Args = read.Args.IsDefault ? [] : read.Args,
            Tools = read.Tools.IsDefault ? default : [.. read.Tools.Select(t => t.Complete())],
            DependsOn = read.DependsOn.IsDefault ? [] : read.DependsOn,
            Env = read.Env ?? ImmutableSortedDictionary<string, string>.Empty,
            Headers = read.Headers ?? ImmutableSortedDictionary<string, string>.Empty,
            Extensions = read.Extensions ?? ImmutableSortedDictionary<string, JsonElement>.Empty,
        };
    }

    public static string Write(List<string> list) => JsonSerializer.Serialize(list, Default.ListString);

    public static string Write(List<TextFinding> findings) =>
        JsonSerializer.Serialize(findings, Default.ListTextFinding);

    public static string Write(CatalogueChange change) => JsonSerializer.Serialize(change, Default.CatalogueChange);

    public static CatalogueChange ReadChange(string json) =>
        JsonSerializer.Deserialize(json, Default.CatalogueChange)
        ?? throw new JsonException("A stored change of a catalogue is null.");

    public static string Write(Dictionary<string, string> texts) =>
        JsonSerializer.Serialize(texts, Default.DictionaryStringString);

    public static Dictionary<string, string> ReadTexts(string json) =>
        JsonSerializer.Deserialize(json, Default.DictionaryStringString) ?? [];

    public static string Write(MessageContent content) => JsonSerializer.Serialize(content, Default.MessageContent);

    public static MessageContent ReadMessage(string json) =>
        JsonSerializer.Deserialize(json, Default.MessageContent) switch
        {
            { Schema: 1 } read => read,
            { Schema: var newer } => throw new StoreException($"A message has schema {newer}; this program knows 1."),
            null => throw new JsonException("A stored message is null."),
        };

    public static string Write(ToolViewConfig view) => JsonSerializer.Serialize(view, Default.ToolViewConfig);

    public static ToolViewConfig ReadView(string json) =>
        JsonSerializer.Deserialize(json, Default.ToolViewConfig) switch
        {
            // The generated reader does not keep the defaults of members that are absent.
            { Schema: 1 } read => read with
            {
                Hidden = read.Hidden.IsDefault ? [] : read.Hidden,
                Fixed = read.Fixed ?? ImmutableSortedDictionary<string, JsonElement>.Empty,
            },
            { Schema: var newer } => throw new StoreException(
                $"A view of a tool has schema {newer}; this program knows 1. A newer Fairlead wrote it."
            ),
            null => throw new JsonException("A stored view is null."),
        };

    public static List<TextFinding> ReadFindings(string json) =>
        JsonSerializer.Deserialize(json, Default.ListTextFinding) ?? [];

    public static List<string> ReadList(string json) => JsonSerializer.Deserialize(json, Default.ListString) ?? [];
}
