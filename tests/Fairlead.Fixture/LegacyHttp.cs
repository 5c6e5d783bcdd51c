using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Fixture;

/// <summary>Streamable HTTP of 2025-11-25: sessions, a long GET stream, questions on streams, resumption by event id.</summary>
internal sealed class LegacyHttp
{
    private readonly FixtureService service;
    private readonly FixtureOptions options;
    private readonly ConcurrentDictionary<string, Session> sessions = new();
    private readonly ConcurrentDictionary<string, Task<JsonObject?>> polls = new();
    private readonly ConcurrentDictionary<string, CancellationTokenSource> running = new();
    private readonly OpenQuestions questions = new();

    public LegacyHttp(FixtureService service, FixtureOptions options)
    {
        this.service = service;
        this.options = options;
        if (!options.Legacy || options.Transport != "http")
            return;
        service.Tools.Forget += sessions.Clear;
        service.Tools.Changed += (method, parameters) =>
            _ = SendBesideAsync(
                new JsonObject
                {
                    ["jsonrpc"] = "2.0",
                    ["method"] = method,
                    ["params"] = parameters,
                }
            );
        service.Tools.BesideAsync = async (method, parameters, token) =>
        {
            var (message, answer) = questions.New(method, parameters);
            await SendBesideAsync(message);
            return await answer.WaitAsync(token);
        };
    }

    public async Task PostAsync(HttpContext context, JsonObject message)
    {
        var method = (string?)message["method"];
        if (method == "initialize")
        {
            var session = new Session();
            sessions[session.Id] = session;
            context.Response.Headers["Mcp-Session-Id"] = session.Id;
        }
        else if (!await CheckAsync(context, message))
        {
            return;
        }
        if (method is null)
            questions.Answer(message);
        else if (method == "notifications/cancelled")
            Cancel(context, message);
        if (method is null || message["id"] is null)
        {
            context.Response.StatusCode = 202;
            return;
        }
        await AnswerAsync(context, message);
    }

    /// <summary>GET and DELETE.</summary>
    public async Task OtherAsync(HttpContext context)
    {
        if (
            !options.Legacy
            || options.NoGet
            || !sessions.TryGetValue(context.Request.Headers["Mcp-Session-Id"].ToString(), out var session)
        )
        {
            context.Response.StatusCode = options.Legacy && !options.NoGet ? 404 : 405;
            return;
        }
        if (context.Request.Method == "DELETE")
        {
            sessions.TryRemove(session.Id, out _);
            context.Response.StatusCode = 204;
            return;
        }
        var stream = new EventStream(context);
        stream.Open();
        if (polls.TryGetValue(context.Request.Headers["Last-Event-ID"].ToString(), out var poll))
        {
            // Polling: closes again until the result is there.
            if (poll.IsCompleted)
                await stream.EventAsync((await poll)!.ToJsonString(), "end");
            else
                await stream.RawAsync("retry: 50\n\n");
            return;
        }
        await stream.RawAsync(": open\n\n");
        session.Long = stream;
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            session.Long = null;
        }
    }

    private async Task<bool> CheckAsync(HttpContext context, JsonObject message)
    {
        var id = context.Request.Headers["Mcp-Session-Id"].ToString();
        if (id.Length > 0 && sessions.ContainsKey(id))
            return true;
        var status = id.Length == 0 ? 400 : options.SessionLost;
        await HttpHost.JsonAsync(
            context,
            status,
            FixtureService.Error(null, -32000, "Bad Request: No valid session ID provided"),
            options
        );
        _ = message;
        return false;
    }

    private void Cancel(HttpContext context, JsonObject message)
    {
        if (running.TryRemove(Key(context, message["params"]?["requestId"]), out var cancel))
        {
            service.Tools.CountCancelled();
            cancel.Cancel();
        }
    }

    private static string Key(HttpContext context, JsonNode? id) =>
        context.Request.Headers["Mcp-Session-Id"] + " " + id?.ToJsonString();

    private async Task AnswerAsync(HttpContext context, JsonObject message)
    {
        var tool = (string?)message["params"]?["name"];
        var stream = new EventStream(context);
        var key = Key(context, message["id"]);
        // A disconnect is not a cancel in this era: the work goes on.
        using var cancel = new CancellationTokenSource();
        running[key] = cancel;
        var streaming =
            options.Answer == "sse" || tool is "progress" or "ask" or "sample" or "roots" or "log" or "poll" or "cut";
        if (streaming)
            stream.Open();
        var peer = new LegacyPeer(this, context, stream, streaming);
        if (tool is "poll")
        {
            var place = $"poll-{Guid.CreateVersion7(TimeProvider.System.GetUtcNow())}";
            polls[place] = service.HandleAsync(message.DeepClone().AsObject(), peer, CancellationToken.None);
            await stream.RawAsync($"id: {place}\ndata: \n\nretry: 50\n\n");
            return;
        }
        if (tool is "cut")
        {
            await stream.RawAsync("data: {\"jsonrpc\":\"2.0\",\"id\":" + message["id"]!.ToJsonString() + ",\"resu");
            // A reset may overtake what was sent; give it time to arrive.
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            context.Abort();
            return;
        }
        try
        {
            var response = (await service.HandleAsync(message, peer, cancel.Token))!;
            if (streaming)
                await stream.EventAsync(response.ToJsonString());
            else if (!await HttpHost.DripAsync(context, message, response))
                await HttpHost.JsonAsync(context, 200, response, options);
        }
        catch (OperationCanceledException)
        {
            // Cancelled: nothing more is sent for it.
        }
        finally
        {
            running.TryRemove(key, out _);
        }
    }

    private async Task SendBesideAsync(JsonObject message)
    {
        foreach (var (_, session) in sessions)
        {
            if (session.Long is { } stream)
                await stream.EventAsync(message.ToJsonString());
        }
    }

    private sealed class Session
    {
        public string Id { get; } = $"s-{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}";

        public EventStream? Long { get; set; }
    }

    private sealed class LegacyPeer(LegacyHttp host, HttpContext context, EventStream stream, bool streaming) : Peer
    {
        public override IReadOnlyDictionary<string, string> Headers => HttpHost.Headers(context);

        public override Task SendAsync(JsonObject message) =>
            streaming ? stream.EventAsync(message.ToJsonString()) : Task.CompletedTask;

        public override async Task<JsonObject> AskAsync(
            string method,
            JsonObject parameters,
            CancellationToken cancellationToken
        )
        {
            var (message, answer) = host.questions.New(method, parameters);
            await SendAsync(message);
            return await answer.WaitAsync(cancellationToken);
        }
    }
}
