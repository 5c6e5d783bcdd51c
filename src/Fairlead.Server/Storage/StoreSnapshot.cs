using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Fairlead.Server.Storage.Secrets;
using Fairlead.Server.Tools.Http;

namespace Fairlead.Server.Storage;

/// <summary>
/// Everything the data plane needs from the database, read in one transaction at one epoch. Immutable: a change makes
/// a new one, and the store watcher swaps it whole. Nothing on the call path reads the database.
/// </summary>
internal sealed record StoreSnapshot(
    long Epoch,
    ImmutableArray<ServiceConfig> Services,
    ImmutableArray<GroupConfig> Groups,
    ImmutableArray<PublicationConfig> Publications,
    ImmutableArray<CatalogueItem> Catalogue
)
{
    public static readonly StoreSnapshot Empty = new(0, [], [], [], []);

    /// <summary>Secrets of services by name, sealed.</summary>
    public FrozenDictionary<string, SealedSecret> Secrets { get; init; } = FrozenDictionary<string, SealedSecret>.Empty;

    /// <summary>What the key versions of encrypted fields are made of, newest first (C-36).</summary>
    public ImmutableArray<FieldKeyVersion> FieldKeys { get; init; } = [];

    /// <summary>Ids (<c>jti</c>) of access tokens that were revoked before they expired (P-77).</summary>
    public FrozenSet<string> RevokedTokens { get; init; } = FrozenSet<string>.Empty;

    /// <summary>
    /// By user id: access tokens of a smaller generation are dead, because the user was disabled or removed, or has another
    /// password or other roles since. Only users to whom that happened within the longest life of a token.
    /// </summary>
    public FrozenDictionary<string, int> TokenFloors { get; init; } = FrozenDictionary<string, int>.Empty;
}

/// <summary>How a service is reached.</summary>
internal enum ServiceTransport
{
    Stdio,
    StreamableHttp,

    /// <summary>HTTP+SSE of revision 2024-11-05.</summary>
    Sse,

    /// <summary>Streamable HTTP, and HTTP+SSE where the service does not know that.</summary>
    Auto,

    /// <summary>HTTP tools: no MCP service, each tool is a request of its own.</summary>
    HttpTools,
}

/// <summary>A registered service as intended (desired state), from table <c>mcp_services</c>.</summary>
internal sealed record ServiceConfig
{
    public required ServiceId Id { get; init; }

    /// <summary>Unique name, <c>^[A-Za-z0-9_-]{1,64}$</c>.</summary>
    public required string Name { get; init; }

    /// <summary>False when an operator stopped it.</summary>
    public required bool Enabled { get; init; }

    /// <summary>Order of registration; names are assigned in this order.</summary>
    public required int Position { get; init; }
    public required ServiceDefinition Definition { get; init; }

    /// <summary>Era remembered from the last probe; null before the first.</summary>
    public string? KnownRevision { get; init; }

    /// <summary>What would be started is not what was approved: it waits for a review (security.md section 4.2).</summary>
    public bool IsHeld { get; init; }

    /// <summary>Whether it is to run.</summary>
    public bool Runs => Enabled && !IsHeld;
}

/// <summary>What is stored as JSON in <c>mcp_services.definition</c>; <see cref="Schema"/> numbers its shape.</summary>
internal sealed record ServiceDefinition
{
    public int Schema { get; init; } = 1;
    public required ServiceTransport Transport { get; init; }
    public string? Command { get; init; }
    public ImmutableArray<string> Args { get; init; } = [];
    public ImmutableSortedDictionary<string, string> Env { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty;
    public string? Cwd { get; init; }
    public string? Url { get; init; }
    public ImmutableSortedDictionary<string, string> Headers { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The tools of transport <see cref="ServiceTransport.HttpTools"/>; none with any other: then it is default, and not stored.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ImmutableArray<HttpTool> Tools { get; init; }

    /// <summary>Default call deadline in seconds; null takes the gateway's 30.</summary>
    public int? TimeoutSeconds { get; init; }

    /// <summary>What happens to definitions nobody has approved; null takes the gateway's.</summary>
    public Services.Trust.TrustPolicy? Trust { get; init; }

    /// <summary>
    /// Whether an HTTP service may be in a private or loopback network; null takes the gateway's rule. Says who may be
    /// reached, so it is part of the launch.
    /// </summary>
    public bool? AllowPrivate { get; init; }

    /// <summary>
    /// Whether its word that a resource is the same for everybody (<c>cacheScope</c> "public") is passed on; otherwise it
    /// is told as private (security.md section 4.9). Not stored unless an administrator said so.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool TrustPublicCache { get; init; }

    /// <summary>Names of services that must be ready before it starts (S-15).</summary>
    public ImmutableArray<string> DependsOn { get; init; } = [];

    /// <summary>Whether it starts with the first call that needs it and ends when unused; its lists are kept.</summary>
    public bool Lazy { get; init; }

    /// <summary>Seconds without a call after which a lazy service ends; null takes the gateway's 600.</summary>
    public int? IdleSeconds { get; init; }

    /// <summary>Whether it is restarted after a fault (S-20); null and true restart it.</summary>
    public bool? RestartOnError { get; init; }

    /// <summary>Restarts in a row before it is given up, 0 for no end; null takes the gateway's 3 (S-20).</summary>
    public int? MaxRestarts { get; init; }

    /// <summary>Seconds before a restart; null takes the gateway's 5 (S-20).</summary>
    public double? RestartDelaySeconds { get; init; }

    /// <summary>Tells one set of values of its secrets from another; not stored.</summary>
    [JsonIgnore]
    public string? SecretStamp { get; init; }

    /// <summary>All texts in which variables may stand.</summary>
    [JsonIgnore]
    public IEnumerable<string> Texts =>
        [
            Command ?? "",
            .. Args,
            .. Env.Values,
            Cwd ?? "",
            Url ?? "",
            .. Headers.Values,
            .. Tools.IsDefault ? [] : Tools.SelectMany(t => t.Headers.Values),
        ];

    /// <summary>Most memory it and what it starts may take, in MiB (stdio); null for no limit.</summary>
    public int? MaxMemoryMb { get; init; }

    /// <summary>0 to 19: how far it steps back when the CPU is scarce (stdio); null is 0.</summary>
    public int? Nice { get; init; }

    /// <summary>Keys of an imported file that we do not use, kept for export.</summary>
    public ImmutableSortedDictionary<string, System.Text.Json.JsonElement> Extensions { get; init; } =
        ImmutableSortedDictionary<string, System.Text.Json.JsonElement>.Empty;
}

/// <summary>A logical MCP server, from <c>mcp_tool_groups</c> (A-13). Key material is hash only here.</summary>
internal sealed record GroupConfig
{
    public required GroupId Id { get; init; }
    public required string Name { get; init; }
    public required string Description { get; init; }

    /// <summary>Unique code used in <c>/mcp/{code}</c> (C-14).</summary>
    public required string ServerCode { get; init; }
    public required bool Enabled { get; init; }

    /// <summary>SHA-256 of the key (I-25); a second, older one during a grace period (C-45).</summary>
    public required ImmutableArray<KeyHash> KeyHashes { get; init; }

    /// <summary>Empty: the key alone suffices. Otherwise the call must name a user with one of these roles .</summary>
    public ImmutableArray<string> AllowedRoles { get; init; } = [];
    public ImmutableArray<string> UserTierAccess { get; init; } = [];

    /// <summary><c>tools/call</c> per minute for this key; null takes the default 600, 0 lifts the limit (C-03).</summary>
    public int? CallsPerMinute { get; init; }

    /// <summary>Concurrent calls for this key; null takes the default 32, 0 lifts the limit (C-03).</summary>
    public int? ConcurrentCalls { get; init; }

    /// <summary>Services whose tools, prompts and resources are published here, in order of publication.</summary>
    public ImmutableArray<ServiceId> Services { get; init; } = [];

    /// <summary>Whether native tools are published here.</summary>
    public bool PublishNative { get; init; }

    /// <summary>Whether the call log keeps masked bodies of successful calls too .</summary>
    public bool LogBodies { get; init; }

    /// <summary>Whether clients are listed <c>find_tools</c> and <c>call_tool</c> instead of all tools.</summary>
    public bool FindTools { get; init; }
}

/// <summary>SHA-256 of a group key and, during a grace period, when it ends.</summary>
internal sealed record KeyHash(string Sha256Hex, DateTimeOffset? ValidUntil);

/// <summary>What kind of thing a publication or catalogue row names.</summary>
internal enum ItemKind
{
    Tool,
    Prompt,
    Resource,
    ResourceTemplate,
}

/// <summary>
/// One exposed name in one group: who owns it, for ever. Table <c>mcp_tools</c> for tools and
/// <c>mcp_publications</c> for the rest. A removed one stays as a tombstone so that its name is never given away.
/// </summary>
internal sealed record PublicationConfig
{
    public required PublicationId Id { get; init; }
    public required GroupId Group { get; init; }
    public required ItemKind Kind { get; init; }

    /// <summary>Name or URI in the group.</summary>
    public required string ExposedName { get; init; }

    /// <summary>Null for a native tool.</summary>
    public required ServiceId? Service { get; init; }

    /// <summary>The owner's own name or URI.</summary>
    public required string UpstreamName { get; init; }
    public required bool Enabled { get; init; }
    public required bool Removed { get; init; }

    /// <summary>Call deadline in seconds, default 30 .</summary>
    public int TimeoutSeconds { get; init; } = 30;

    /// <summary>Replaces the description of the definition when not empty .</summary>
    public string? Description { get; init; }

    /// <summary>How a tool is offered otherwise than its owner lists it; null for as it is.</summary>
    public ToolViewConfig? View { get; init; }
}

/// <summary>The last listed definition of one tool, prompt, resource or template of a service (table <c>mcp_catalogue</c>).</summary>
internal sealed record CatalogueItem
{
    public required ServiceId Service { get; init; }
    public required ItemKind Kind { get; init; }

    /// <summary>The service's own name, URI or URI template.</summary>
    public required string Name { get; init; }

    /// <summary>The definition as the service listed it: one JSON object, UTF-8.</summary>
    public required ReadOnlyMemory<byte> Definition { get; init; }

    /// <summary>Place in the service's own list.</summary>
    public required int Position { get; init; }

    /// <summary>SHA-256 of its canonical form; null for what is not pinned, and before it was listed again.</summary>
    public string? Hash { get; init; }

    /// <summary>Whether it may be served.</summary>
    public ItemState State { get; init; }

    /// <summary>When it was first listed as it is now; null where that was before it was noted.</summary>
    public DateTimeOffset? ChangedAt { get; init; }
}

/// <summary>Whether a listed item may be served (security.md section 4.1).</summary>
internal enum ItemState
{
    Served,

    /// <summary>It is another than was approved: in no list, and calls are refused.</summary>
    Held,

    /// <summary>It was never approved: it has no name in any group yet.</summary>
    Pending,
}

/// <summary>What was decided on a definition.</summary>
internal enum PinState
{
    Approved,

    /// <summary>Nothing yet.</summary>
    Held,
    Rejected,
}
