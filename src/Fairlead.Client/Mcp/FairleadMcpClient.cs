using System.Collections.Concurrent;
using System.Text;
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

    /// <summary>Mirrored parameters of the tools seen so far (R19); the others are learnt when the gateway asks for them.</summary>
    private readonly ConcurrentDictionary<string, ParamHeaders> mirrored = new();

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
        string? cursor = null;
        do
        {
            var at = cursor;
            var result = await requests.SendAsync(
                McpMethod.ToolsList,
                null,
                at is null ? null : json => json.WriteString("cursor"u8, at),
                null,
                null,
                cancellationToken
            );
            foreach (var definition in result.GetProperty("tools"u8).EnumerateArray())
            {
                if (Read(definition) is { } tool)
                    tools.Add(tool);
            }
            cursor = Text(result, "nextCursor"u8);
        } while (cursor is not null);
        return tools;
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
            var known = mirrored.GetValueOrDefault(name);
            await ListToolsAsync(cancellationToken);
            if (!mirrored.TryGetValue(name, out var now) || (known ?? ParamHeaders.None).Rules.SequenceEqual(now.Rules))
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
        var given = arguments.ValueKind == JsonValueKind.Object;
        var headers =
            given && mirrored.TryGetValue(name, out var rules)
                ? rules.Build(Encoding.UTF8.GetBytes(arguments.GetRawText()))
                : null;
        var result = await requests.SendAsync(
            McpMethod.ToolsCall,
            name,
            json =>
            {
                json.WriteString("name"u8, name);
                if (given)
                {
                    json.WritePropertyName("arguments"u8);
                    arguments.WriteTo(json);
                }
            },
            headers,
            progress,
            cancellationToken
        );
        return new McpToolResult(
            result.TryGetProperty("isError"u8, out var failed) && failed.ValueKind == JsonValueKind.True,
            result.TryGetProperty("content"u8, out var content) && content.ValueKind == JsonValueKind.Array
                ? content
                : EmptyArray,
            result.TryGetProperty("structuredContent"u8, out var structured) ? structured : null
        );
    }

    /// <summary>A tool whose mirrored parameters break the rules is left out, as clients must (R20).</summary>
    private McpTool? Read(JsonElement definition)
    {
        if (Text(definition, "name"u8) is not { Length: > 0 } name)
            return null;
        var schema = definition.TryGetProperty("inputSchema"u8, out var given) ? given : EmptyObject;
        if (ParamHeaders.Read(Encoding.UTF8.GetBytes(schema.GetRawText()), out _) is not { } rules)
            return null;
        mirrored[name] = rules;
        return new McpTool(name, Text(definition, "title"u8), Text(definition, "description"u8), schema, definition);
    }

    private static string? Text(JsonElement element, ReadOnlySpan<byte> name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static readonly JsonElement EmptyArray = JsonElement.Parse("[]"u8);
    private static readonly JsonElement EmptyObject = JsonElement.Parse("{}"u8);
}
