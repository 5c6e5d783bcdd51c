using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Bench;
using Fairlead.Client;
using Fairlead.Profile;

namespace Fairlead.Cli;

/// <summary>Printed by <c>login --json</c>.</summary>
internal sealed record SignedIn(string Server, string User, DateTimeOffset ExpiresAt);

/// <summary>Printed by <c>keys show --json</c>.</summary>
internal sealed record ShownKey(string Group, string ServerCode, string ApiKey);

/// <summary>Printed by <c>tools list --json</c>, one for each tool.</summary>
internal sealed record ListedTool(string Name, string? Title, string? Description, JsonElement InputSchema);

/// <summary>Printed by <c>tools call --json</c>; content and structured content as the tool sent them.</summary>
internal sealed record CalledTool(string Tool, bool IsError, JsonElement Content, JsonElement? StructuredContent);

/// <summary>A line on standard error with <c>--json</c>: what is worth knowing beside the result.</summary>
internal sealed record CliNote(string Note);

/// <summary>A line on standard error with <c>--json</c>: why the exit code is not 0.</summary>
internal sealed record CliError(CliErrorBody Error);

internal sealed record CliErrorBody(string Code, int ExitCode, string Message, string? Advice);

/// <summary>Printed by <c>services import --json</c>, one for each service of the file.</summary>
internal sealed record ImportOutcome(string Action, ServiceInfo Service);

/// <summary>Printed by <c>keys list --json</c>, one for each group.</summary>
internal sealed record ListedKey(string Group, string ServerCode, bool Enabled, string Address);

/// <summary>What <c>--json</c> prints: a promise, held by golden files.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(SignedIn))]
[JsonSerializable(typeof(ShownKey))]
[JsonSerializable(typeof(IReadOnlyList<ListedTool>))]
[JsonSerializable(typeof(CalledTool))]
[JsonSerializable(typeof(ServiceInfo))]
[JsonSerializable(typeof(ServiceDetail))]
[JsonSerializable(typeof(ImportResult))]
[JsonSerializable(typeof(OpenApiOutcome))]
[JsonSerializable(typeof(IReadOnlyList<ServiceInfo>))]
[JsonSerializable(typeof(IReadOnlyList<ImportOutcome>))]
[JsonSerializable(typeof(IReadOnlyList<ServiceCheck>))]
[JsonSerializable(typeof(IReadOnlyList<ServiceLogLine>))]
[JsonSerializable(typeof(IReadOnlyList<ServiceEvent>))]
[JsonSerializable(typeof(IReadOnlyList<Capability>))]
[JsonSerializable(typeof(IReadOnlyList<CapabilityChange>))]
[JsonSerializable(typeof(IReadOnlyList<ServiceHealth>))]
[JsonSerializable(typeof(CallRecord))]
[JsonSerializable(typeof(IReadOnlyList<CallRecord>))]
[JsonSerializable(typeof(GroupInfo))]
[JsonSerializable(typeof(IReadOnlyList<GroupInfo>))]
[JsonSerializable(typeof(IReadOnlyList<ListedKey>))]
[JsonSerializable(typeof(UserInfo))]
[JsonSerializable(typeof(IReadOnlyList<UserInfo>))]
[JsonSerializable(typeof(PublishedTool))]
[JsonSerializable(typeof(IReadOnlyList<PublishedTool>))]
[JsonSerializable(typeof(IReadOnlyList<JsonElement>))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(ServiceExport))]
[JsonSerializable(typeof(SecretInfo))]
[JsonSerializable(typeof(IReadOnlyList<SecretInfo>))]
[JsonSerializable(typeof(IReadOnlyList<RegistryServer>))]
[JsonSerializable(typeof(ReviewDetail))]
[JsonSerializable(typeof(IReadOnlyList<ReviewInfo>))]
[JsonSerializable(typeof(MeasuredRun))]
[JsonSerializable(typeof(LoadResult))]
[JsonSerializable(typeof(ProfileView))]
[JsonSerializable(typeof(ExecutionInfo))]
[JsonSerializable(typeof(IReadOnlyList<ExecutionInfo>))]
[JsonSerializable(typeof(IReadOnlyList<FailureInfo>))]
[JsonSerializable(typeof(IReadOnlyList<ManualExecution>))]
[JsonSerializable(typeof(BreakerInfo))]
[JsonSerializable(typeof(IReadOnlyList<BreakerInfo>))]
[JsonSerializable(typeof(CliNote))]
[JsonSerializable(typeof(CliError))]
internal sealed partial class CliJson : JsonSerializerContext;
