namespace Fairlead.Client;

/// <summary>An OpenAPI document that becomes a service of HTTP tools (requirements ).</summary>
public sealed record OpenApiDraft
{
    /// <summary>Name of the service: 1 to 64 letters, digits, <c>_</c> or <c>-</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The document, OpenAPI 3.0 or 3.1, as JSON or YAML.</summary>
    public required string Document { get; init; }

    /// <summary>Where the API is; null takes the document's first server.</summary>
    public string? Url { get; init; }

    /// <summary>Operations to take, by name or tag, <c>*</c> and <c>?</c> stand for anything; null takes all.</summary>
    public IReadOnlyList<string>? Select { get; init; }

    /// <summary>Other names for tools, by the name they would have; null renames none.</summary>
    public IReadOnlyDictionary<string, string>? Rename { get; init; }

    /// <summary>Headers of every request; null takes what the document's security asks for, with references to secrets.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>Whether the API may be in a private or loopback network; null takes the gateway's rule.</summary>
    public bool? AllowPrivate { get; init; }

    /// <summary>Only tells what would happen.</summary>
    public bool DryRun { get; init; }

    /// <summary>Replaces the service of that name.</summary>
    public bool Update { get; init; }
}

/// <summary>What an OpenAPI document became, or would become.</summary>
public sealed record OpenApiResult
{
    /// <summary>Name of the service.</summary>
    public required string Name { get; init; }

    /// <summary>Title of the document.</summary>
    public required string Title { get; init; }

    /// <summary>Where the API is, without what looks like a secret.</summary>
    public required string Url { get; init; }

    /// <summary><c>add</c> or <c>update</c>.</summary>
    public required string Action { get; init; }

    /// <summary>Whether nothing was changed.</summary>
    public required bool DryRun { get; init; }

    /// <summary>The tools, in the document's order.</summary>
    public required IReadOnlyList<OpenApiTool> Tools { get; init; }

    /// <summary>Names of secrets the service uses that are not set yet; it starts once they are.</summary>
    public required IReadOnlyList<string> MissingSecrets { get; init; }

    /// <summary>Operations that were left out, and why.</summary>
    public required IReadOnlyList<string> LeftOut { get; init; }
}

/// <summary>An operation as a tool.</summary>
/// <param name="Name">The tool's name.</param>
/// <param name="Method">Its HTTP method.</param>
/// <param name="Endpoint">Path below the service's address.</param>
/// <param name="Tags">The operation's tags.</param>
public sealed record OpenApiTool(string Name, string Method, string Endpoint, IReadOnlyList<string> Tags);
