using System.Text.Json;

namespace Fairlead.Client;

/// <summary>
/// What a service is started from: a program or an address. Values may hold <c>${NAME}</c> and
/// <c>${NAME:-default}</c>, filled in from the gateway's environment at each start.
/// </summary>
public record ServiceDefinition
{
    /// <summary><c>stdio</c>, <c>streamable-http</c> or <c>sse</c>; null takes what program or address tell.</summary>
    public string? Transport { get; init; }

    /// <summary>Program of a stdio service; no shell is involved.</summary>
    public string? Command { get; init; }

    /// <summary>Its arguments.</summary>
    public IReadOnlyList<string>? Args { get; init; }

    /// <summary>Its environment variables. A value read as hidden and sent back keeps what is stored.</summary>
    public IReadOnlyDictionary<string, string>? Env { get; init; }

    /// <summary>Its working directory, on the gateway's machine.</summary>
    public string? Cwd { get; init; }

    /// <summary>Address of an HTTP service.</summary>
    public string? Url { get; init; }

    /// <summary>Headers of every request to it. A value read as hidden and sent back keeps what is stored.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>Deadline of a call, 1 to 600 s; null takes the gateway's default.</summary>
    public int? TimeoutSeconds { get; init; }

    /// <summary>
    /// <c>auto</c>: a change of a definition waits for a review; <c>review</c>: its first sight, too; <c>open</c>: changes are
    /// served. Null takes the gateway's policy.
    /// </summary>
    public string? Trust { get; init; }

    /// <summary>Whether an HTTP service may be in a private or loopback network; null takes the gateway's rule.</summary>
    public bool? AllowPrivate { get; init; }

    /// <summary>
    /// Whether clients are told of its resources that they are the same for everybody (<c>cacheScope</c> "public"), where it
    /// says so; null: not, they are told as private.
    /// </summary>
    public bool? TrustPublicCache { get; init; }

    /// <summary>Names of services that must be ready before it starts; null: none.</summary>
    public IReadOnlyList<string>? DependsOn { get; init; }

    /// <summary>Whether it is started with the first call that needs it and ended when it is not used; null: not.</summary>
    public bool? Lazy { get; init; }

    /// <summary>Seconds without a call after which a lazy service ends, 1 to 86400; null takes the gateway's default, 600.</summary>
    public int? IdleSeconds { get; init; }

    /// <summary>Most memory it and what it starts may take, in MiB; it is killed above. Null sets none.</summary>
    public int? MaxMemoryMb { get; init; }

    /// <summary>How far its process steps back when the CPU is scarce, 0 to 19; null sets none.</summary>
    public int? Nice { get; init; }

    /// <summary>Whether it is restarted after a fault; null takes the gateway's default, true.</summary>
    public bool? RestartOnError { get; init; }

    /// <summary>Restarts in a row before it is given up, 0 for no end; null takes the gateway's default, 3 (requirement S-20).</summary>
    public int? MaxRestarts { get; init; }

    /// <summary>Seconds before a restart; null takes the gateway's default, 5.</summary>
    public double? RestartDelaySeconds { get; init; }
}

/// <summary>A service to be registered.</summary>
public sealed record ServiceDraft : ServiceDefinition
{
    /// <summary>Unique: 1 to 64 of A-Z a-z 0-9 _ -.</summary>
    public required string Name { get; init; }

    /// <summary>False registers it without starting it; default true.</summary>
    public bool Enabled { get; init; } = true;
}

/// <summary>Whether a service gives a sign of life (requirement S-12).</summary>
/// <param name="Id">The service's id.</param>
/// <param name="Name">The service's name.</param>
/// <param name="Status">One of <see cref="ServiceStatus"/>.</param>
/// <param name="Healthy">Whether it answered.</param>
/// <param name="Reason">Why it is not healthy.</param>
/// <param name="ResponseMs">How long it took, in milliseconds; null when it was not asked or did not answer.</param>
public sealed record ServiceCheck(
    string Id,
    string Name,
    string Status,
    bool Healthy,
    string Reason,
    double? ResponseMs
);

/// <summary>A tool of a service, whether a group publishes it or not.</summary>
/// <param name="Name">The service's own name for it.</param>
/// <param name="Service">The service's name.</param>
/// <param name="ServiceId">The service's id.</param>
/// <param name="Definition">The definition as the service listed it.</param>
public sealed record ServiceTool(string Name, string Service, string ServiceId, JsonElement Definition);

internal sealed record StopRequest(bool Force);

/// <summary>A line of a service's log.</summary>
/// <param name="Id">Grows from line to line.</param>
/// <param name="At">UTC.</param>
/// <param name="Source"><c>stderr</c>, or <c>gateway</c> for a state and its reason.</param>
/// <param name="Text">The line.</param>
public sealed record ServiceLogLine(long Id, DateTimeOffset At, string Source, string Text);

internal sealed record ServiceLogPage(IReadOnlyList<ServiceLogLine> Lines);
