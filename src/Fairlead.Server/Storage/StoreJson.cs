using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fairlead.Server.Storage;

/// <summary>JSON kept in the store. A golden file guards its shape; <c>schema</c> numbers it.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(ServiceDefinition))]
[JsonSerializable(typeof(List<string>))]
internal sealed partial class StoreJson : JsonSerializerContext
{
    public static byte[] Write(ServiceDefinition definition) =>
        JsonSerializer.SerializeToUtf8Bytes(definition, Default.ServiceDefinition);

    public static ServiceDefinition ReadDefinition(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize(json, Default.ServiceDefinition)
        ?? throw new JsonException("A stored service definition is null.");

    public static string Write(List<string> list) => JsonSerializer.Serialize(list, Default.ListString);

    public static List<string> ReadList(string json) => JsonSerializer.Deserialize(json, Default.ListString) ?? [];
}
