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
}
