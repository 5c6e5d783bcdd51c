using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fairlead.Client;

/// <summary>Names of the states of a service (requirement S-06).</summary>
public static class ServiceStatus
{
    /// <summary>Registered, never started.</summary>
    public const string NotStarted = "not_started";

    /// <summary>On its way up.</summary>
    public const string Starting = "starting";

    /// <summary>Answers calls.</summary>
    public const string Running = "running";

    /// <summary>On its way down.</summary>
    public const string Stopping = "stopping";

    /// <summary>Down, as an administrator wished.</summary>
    public const string Stopped = "stopped";

    /// <summary>Down although it should run; <see cref="ServiceInfo.Reason"/> says why.</summary>
    public const string Error = "error";

    /// <summary>Not known at this moment.</summary>
    public const string Unknown = "unknown";
}

/// <summary>An upstream MCP server and how it is doing.</summary>
public record ServiceInfo
{
    /// <summary>Stable id.</summary>
    public required string Id { get; init; }

    /// <summary>Unique name.</summary>
    public required string Name { get; init; }

    /// <summary>Whether it is meant to run.</summary>
    public bool Enabled { get; init; }

    /// <summary><c>stdio</c>, <c>streamable-http</c>, <c>sse</c> or <c>auto</c>.</summary>
    public string Transport { get; init; } = "";

    /// <summary>One of <see cref="ServiceStatus"/>.</summary>
    public required string Status { get; init; }

    /// <summary>
    /// The finer view of its state: <c>init</c>, <c>startup</c>, <c>ready</c>, <c>healthy</c>, <c>degraded</c>,
    /// <c>circuit_open</c>, <c>half_open</c> or <c>disconnected</c> (requirement C-07).
    /// </summary>
    public string Health { get; init; } = "";

    /// <summary>Whether it answers calls.</summary>
    public bool Healthy { get; init; }

    /// <summary>Why it is in this state.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Since when it is in this state, UTC.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>Failed attempts in a row.</summary>
    public int Attempts { get; init; }

    /// <summary>When it will be tried again, UTC; null unless it waits for that.</summary>
    public DateTimeOffset? NextTry { get; init; }

    /// <summary><c>legacy</c> or <c>modern</c>; null before its first handshake.</summary>
    public string? Era { get; init; }

    /// <summary>Revision it speaks, e.g. <c>2026-07-28</c>; null before its first handshake.</summary>
    public string? Revision { get; init; }

    /// <summary>How many tools it has.</summary>
    public int Tools { get; init; }

    /// <summary>How many of its definitions wait for a review.</summary>
    public int Held { get; init; }

    /// <summary>Whether its start waits for a review.</summary>
    public bool IsHeld { get; init; }

    /// <summary>Whether it is lazy and not in use: the next call that needs it starts it.</summary>
    public bool IsAsleep { get; init; }

    /// <summary>Whether it is not started because what it depends on has failed or is stopped (requirement S-16).</summary>
    public bool IsSkipped { get; init; }

    /// <summary>Whether it is where it is meant to be, or failed to get there.</summary>
    [JsonIgnore]
    public bool IsSettled =>
        Status == ServiceStatus.Error
        || ((IsHeld || IsAsleep || IsSkipped) && Status is ServiceStatus.Stopped or ServiceStatus.NotStarted)
        || (Enabled ? Status == ServiceStatus.Running : Status is ServiceStatus.Stopped or ServiceStatus.NotStarted);
}

/// <summary>A service with its definition, tools and last words.</summary>
public sealed record ServiceDetail : ServiceInfo
{
    /// <summary>Program of a stdio service.</summary>
    public string? Command { get; init; }

    /// <summary>Its arguments.</summary>
    public IReadOnlyList<string> Args { get; init; } = [];

    /// <summary>Its environment variables; values that are no <c>${…}</c> reference are hidden.</summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>();

    /// <summary>Its working directory.</summary>
    public string? Cwd { get; init; }

    /// <summary>Address of an HTTP service.</summary>
    public string? Url { get; init; }

    /// <summary>Headers of every request; values that are no <c>${…}</c> reference are hidden.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>Deadline of a call in seconds; null is the gateway's default.</summary>
    public int? TimeoutSeconds { get; init; }

    /// <summary><c>auto</c>, <c>review</c> or <c>open</c>; null takes the gateway's policy.</summary>
    public string? Trust { get; init; }

    /// <summary>Whether it may be in a private or loopback network; null takes the gateway's rule.</summary>
    public bool? AllowPrivate { get; init; }

    /// <summary>Whether clients are told of its resources that they are the same for everybody, where it says so.</summary>
    public bool TrustPublicCache { get; init; }

    /// <summary>Names of services that must be ready before it starts.</summary>
    public IReadOnlyList<string> DependsOn { get; init; } = [];

    /// <summary>Whether it is started with the first call that needs it and ended when it is not used.</summary>
    public bool Lazy { get; init; }

    /// <summary>Seconds without a call after which a lazy service ends, 1 to 86400; null is the gateway's default, 600.</summary>
    public int? IdleSeconds { get; init; }

    /// <summary>Most memory it and what it starts may take, in MiB; it is killed above. Null is no limit.</summary>
    public int? MaxMemoryMb { get; init; }

    /// <summary>How far its process steps back when the CPU is scarce, 0 to 19; null is no limit.</summary>
    public int? Nice { get; init; }

    /// <summary>Whether it is restarted after a fault; null is the gateway's default, true.</summary>
    public bool? RestartOnError { get; init; }

    /// <summary>Restarts in a row before it is given up, 0 for no end; null is the gateway's default, 3 (requirement S-20).</summary>
    public int? MaxRestarts { get; init; }

    /// <summary>Seconds before a restart; null is the gateway's default, 5.</summary>
    public double? RestartDelaySeconds { get; init; }

    /// <summary>What the checks of the last 300 s say; null when there was none.</summary>
    public ServiceMetrics? Metrics { get; init; }

    /// <summary>Its tools as it last listed them.</summary>
    public IReadOnlyList<JsonElement> ToolDefinitions { get; init; } = [];

    /// <summary>Last lines of its standard error, oldest first.</summary>
    public IReadOnlyList<string> LastErrorLines { get; init; } = [];
}
