using System.Text.Json;
using Fairlead.Protocol;

namespace Fairlead.Client;

/// <summary>How far a connection is.</summary>
public enum McpConnectionState
{
    /// <summary>Not connected, or not any more.</summary>
    Disconnected,

    /// <summary>The handshake and the discovery of tools are under way (C-27).</summary>
    Connecting,

    /// <summary>Calls can be made.</summary>
    Ready,
}

/// <summary>
/// A client of any MCP server, by any transport, in the revision both speak: 2026-07-28 where the server does, else the
/// newest it has down to 2024-11-05 (C-24). Safe for use by many threads at once.
/// </summary>
/// <remarks>
/// Failures: <see cref="McpErrorException"/> when the server answers with an error, <see cref="TimeoutException"/> after
/// <see cref="McpClientOptions.RequestTimeout"/>, <see cref="McpDisconnectedException"/> when there is no connection or it
/// ends meanwhile, <see cref="McpUnknownToolException"/> before anything is sent. For a group of a Fairlead gateway
/// <see cref="FairleadClient.Mcp"/> needs no connection at all.
/// </remarks>
public sealed partial class McpClient : IAsyncDisposable
{
    private readonly McpTransport transport;
    private readonly McpClientOptions options;
    private readonly Requests requests;
    private readonly CancellationTokenSource ended = new();
    private readonly Lock gate = new();
    private volatile Dictionary<string, KnownTool> known = [];
    private Task listening = Task.CompletedTask;
    private Task refreshing = Task.CompletedTask;
    private bool refreshAgain;
    private bool used;
    private bool closing;

    /// <summary>Connects nothing yet.</summary>
    public McpClient(McpTransport transport, McpClientOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(transport);
        this.transport = transport;
        this.options = options ?? new McpClientOptions();
        requests = new Requests(transport, this.options);
    }

    /// <summary>How far the connection is.</summary>
    public McpConnectionState State { get; private set; }

    /// <summary>The revision both speak; null before the handshake.</summary>
    public Revision? Revision { get; private set; }

    /// <summary>The server's own words on what it is for; null when it has none.</summary>
    public string? Instructions { get; private set; }

    /// <summary>Requests that wait for their answer.</summary>
    public int Pending => requests.Count;

    /// <summary>The server's tools by name, as discovered; read anew when the server says that they changed .</summary>
    public IReadOnlyDictionary<string, McpTool> Tools { get; private set; } = new Dictionary<string, McpTool>();

    /// <summary>
    /// Opens the transport, listens, shakes hands and discovers the tools. A client connects once.
    /// </summary>
    /// <returns>False when any of it failed: the reason goes to <see cref="McpClientOptions.Log"/>, nothing stays open.</returns>
    /// <exception cref="InvalidOperationException">It was connected before.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<bool> ConnectAsync(CancellationToken cancellationToken = default)
    {
        lock (gate)
        {
            if (used)
                throw new InvalidOperationException("A client connects once; make another for another connection.");
            used = true;
            State = McpConnectionState.Connecting;
        }
        try
        {
            using (var limit = new CancellationTokenSource(options.RequestTimeout, options.Time))
            using (var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token))
                await transport.OpenAsync(either.Token);
            listening = Task.Run(ListenAsync, CancellationToken.None);
            await ShakeHandsAsync(cancellationToken);
            await DiscoverAsync(cancellationToken);
            lock (gate)
            {
                if (closing || listening.IsCompleted)
                    throw new McpDisconnectedException("The connection ended during the handshake.");
                State = McpConnectionState.Ready;
            }
            if (Revision?.Era() == Era.Modern)
                _ = SubscribeAsync();
            return true;
        }
        catch (Exception failure)
        {
            await DisposeAsync();
            cancellationToken.ThrowIfCancellationRequested();
            options.Log?.Invoke($"The connection failed: {failure.Message}", failure);
            return false;
        }
    }

    /// <summary>Reads the tools anew, all pages .</summary>
    public async Task<IReadOnlyList<McpTool>> DiscoverAsync(CancellationToken cancellationToken = default)
    {
        var found = new Dictionary<string, KnownTool>();
        string? cursor = null;
        var seen = new HashSet<string>();
        do
        {
            var at = cursor;
            var page = await requests.SendAsync(
                "tools/list",
                null,
                at is null ? null : json => json.WriteString("cursor"u8, at),
                cancellationToken
            );
            if (!page.TryGetProperty("tools"u8, out var listed) || listed.ValueKind != JsonValueKind.Array)
                throw new McpErrorException(new(-32603, "tools/list was answered without tools"));
            foreach (var tool in listed.EnumerateArray())
            {
                if (KnownTool.Read(tool) is { } read)
                    found.TryAdd(read.Tool.Name, read);
            }
            cursor = page.Text("nextCursor"u8);
        } while (cursor is not null && seen.Add(cursor));
        (known, Tools) = (found, found.ToDictionary(t => t.Key, t => t.Value.Tool));
        return [.. found.Values.Select(t => t.Tool)];
    }

    /// <summary>Calls a tool (R-08…R-13).</summary>
    /// <param name="name">One of <see cref="Tools"/>.</param>
    /// <param name="arguments">A JSON object; default: no arguments.</param>
    /// <param name="progress">Told in order how far the call is, before the result; null asks for nothing.</param>
    /// <param name="cancellationToken">Cancels the call, at the server too.</param>
    /// <returns>What the tool answered; <see cref="McpToolResult.IsError"/> when it failed.</returns>
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
        if (State != McpConnectionState.Ready)
            throw new McpDisconnectedException("There is no connection.");
        if (!known.TryGetValue(name, out var tool))
            throw new McpUnknownToolException(name);
        JsonElement? input = null;
        for (var round = 0; ; round++)
        {
            var asked = input;
            var result = await requests.SendAsync(
                "tools/call",
                name,
                json =>
                {
                    ClientWords.WriteCall(json, name, arguments);
                    foreach (var member in asked?.EnumerateObject() ?? default)
                        member.WriteTo(json);
                },
                cancellationToken,
                progress,
                tool.Headers(arguments)
            );
            if (!result.TryGetProperty("resultType"u8, out var type) || !type.ValueEquals("input_required"u8))
                return McpToolResult.Read(result);
            if (round == options.MaxInputRounds)
                throw new McpErrorException(new(-32603, $"The tool asked for input more than {round} times."));
            input = await InputAnswers.OfAsync(result, options, cancellationToken);
        }
    }

    /// <summary>Sends any other request.</summary>
    /// <param name="method">Its method.</param>
    /// <param name="parameters">A JSON object; default: none.</param>
    /// <param name="cancellationToken">Cancels the request, at the server too.</param>
    public Task<JsonElement> RequestAsync(
        string method,
        JsonElement parameters = default,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(method);
        if (State != McpConnectionState.Ready)
            throw new McpDisconnectedException("There is no connection.");
        return requests.SendAsync(
            method,
            Name(parameters),
            parameters.ValueKind == JsonValueKind.Object
                ? json =>
                {
                    foreach (var member in parameters.EnumerateObject())
                        member.WriteTo(json);
                }
                : null,
            cancellationToken
        );
    }

    /// <summary>Ends the connection; what waits for an answer fails.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            if (closing)
                return;
            closing = true;
            State = McpConnectionState.Disconnected;
        }
        await ended.CancelAsync();
        requests.Fail(new McpDisconnectedException("The client was closed."));
        await transport.DisposeAsync();
        await listening;
        await refreshing;
    }

    private static string? Name(JsonElement parameters) =>
        parameters.ValueKind != JsonValueKind.Object ? null : parameters.Text("name"u8) ?? parameters.Text("uri"u8);
}
