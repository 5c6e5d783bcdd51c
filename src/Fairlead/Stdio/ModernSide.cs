using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Protocol.Http;

namespace Fairlead.Stdio;

/// <summary>
/// Requests of the stateless era: each its own POST with its headers mirrored; cancelling is closing. Parameters that a
/// tool wants mirrored are known from its definition, read once and again when the gateway says they do not fit.
/// </summary>
internal sealed class ModernSide(GatewayLink link, ClientLine client)
{
    private const int MaxResends = 5;
    private readonly ConcurrentDictionary<string, CancellationTokenSource> running = new();
    private volatile Task<Dictionary<string, ParamHeaders>>? mirrored;

    public async Task SendAsync(ClientMessage message, CancellationToken cancellationToken)
    {
        using var mine = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        running[message.Id!] = mine;
        try
        {
            await AnswerAsync(message, mine.Token);
        }
        catch (OperationCanceledException) when (mine.IsCancellationRequested)
        {
            // Cancelled by the client, who expects no answer.
        }
        finally
        {
            running.TryRemove(message.Id!, out _);
        }
    }

    /// <summary>Closes the request a cancellation is for; false when it is none of ours.</summary>
    public bool Cancel(string rawId)
    {
        if (!running.TryGetValue(rawId, out var open))
            return false;
        open.Cancel();
        return true;
    }

    private async Task AnswerAsync(ClientMessage message, CancellationToken cancellationToken)
    {
        var isListen = message.Method == McpMethod.SubscriptionsListen.Wire();
        var acknowledged = false;
        for (var attempt = 0; ; attempt++)
        {
            var headers = await HeadersAsync(message, cancellationToken);
            var answered = false;
            string? mismatch = null;
            await link.ExchangeAsync(
                message.Text,
                headers,
                text =>
                {
                    var kind = Kind.Of(text);
                    if (kind.Code == McpErrorCode.HeaderMismatch && message.Arguments is not null && attempt == 0)
                    {
                        mismatch = text;
                        return true;
                    }
                    answered = kind.IsResponse;
                    // A subscription that is opened again after a restart was acknowledged to the client already.
                    if (kind.Method == McpMethod.NotificationsSubscriptionsAcknowledged.Wire() && acknowledged)
                        return false;
                    acknowledged |= kind.Method == McpMethod.NotificationsSubscriptionsAcknowledged.Wire();
                    client.Write(kind.IsResponse && !kind.HasId ? Kind.WithId(text, message.Id!) : text);
                    return answered;
                },
                null,
                cancellationToken
            );
            if (mismatch is not null)
            {
                mirrored = null;
                continue;
            }
            if (answered)
                return;
            // The gateway restarts: a subscription has no outcome that could be doubled, so it is opened again.
            if (isListen || (IsRead(message.Method!) && attempt < MaxResends))
                continue;
            client.Write(Unknown(message.Id!));
            return;
        }
    }

    /// <summary>What a request gets that may or may not have been run.</summary>
    public static string Unknown(string rawId) =>
        ClientMessage.Error(
            rawId,
            McpErrorCode.UpstreamUnavailable,
            "The connection to the gateway was cut before the answer; the outcome is unknown"
        );

    /// <summary>Methods that change nothing: asking once more does no harm.</summary>
    public static bool IsRead(string method) =>
        method.EndsWith("/list", StringComparison.Ordinal)
        || method is "resources/read" or "prompts/get" or "completion/complete" or "server/discover" or "ping";

    private async ValueTask<IReadOnlyList<KeyValuePair<string, string>>> HeadersAsync(
        ClientMessage message,
        CancellationToken cancellationToken
    )
    {
        List<KeyValuePair<string, string>> headers =
        [
            new("MCP-Protocol-Version", message.MetaVersion!),
            new("Mcp-Method", message.Method!),
        ];
        if (message.Name is { } name)
            headers.Add(new("Mcp-Name", HeaderText.Encode(name)));
        if (message.Method != McpMethod.ToolsCall.Wire() || message.Arguments is not { } arguments)
            return headers;
        // Read once, whoever asks first; a failure is asked for again.
        var known = mirrored;
        if (known is null or { IsFaulted: true })
            mirrored = known = ReadToolsAsync(message.MetaVersion!);
        var tools = await known.WaitAsync(cancellationToken);
        if (
            message.Name is not null
            && tools.TryGetValue(message.Name, out var rules)
            && rules.Build(Encoding.UTF8.GetBytes(arguments)) is { } more
        )
            headers.AddRange(more);
        return headers;
    }

    private async Task<Dictionary<string, ParamHeaders>> ReadToolsAsync(string version)
    {
        var tools = new Dictionary<string, ParamHeaders>(StringComparer.Ordinal);
        string? cursor = null;
        do
        {
            cursor = await ReadPageAsync(version, cursor, tools, CancellationToken.None);
        } while (cursor is not null);
        return tools;
    }

    private async Task<string?> ReadPageAsync(
        string version,
        string? cursor,
        Dictionary<string, ParamHeaders> tools,
        CancellationToken cancellationToken
    )
    {
        var page = cursor is null ? "" : $"\"cursor\":{JsonSerializer.Serialize(cursor, StdioJson.Default.String)},";
        var body =
            "{\"jsonrpc\":\"2.0\",\"id\":\"fairlead-stdio\",\"method\":\"tools/list\",\"params\":{"
            + page
            + $"\"_meta\":{{\"io.modelcontextprotocol/protocolVersion\":{JsonSerializer.Serialize(version, StdioJson.Default.String)},"
            + "\"io.modelcontextprotocol/clientInfo\":{\"name\":\"fairlead stdio\",\"version\":\"1\"},"
            + "\"io.modelcontextprotocol/clientCapabilities\":{}}}}";
        string? next = null;
        await link.ExchangeAsync(
            body,
            [new("MCP-Protocol-Version", version), new("Mcp-Method", "tools/list")],
            text =>
            {
                next = Take(text, tools);
                return true;
            },
            null,
            cancellationToken
        );
        return next;
    }

    private static string? Take(string text, Dictionary<string, ParamHeaders> tools)
    {
        using var json = JsonDocument.Parse(text);
        if (!json.RootElement.TryGetProperty("result"u8, out var result))
            return null;
        foreach (var tool in result.GetProperty("tools"u8).EnumerateArray())
        {
            var schema = tool.GetProperty("inputSchema"u8).GetRawText();
            if (ParamHeaders.Read(Encoding.UTF8.GetBytes(schema), out _) is { Rules.Length: > 0 } rules)
                tools[tool.GetProperty("name"u8).GetString()!] = rules;
        }
        return result.TryGetProperty("nextCursor"u8, out var cursor) ? cursor.GetString() : null;
    }
}
