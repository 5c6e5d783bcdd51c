namespace Fairlead.Server.Storage;

/// <summary>What every owned row has.</summary>
internal abstract class OwnedRow
{
    public string TenantId { get; set; } = "default";
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>There is one once the first start was done.</summary>
internal sealed class FirstStartRow
{
    public int Id { get; set; } = 1;

    /// <summary>Sealed text of what the operator must still be told once; null when it was shown.</summary>
    public string? Notice { get; set; }
}

internal sealed class UserRow : OwnedRow
{
    public required string Id { get; set; }
    public required string Username { get; set; }
    public required string PasswordHash { get; set; }
    public List<string> Roles { get; set; } = [];
    public string? Tier { get; set; }
    public bool Enabled { get; set; } = true;

    /// <summary>Written into access tokens; those with a smaller number are dead.</summary>
    public int TokenGeneration { get; set; }

    /// <summary>In lower case; no two users have the same. Null where nobody said, like the next two.</summary>
    public string? Email { get; set; }
    public string? Phone { get; set; }

    /// <summary>Address of a picture.</summary>
    public string? Avatar { get; set; }
}

/// <summary>Access tokens of a user below this generation are dead; needed until the last of them expires.</summary>
internal sealed class TokenFloorRow
{
    public required string UserId { get; set; }
    public required int Generation { get; set; }
    public required DateTimeOffset ExpiresAt { get; set; }
}

internal sealed class RevokedTokenRow
{
    public required string Jti { get; set; }
    public required DateTimeOffset ExpiresAt { get; set; }
}

internal sealed class ServiceRow : OwnedRow
{
    public required string Id { get; set; }
    public required string Name { get; set; }
    public bool Enabled { get; set; } = true;
    public int Position { get; set; }

    /// <summary>Sealed JSON of a <see cref="ServiceDefinition"/>.</summary>
    public required string Definition { get; set; }
    public string? KnownRevision { get; set; }
    public DateTimeOffset? RemovedAt { get; set; }

    /// <summary>Hash of what may be started; null where it was registered before there were any.</summary>
    public string? LaunchHash { get; set; }
}

/// <summary>A definition that was seen, and what was decided on it.</summary>
internal sealed class DefinitionRow
{
    public required string Id { get; set; }
    public string TenantId { get; set; } = "default";
    public required string ServiceId { get; set; }

    /// <summary>One of <see cref="Services.Trust.PinnedKind"/>.</summary>
    public required string Kind { get; set; }
    public required string Name { get; set; }
    public required string Hash { get; set; }
    public required string Text { get; set; }

    /// <summary>JSON list of what the scan found when it was first seen.</summary>
    public required string Findings { get; set; }
    public required PinState State { get; set; }

    /// <summary>Whether the service has it now.</summary>
    public bool IsCurrent { get; set; }
    public DateTimeOffset SeenAt { get; set; }
    public DateTimeOffset? DecidedAt { get; set; }

    /// <summary>Id of a user, or <c>policy:</c> and its name.</summary>
    public string? DecidedBy { get; set; }
}

/// <summary>A secret of services.</summary>
internal sealed class SecretRow : OwnedRow
{
    public required string Id { get; set; }
    public required string Name { get; set; }

    /// <summary>Sealed.</summary>
    public required string Value { get; set; }
}

internal sealed class GroupRow : OwnedRow
{
    public required string Id { get; set; }
    public required string Name { get; set; }
    public string Description { get; set; } = "";

    /// <summary>Sealed key.</summary>
    public required string ApiKey { get; set; }
    public required string HashedApiKey { get; set; }
    public string? PreviousHashedApiKey { get; set; }
    public DateTimeOffset? PreviousValidUntil { get; set; }
    public required string ServerCode { get; set; }
    public List<string> UserTierAccess { get; set; } = [];
    public List<string> AllowedRoles { get; set; } = [];
    public int? CallsPerMinute { get; set; }
    public int? ConcurrentCalls { get; set; }
    public bool PublishNative { get; set; }
    public bool LogBodies { get; set; }
    public bool FindTools { get; set; }
    public bool Enabled { get; set; } = true;
    public string? CreatedBy { get; set; }
}

internal sealed class GroupServiceRow
{
    public string TenantId { get; set; } = "default";
    public required string GroupId { get; set; }
    public required string ServiceId { get; set; }
    public int Position { get; set; }
}

/// <summary>An exposed name and its owner; the common shape of <c>mcp_tools</c> and <c>mcp_publications</c>.</summary>
internal abstract class PublishedRow : OwnedRow
{
    public required string Id { get; set; }
    public required string GroupId { get; set; }
    public string? ServiceId { get; set; }
    public required string ExposedName { get; set; }
    public required string UpstreamName { get; set; }
    public string? Description { get; set; }
    public bool Enabled { get; set; } = true;
    public int TimeoutSeconds { get; set; } = 30;
    public DateTimeOffset? RemovedAt { get; set; }
}

internal sealed class ToolRow : PublishedRow
{
    public string Version { get; set; } = "1.0.0";
    public string? ConfigData { get; set; }

    /// <summary>A <see cref="ToolViewConfig"/> as JSON; null for none.</summary>
    public string? ToolView { get; set; }
}

/// <summary>A name that a view gave or once gave to a tool.</summary>
internal sealed class ToolNameRow
{
    public string TenantId { get; set; } = "default";
    public required string GroupId { get; set; }

    /// <summary>In lower case.</summary>
    public required string NameKey { get; set; }
    public required string ToolId { get; set; }
    public required DateTimeOffset CreatedAt { get; set; }
}

internal sealed class PublicationRow : PublishedRow
{
    public required ItemKind Kind { get; set; }
}

internal sealed class CatalogueRow
{
    public string TenantId { get; set; } = "default";
    public required string ServiceId { get; set; }
    public required ItemKind Kind { get; set; }
    public required string Name { get; set; }
    public int Position { get; set; }
    public required byte[] Definition { get; set; }
    public string? Hash { get; set; }
    public ItemState State { get; set; }

    /// <summary>When it was first listed as it is now.</summary>
    public DateTimeOffset? ChangedAt { get; set; }
}

/// <summary>What became of a service's lists.</summary>
internal sealed class CatalogueChangeRow
{
    public required string Id { get; set; }
    public string TenantId { get; set; } = "default";
    public required string ServiceId { get; set; }
    public required DateTimeOffset At { get; set; }

    /// <summary>A <see cref="CatalogueChange"/> as JSON.</summary>
    public required string What { get; set; }
}

/// <summary>A failed execution that waits for a person, or did.</summary>
internal sealed class ManualRow : OwnedRow
{
    public required string Id { get; set; }
    public required string ExecutionId { get; set; }
    public required string GroupId { get; set; }
    public required string ToolName { get; set; }

    /// <summary>Sealed arguments.</summary>
    public required string Input { get; set; }
    public int Priority { get; set; }
    public long TimeoutMs { get; set; }
    public int MaxRetries { get; set; }
    public string? CorrelationId { get; set; }
    public string? SubmittedBy { get; set; }
    public required string FailureClass { get; set; }
    public required string Severity { get; set; }
    public required string ExceptionType { get; set; }
    public required string Error { get; set; }
    public bool MayHaveRun { get; set; }
    public required string State { get; set; }
    public string? ReplayedAs { get; set; }
    public string? DecidedBy { get; set; }
}

/// <summary>What a version of the key of fields is made of.</summary>
internal sealed class FieldKeyRow
{
    public string TenantId { get; set; } = "default";
    public required int Version { get; set; }
    public required string MasterKeyId { get; set; }
    public required string Salt { get; set; }
    public required int Iterations { get; set; }
    public required long CreatedAt { get; set; }
}
