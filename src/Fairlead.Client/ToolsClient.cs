using System.Text.Json;
using Fairlead.Client.Rest;

namespace Fairlead.Client;

/// <summary>Tools as groups publish them (requirements ).</summary>
public sealed class ToolsClient
{
    private readonly RestConnection rest;

    internal ToolsClient(RestConnection rest) => this.rest = rest;

    /// <summary>Published tools, fetched a page at a time.</summary>
    /// <param name="groupId">Only those of this group; null: of all.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public IAsyncEnumerable<PublishedTool> ListAsync(
        string? groupId = null,
        CancellationToken cancellationToken = default
    ) =>
        rest.PagesAsync(
            groupId is null ? "mcp/tools" : $"mcp/tools?group_id={Uri.EscapeDataString(groupId)}",
            ClientJson.Default.EnvelopeIReadOnlyListPublishedTool,
            cancellationToken
        );

    /// <summary>One tool, with its definition as its owner lists it and as clients see it.</summary>
    /// <exception cref="FairleadApiException"><c>TOOL_NOT_FOUND</c> where there is none.</exception>
    public Task<PublishedTool> GetAsync(string id, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        return rest.GetAsync(
            $"mcp/tools/{Uri.EscapeDataString(id)}",
            ClientJson.Default.EnvelopePublishedTool,
            cancellationToken
        );
    }

    /// <summary>Sets how a tool is offered, replacing what was set before; the next call sees it.</summary>
    public Task<PublishedTool> UpdateAsync(
        string id,
        ToolSettings settings,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        return rest.SendAsync(
            HttpMethod.Put,
            $"mcp/tools/{Uri.EscapeDataString(id)}",
            RestConnection.Json(settings, ClientJson.Default.ToolSettings),
            ClientJson.Default.EnvelopePublishedTool,
            cancellationToken
        );
    }
}

/// <summary>A tool published in a group.</summary>
public sealed record PublishedTool
{
    /// <summary>Id of the publication.</summary>
    public required string Id { get; init; }

    /// <summary>The name clients call it by.</summary>
    public required string ToolName { get; init; }

    /// <summary>The name it was given first; a view may give another.</summary>
    public string GivenName { get; init; } = "";

    /// <summary>The group it is published in.</summary>
    public required string GroupId { get; init; }

    /// <summary>The service it belongs to; null for a tool of the gateway.</summary>
    public string? ServiceId { get; init; }

    /// <summary>Name of that service.</summary>
    public string? ServiceName { get; init; }

    /// <summary>The name its owner gave it.</summary>
    public required string UpstreamName { get; init; }

    /// <summary>Version of its definition.</summary>
    public string Version { get; init; } = "";

    /// <summary>Description set by an administrator; null leaves the tool's own.</summary>
    public string? Description { get; init; }

    /// <summary>Whether it is offered.</summary>
    public bool Enabled { get; init; }

    /// <summary>Deadline of a call, in seconds.</summary>
    public int TimeoutSeconds { get; init; }

    /// <summary>Settings of the tool; null when it has none.</summary>
    public JsonElement? ConfigData { get; init; }

    /// <summary>How the group shows it otherwise than its owner lists it; null for as it is.</summary>
    public ToolView? View { get; init; }

    /// <summary>What of the view does not fit the definition its owner lists now.</summary>
    public IReadOnlyList<ToolViewProblem> ViewProblems { get; init; } = [];

    /// <summary>Whether the view does not fit and the tool is not offered until it does.</summary>
    public bool HeldByView { get; init; }

    /// <summary>The definition as its owner lists it; only from <see cref="ToolsClient.GetAsync"/>.</summary>
    public JsonElement? OwnDefinition { get; init; }

    /// <summary>The definition as clients of the group see it; only from <see cref="ToolsClient.GetAsync"/>.</summary>
    public JsonElement? OfferedDefinition { get; init; }

    /// <summary>UTC.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>UTC.</summary>
    public DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>How a published tool is offered.</summary>
public sealed record ToolSettings
{
    /// <summary>The group it is published in.</summary>
    public required string GroupId { get; init; }

    /// <summary>Whether it is offered; default true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Deadline of a call, 1 to 600 s; default 30.</summary>
    public int TimeoutSeconds { get; init; } = 30;

    /// <summary>Replaces the description models see; null leaves the tool's own.</summary>
    public string? Description { get; init; }

    /// <summary>A JSON object; null clears it.</summary>
    public JsonElement? ConfigData { get; init; }

    /// <summary>Replaces the view before; an empty one takes it away, null leaves it.</summary>
    public ToolView? View { get; init; }
}
