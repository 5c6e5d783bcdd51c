using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary>Printed by <c>login --json</c>.</summary>
internal sealed record SignedIn(string Server, string User, DateTimeOffset ExpiresAt);

/// <summary>Printed by <c>keys show --json</c>.</summary>
internal sealed record ShownKey(string Group, string ServerCode, string ApiKey);

/// <summary>Printed by <c>tools list --json</c>, one for each tool.</summary>
internal sealed record ListedTool(string Name, string? Title, string? Description, JsonElement InputSchema);

/// <summary>Printed by <c>tools call --json</c>; content and structured content as the tool sent them.</summary>
internal sealed record CalledTool(string Tool, bool IsError, JsonElement Content, JsonElement? StructuredContent);

/// <summary>What <c>--json</c> prints: a promise, held by golden files.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(SignedIn))]
[JsonSerializable(typeof(ShownKey))]
[JsonSerializable(typeof(IReadOnlyList<ListedTool>))]
[JsonSerializable(typeof(CalledTool))]
[JsonSerializable(typeof(ServiceInfo))]
[JsonSerializable(typeof(ServiceDetail))]
[JsonSerializable(typeof(ImportResult))]
[JsonSerializable(typeof(IReadOnlyList<ServiceInfo>))]
internal sealed partial class CliJson : JsonSerializerContext;
