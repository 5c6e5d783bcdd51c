using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Fixture;

/// <summary>HTTP+SSE of 2024-11-05 at /sse: a stream for each client, and an address that its messages are posted to.</summary>
internal sealed class SseHost
{
    private readonly FixtureService service;
    private readonly FixtureOptions options;
    private readonly ConcurrentDictionary<string, Session> sessions = new();

    public SseHost(FixtureService service, FixtureOptions options)
    {
        this.service = service;
        this.options = options;
        service.Tools.Forget += () =>
        {
            foreach (var (_, session) in sessions)
                session.Cut();
        };
    }

    public async Task StreamAsync(HttpContext context)
    {
        var stream = new EventStream(context);
        stream.Open();
        var session = new Session(service, options, stream, context);
        var id = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString("N");
        sessions[id] = session;
        await stream.RawAsync($"event: endpoint\ndata: /messages?sessionId={id}\n\n");
        await session.Ended;
        sessions.TryRemove(id, out _);
    }

    public async Task PostAsync(HttpContext context)
    {
        if (!sessions.TryGetValue(context.Request.Query["sessionId"].ToString(), out var session))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        var message = (JsonObject)(await JsonNode.ParseAsync(context.Request.Body))!;
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        await context.Response.WriteAsync("Accepted");
        session.OnMessage(message);
    }

    private sealed class Session(
        FixtureService service,
        FixtureOptions options,
        EventStream stream,
        HttpContext context
    ) : MessageHost(service, options)
    {
        private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Ended
        {
            get
            {
                context.RequestAborted.Register(() => ended.TrySetResult());
                return ended.Task;
            }
        }

        public void Cut() => context.Abort();

        protected override Task WriteAsync(string json) => stream.EventAsync(json);
    }
}
