using System.Collections.Concurrent;
using System.Text.Json;
using Fairlead.Protocol;

namespace Fairlead.Stdio;

/// <summary>
/// A client of a handshake revision: its session with the gateway, which is opened anew, unseen by the client, when a
/// restart of the gateway ended it.
/// </summary>
internal sealed class LegacySide(GatewayLink link, ClientLine client, Action<string> tell)
{
    private const int MaxResends = 5;
    private static readonly string[] ListChanges =
    [
        "notifications/tools/list_changed",
        "notifications/prompts/list_changed",
        "notifications/resources/list_changed",
    ];

    private readonly Lock gate = new();
    private Task? renewing;
    private readonly ConcurrentDictionary<string, string> subscriptions = new();
    private volatile Session? session;
    private string? initialize;
    private string? logLevel;

    /// <summary>Compared by reference: however many requests see a session gone, it is opened once.</summary>
    private sealed record Session(string Id, string Version)
    {
        public CancellationTokenSource Ended { get; } = new();

        public IReadOnlyList<KeyValuePair<string, string>> Headers =>
            [new("Mcp-Session-Id", Id), new("MCP-Protocol-Version", Version)];
    }

    /// <summary>Handshakes; the gateway's answer goes to the client.</summary>
    public async Task InitializeAsync(ClientMessage message, CancellationToken cancellationToken)
    {
        initialize = message.Text;
        var answer = await OpenAsync(cancellationToken);
        client.Write(Kind.Of(answer) is { HasId: false } ? Kind.WithId(answer, message.Id!) : answer);
    }

    /// <summary>Sends a request, notification, response or batch of the client.</summary>
    public async Task SendAsync(ClientMessage message, CancellationToken cancellationToken)
    {
        if (session is not { } current)
        {
            foreach (var id in message.Asked)
                client.Write(ClientMessage.Error(id, McpErrorCode.InvalidRequest, "Send initialize first"));
            return;
        }
        for (var attempt = 0; ; attempt++)
        {
            var answered = false;
            var end = await link.ExchangeAsync(
                message.Text,
                current.Headers,
                text =>
                {
                    var kind = Kind.Of(text);
                    answered |= kind.IsResponse;
                    if (message.Asked.Count > 0 || !kind.IsResponse)
                        client.Write(
                            kind is { IsResponse: true, HasId: false } && message.IsRequest
                                ? Kind.WithId(text, message.Id!)
                                : text
                        );
                    return kind.IsResponse;
                },
                null,
                cancellationToken
            );
            if (end == ExchangeEnd.SessionGone && attempt < MaxResends)
            {
                current = await RenewAsync(current, cancellationToken) ?? current;
                continue;
            }
            if (message.Asked.Count == 0)
                return;
            if (answered)
            {
                Remember(message);
                return;
            }
            if (end == ExchangeEnd.Cut && ModernSide.IsRead(message.Method ?? "") && attempt < MaxResends)
                continue;
            foreach (var id in message.Asked)
                client.Write(ModernSide.Unknown(id));
            return;
        }
    }

    /// <summary>Ends the session with the gateway's blessing or without.</summary>
    public async Task EndAsync()
    {
        if (session is not { } current)
            return;
        await current.Ended.CancelAsync();
        await link.EndSessionAsync(current.Headers);
    }

    /// <summary>Opens a session with what the client said at first; returns the answer.</summary>
    private async Task<string> OpenAsync(CancellationToken cancellationToken)
    {
        string? id = null;
        var answer = "";
        await link.ExchangeAsync(
            initialize!,
            [],
            text =>
            {
                answer = text;
                return Kind.Of(text).IsResponse;
            },
            headers => id = headers.TryGetValues("Mcp-Session-Id", out var values) ? values.FirstOrDefault() : null,
            cancellationToken
        );
        if (answer.Length == 0)
            throw new HttpRequestException("initialize was not answered");
        if (id is not null && Version(answer) is { } version)
        {
            var opened = new Session(id, version);
            session = opened;
            _ = ListenAsync(opened);
        }
        return answer;
    }

    private static string? Version(string answer)
    {
        using var json = JsonDocument.Parse(answer);
        return
            json.RootElement.TryGetProperty("result"u8, out var result)
            && result.TryGetProperty("protocolVersion"u8, out var version)
            ? version.GetString()
            : null;
    }

    private async Task<Session?> RenewAsync(Session gone, CancellationToken cancellationToken)
    {
        Task renewal;
        lock (gate)
        {
            if (!ReferenceEquals(session, gone))
                return session;
            renewal = renewing ??= RenewAsync(gone);
        }
        await renewal.WaitAsync(cancellationToken);
        return session;
    }

    private async Task RenewAsync(Session gone)
    {
        await Task.Yield();
        try
        {
            tell("the session ended with the gateway's restart; a new one is opened");
            await gone.Ended.CancelAsync();
            await OpenAsync(CancellationToken.None);
            if (session is not { } opened || ReferenceEquals(opened, gone))
                return;
            await RestoreAsync(opened, CancellationToken.None);
        }
        finally
        {
            lock (gate)
                renewing = null;
        }
        // What the gateway publishes may be another set now.
        foreach (var change in ListChanges)
            client.Write($$"""{"jsonrpc":"2.0","method":"{{change}}"}""");
    }

    /// <summary>What the client had settled in its first session.</summary>
    private async Task RestoreAsync(Session opened, CancellationToken cancellationToken)
    {
        List<string> messages = ["""{"jsonrpc":"2.0","method":"notifications/initialized"}"""];
        if (logLevel is { } level)
            messages.Add(
                $$"""{"jsonrpc":"2.0","id":"fairlead-level","method":"logging/setLevel","params":{{level}}}"""
            );
        messages.AddRange(
            subscriptions.Values.Select(
                (s, i) =>
                    $$"""{"jsonrpc":"2.0","id":"fairlead-watch-{{i}}","method":"resources/subscribe","params":{{s}}}"""
            )
        );
        foreach (var message in messages)
            await link.ExchangeAsync(
                message,
                opened.Headers,
                text => Kind.Of(text).IsResponse,
                null,
                cancellationToken
            );
    }

    private void Remember(ClientMessage message)
    {
        switch (message.Method)
        {
            case "logging/setLevel":
                logLevel = message.Params;
                break;
            case "resources/subscribe" when message.Params is { } watched:
                subscriptions[watched] = watched;
                break;
            case "resources/unsubscribe" when message.Params is { } watched:
                subscriptions.TryRemove(watched, out _);
                break;
            default:
                break;
        }
    }

    /// <summary>What the gateway says outside any request comes on a standing stream.</summary>
    private async Task ListenAsync(Session listening)
    {
        var cancellationToken = listening.Ended.Token;
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                var end = await link.ExchangeAsync(
                    null,
                    listening.Headers,
                    text =>
                    {
                        if (Kind.Of(text) is not { IsResponse: true })
                            client.Write(text);
                        return false;
                    },
                    null,
                    cancellationToken
                );
                if (end == ExchangeEnd.SessionGone)
                {
                    await RenewAsync(listening, CancellationToken.None);
                    return;
                }
                if (end == ExchangeEnd.Done)
                    return;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or HttpRequestException)
        {
            // The session was renewed, the client left, or the gateway stays away: the next request tells.
        }
    }
}
