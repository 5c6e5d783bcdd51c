using System.Collections.Concurrent;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Protocol.Http;

namespace Fairlead.Client;

/// <summary>
/// The MCP endpoint of a group in revision 2026-07-28: stateless, so there is nothing to open or close. Safe for use by
/// many threads at once.
/// </summary>
/// <remarks>
/// Offers no sampling, elicitation or roots: a tool that asks for them fails. Methods throw
/// <see cref="FairleadMcpException"/> when refused and <see cref="HttpRequestException"/> when the gateway cannot be
/// reached.
/// </remarks>
public sealed class FairleadMcpClient
{
    private readonly ModernRequests requests;

    /// <summary>The tools seen so far, for their mirrored parameters (R19); the others are learnt when the gateway asks for them.</summary>
    private readonly ConcurrentDictionary<string, KnownTool> known = new();

    internal FairleadMcpClient(
        HttpClient http,
        Uri endpoint,
        string key,
        string? userToken,
        FairleadClientOptions options
    ) => requests = new ModernRequests(http, endpoint, key, userToken, options);

    /// <summary>All tools the key may call.</summary>
    public async Task<IReadOnlyList<McpTool>> ListToolsAsync(CancellationToken cancellationToken = default)
    {
        List<McpTool> tools = [];
        foreach (var definition in await ListAsync(McpMethod.ToolsList, "tools", cancellationToken))
        {
            if (Read(definition) is { } tool)
                tools.Add(tool);
        }
        return tools;
    }

    /// <summary>All prompts the key may get, as their definitions.</summary>
    public Task<IReadOnlyList<JsonElement>> ListPromptsAsync(CancellationToken cancellationToken = default) =>
        ListAsync(McpMethod.PromptsList, "prompts", cancellationToken);

    /// <summary>All resources the key may read, as their definitions.</summary>
    public Task<IReadOnlyList<JsonElement>> ListResourcesAsync(CancellationToken cancellationToken = default) =>
        ListAsync(McpMethod.ResourcesList, "resources", cancellationToken);

    /// <summary>All resource templates the key may fill in, as their definitions.</summary>
    public Task<IReadOnlyList<JsonElement>> ListResourceTemplatesAsync(CancellationToken cancellationToken = default) =>
        ListAsync(McpMethod.ResourcesTemplatesList, "resourceTemplates", cancellationToken);

    /// <summary>A prompt filled in: its result, with <c>messages</c>.</summary>
    /// <param name="name">The prompt's name in this group.</param>
    /// <param name="arguments">Values by name; null for none.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public Task<JsonElement> GetPromptAsync(
        string name,
        IReadOnlyDictionary<string, string>? arguments = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return requests.SendAsync(
            McpMethod.PromptsGet,
            name,
            json =>
            {
                json.WriteString("name"u8, name);
                if (arguments is not { Count: > 0 })
                    return;
                json.WriteStartObject("arguments"u8);
                foreach (var (key, value) in arguments)
                    json.WriteString(key, value);
                json.WriteEndObject();
            },
            null,
            null,
            cancellationToken
        );
    }

    /// <summary>The contents of a resource: its result, with <c>contents</c>.</summary>
    public Task<JsonElement> ReadResourceAsync(string uri, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(uri);
        return requests.SendAsync(
            McpMethod.ResourcesRead,
            uri,
            json => json.WriteString("uri"u8, uri),
            null,
            null,
            cancellationToken
        );
    }

    private async Task<IReadOnlyList<JsonElement>> ListAsync(
        McpMethod method,
        string member,
        CancellationToken cancellationToken
    )
    {
        List<JsonElement> all = [];
        string? cursor = null;
        do
        {
            var at = cursor;
            var result = await requests.SendAsync(
                method,
                null,
                at is null ? null : json => json.WriteString("cursor"u8, at),
                null,
                null,
                cancellationToken
            );
            all.AddRange(result.GetProperty(member).EnumerateArray());
            cursor = result.Text("nextCursor"u8);
        } while (cursor is not null);
        return all;
    }

    /// <summary>Calls a tool and waits for its result.</summary>
    /// <param name="name">The tool's name in this group.</param>
    /// <param name="arguments">A JSON object; default: no arguments.</param>
    /// <param name="progress">Told how far the call is, where the tool tells; null asks for nothing.</param>
    /// <param name="cancellationToken">Cancels the call, at the service too.</param>
    public async Task<McpToolResult> CallToolAsync(
        string name,
        JsonElement arguments = default,
        IProgress<McpProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (arguments.ValueKind is not (JsonValueKind.Object or JsonValueKind.Undefined))
            throw new ArgumentException("Arguments are a JSON object.", nameof(arguments));
        try
        {
            return await CallAsync(name, arguments, progress, cancellationToken);
        }
        catch (FairleadMcpException refused) when (refused.Code == McpErrorCode.HeaderMismatch)
        {
            // The definition is not the one we know, or we never saw it: look, and ask once more (spec
            // streamable-http "Client Behavior").
            var before = known.GetValueOrDefault(name)?.Mirrored ?? ParamHeaders.None;
            await ListToolsAsync(cancellationToken);
            if (!known.TryGetValue(name, out var now) || before.Rules.SequenceEqual(now.Mirrored.Rules))
                throw;
            return await CallAsync(name, arguments, progress, cancellationToken);
        }
    }

    private async Task<McpToolResult> CallAsync(
        string name,
        JsonElement arguments,
        IProgress<McpProgress>? progress,
        CancellationToken cancellationToken
    )
    {
        var result = await requests.SendAsync(
            McpMethod.ToolsCall,
            name,
            json => ClientWords.WriteCall(json, name, arguments),
            known.GetValueOrDefault(name)?.Headers(arguments),
            progress,
            cancellationToken
        );
        return McpToolResult.Read(result);
    }

    /// <summary>A tool whose mirrored parameters break the rules is left out, as clients must (R20).</summary>
    private McpTool? Read(JsonElement definition)
    {
        if (KnownTool.Read(definition) is not { } tool)
            return null;
        known[tool.Tool.Name] = tool;
        return tool.Tool;
    }
}
