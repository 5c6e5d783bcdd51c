using System.Collections.Immutable;
using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Services.Import;
using Fairlead.Server.Storage;
using Fairlead.Server.Tools.Http;

namespace Fairlead.Server.Services.Api;

/// <summary>Fields of a definition in a request; setters, because a generated reader overwrites defaults of init members.</summary>
internal record ServiceFields
{
    [Description(
        "stdio, streamable-http, sse (HTTP+SSE of 2024-11-05) or auto (streamable-http, else sse), or http-tools (url is an HTTP API and tools its requests); told by command, url or tools when absent: an address that ends in /sse is sse."
    )]
    public string? Transport { get; set; }

    [Description("Program to start (stdio). No shell is involved.")]
    public string? Command { get; set; }

    [Description("What is sent back as it was shown keeps its stored value.")]
    public ImmutableArray<string>? Args { get; set; }

    [Description(
        "Variables of its environment. ${NAME}, ${NAME:-default} are filled in at each start; ******** keeps a stored value."
    )]
    public ImmutableSortedDictionary<string, string>? Env { get; set; }

    [Description("Directory to start in.")]
    public string? Cwd { get; set; }

    [Description("MCP endpoint (streamable-http); sent back as it was shown, it stays.")]
    public string? Url { get; set; }

    [Description("Headers of every request; ******** keeps a stored value.")]
    public ImmutableSortedDictionary<string, string>? Headers { get; set; }

    [Description("With transport http-tools: requests to its url, each a tool.")]
    public ImmutableArray<HttpTool>? Tools { get; set; }

    [Description("Default deadline of a call, 1 to 600 seconds.")]
    public int? TimeoutSeconds { get; set; }

    [Description(
        "auto: a change of a definition waits for a review; review: its first sight, too; open: changes are served and recorded. The gateway's policy when absent."
    )]
    public string? Trust { get; set; }

    [Description("Whether its address may be in a private or loopback network; the gateway's rule when absent.")]
    public bool? AllowPrivate { get; set; }

    [Description("Whether clients are told of its resources that they are the same for everybody, where it says so.")]
    public bool? TrustPublicCache { get; set; }

    [Description("Names of services that must be ready before it starts.")]
    public ImmutableArray<string>? DependsOn { get; set; }

    [Description("Start it with the first call that needs it, and end it when it is not used.")]
    public bool? Lazy { get; set; }

    [Description("Seconds without a call after which a lazy service ends, 1 to 86400; 600 unless set otherwise.")]
    public int? IdleSeconds { get; set; }

    [Description("Most memory it and what it starts may take, 16 to 1048576 MiB (stdio); it is killed above.")]
    public int? MaxMemoryMb { get; set; }

    [Description("0 to 19: how far it steps back when the CPU is scarce (stdio).")]
    public int? Nice { get; set; }

    [Description("Whether it is restarted after a fault; true unless said otherwise.")]
    public bool? RestartOnError { get; set; }

    [Description("Restarts in a row before it is given up, 0 to 1000, 0 for no end; 3 unless set otherwise.")]
    public int? MaxRestarts { get; set; }

    [Description("Seconds before a restart, 0 to 3600; 5 unless set otherwise.")]
    public double? RestartDelaySeconds { get; set; }
}

internal sealed record AddServiceRequest : ServiceFields
{
    [Description("Unique: 1 to 64 letters, digits, _ or -.")]
    public string? Name { get; set; }

    [Description("False registers it without starting it.")]
    public bool Enabled { get; set; } = true;
}

internal sealed record UpdateServiceRequest : ServiceFields;

internal sealed record StopServiceRequest
{
    [Description("Kill it at once instead of asking it to end.")]
    public bool Force { get; set; }
}

internal sealed record SeveralServicesRequest
{
    [Description("Names or ids; null with all.")]
    public ImmutableArray<string>? Names { get; set; }

    [Description("Every registered service.")]
    public bool All { get; set; }

    [Description("Stop: kill them at once instead of asking them to end.")]
    public bool Force { get; set; }

    [Description("How long to wait for the outcome, 0 to 120 seconds; 30 unless said otherwise.")]
    public double? Timeout { get; set; }
}

internal sealed record ImportRequest
{
    [Description("A client's configuration file as text; comments and trailing commas are fine.")]
    public string? Content { get; set; }

    [Description("The same as JSON, where it is at hand as such.")]
    public JsonElement? Config { get; set; }

    [Description("Only tell what would happen.")]
    public bool DryRun { get; set; }

    [Description("Replace the definitions of services that are registered with others; without it they are refused.")]
    public bool Update { get; set; }

    [Description("Path or name of the file: some tell whose it is.")]
    public string? FileName { get; set; }

    [Description("Name of the format; found out when absent.")]
    public string? Format { get; set; }

    [Description("Values for what the file asks for, by id. Those of secrets are kept in the secret store.")]
    public Dictionary<string, string>? Values { get; set; }

    [Description(
        "Whether addresses in the file may be in a private or loopback network; the gateway's rule when absent."
    )]
    public bool? AllowPrivate { get; set; }

    [Description("Of a server.json: npm, pypi, nuget, oci, mcpb or remote; the first that can be run when absent.")]
    public string? Pick { get; set; }
}

internal sealed record ImportView(bool DryRun, string Format, IReadOnlyList<ImportedView> Services);

internal sealed record ExportView(string Format, [property: Description("The file.")] string Content);

internal sealed record ImportedView
{
    public required string Name { get; init; }
    public required string Transport { get; init; }
    public required bool Enabled { get; init; }

    [Description("add, unchanged, update or conflict: registered with another definition and no update asked for.")]
    public required string Action { get; init; }

    [Description("What is started or connected to, without what looks like a secret.")]
    public required string Starts { get; init; }

    [Description("Names of the secrets it uses.")]
    public required IReadOnlyList<string> Secrets { get; init; }

    [Description("What it lacks; without what is required nothing is imported.")]
    public required IReadOnlyList<MissingView> Missing { get; init; }

    [Description("What is wrong with it; an import with any problem changes nothing.")]
    public required IReadOnlyList<ServiceProblem> Problems { get; init; }
}

internal sealed record MissingView
{
    [Description("runtime, input, secret, variable, placeholder, or unused: a key that has no effect here.")]
    public required string Kind { get; init; }

    [Description("Program, id of the value, secret, variable or key.")]
    public required string Name { get; init; }
    public required string Message { get; init; }
    public required bool Required { get; init; }
}

internal record ServiceView
{
    public required string Id { get; init; }
    public required string Name { get; init; }

    [Description("False when an operator stopped it.")]
    public required bool Enabled { get; init; }
    public required string Transport { get; init; }

    [Description("not_started, starting, running, stopping, stopped, error or unknown.")]
    public required string Status { get; init; }

    [Description("init, startup, ready, healthy, degraded, circuit_open, half_open or disconnected.")]
    public required string Health { get; init; }
    public required bool Healthy { get; init; }

    [Description("Why it is in this state.")]
    public required string Reason { get; init; }

    [Description("Since when it is in this state.")]
    public required DateTime Since { get; init; }

    [Description("Failed attempts in a row.")]
    public required int Attempts { get; init; }

    [Description("When it will be tried again; null unless it waits.")]
    public required DateTime? NextTry { get; init; }

    [Description("legacy or modern; null before the first handshake.")]
    public required string? Era { get; init; }
    public required string? Revision { get; init; }
    public required int Tools { get; init; }

    [Description("How many of its tools, prompts and resource templates wait for a review, and one if its start does.")]
    public required int Held { get; init; }

    [Description("Whether its start waits for a review.")]
    public required bool IsHeld { get; init; }

    [Description("Whether it is lazy and not in use: the next call that needs it starts it.")]
    public required bool IsAsleep { get; init; }

    [Description("Whether it is not started because what it depends on has failed or is stopped.")]
    public required bool IsSkipped { get; init; }
}

internal sealed record ServiceDetailView : ServiceView
{
    public required string? Command { get; init; }

    [Description("Without what looks like a secret.")]
    public required IReadOnlyList<string> Args { get; init; }

    [Description("Values that are not a reference are shown as ********; so are defaults of references.")]
    public required IReadOnlyDictionary<string, string> Env { get; init; }
    public required string? Cwd { get; init; }

    [Description("Without user, password and what else looks like a secret.")]
    public required string? Url { get; init; }

    [Description("Values that are not a reference are shown as ********; so are defaults of references.")]
    public required IReadOnlyDictionary<string, string> Headers { get; init; }
    public required int? TimeoutSeconds { get; init; }

    [Description("auto, review or open; null takes the gateway's policy.")]
    public required string? Trust { get; init; }
    public required bool? AllowPrivate { get; init; }

    [Description("Whether clients are told of its resources that they are the same for everybody, where it says so.")]
    public required bool TrustPublicCache { get; init; }
    public required IReadOnlyList<string> DependsOn { get; init; }
    public required bool Lazy { get; init; }
    public required int? IdleSeconds { get; init; }
    public required int? MaxMemoryMb { get; init; }
    public required int? Nice { get; init; }
    public required bool? RestartOnError { get; init; }
    public required int? MaxRestarts { get; init; }
    public required double? RestartDelaySeconds { get; init; }

    [Description("What its samples of the last 5 minutes say; null without any.")]
    public required ServiceMetricsView? Metrics { get; init; }

    [Description("The tools as the service last listed them.")]
    public required IReadOnlyList<JsonElement> ToolDefinitions { get; init; }

    [Description("Last lines of its standard error, oldest first, without the values of its environment.")]
    public required IReadOnlyList<string> LastErrorLines { get; init; }
}

internal sealed record CheckView
{
    public required string Id { get; init; }
    public required string Name { get; init; }
    public required string Status { get; init; }
    public required bool Healthy { get; init; }
    public required string Reason { get; init; }

    [Description("How long a ping took, in milliseconds; null where none was sent or answered.")]
    public required double? ResponseMs { get; init; }
}

internal sealed record KnownToolView(string Name, string Service, string ServiceId, JsonElement Definition);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(AddServiceRequest))]
[JsonSerializable(typeof(UpdateServiceRequest))]
[JsonSerializable(typeof(StopServiceRequest))]
[JsonSerializable(typeof(ImportRequest))]
[JsonSerializable(typeof(OpenApiRequest))]
[JsonSerializable(typeof(Envelope<ServiceView>))]
[JsonSerializable(typeof(Envelope<ServiceDetailView>))]
[JsonSerializable(typeof(Envelope<ImportView>))]
[JsonSerializable(typeof(Envelope<OpenApiView>))]
[JsonSerializable(typeof(Envelope<ExportView>))]
[JsonSerializable(typeof(Envelope<CheckView>))]
[JsonSerializable(typeof(Envelope<ServiceLogView>))]
[JsonSerializable(typeof(SeveralServicesRequest))]
[JsonSerializable(typeof(ServiceEventView))]
[JsonSerializable(typeof(Envelope<ServiceHealthView>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<ServiceEventView>>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<ServiceOutcomeView>>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<ServiceView>>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<CheckView>>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<KnownToolView>>))]
internal sealed partial class ServicesJson : JsonSerializerContext;
