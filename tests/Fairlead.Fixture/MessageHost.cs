using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace Fairlead.Fixture;

/// <summary>Serves messages of one client that all come and go on one way, such as a pipe.</summary>
internal abstract class MessageHost
{
    private readonly FixtureService service;
    private readonly FixtureOptions options;
    private readonly OpenQuestions questions = new();
    private readonly ConcurrentDictionary<string, CancellationTokenSource> running = new();
    private readonly ConcurrentDictionary<string, JsonObject> listening = new();
    private readonly OnlyPeer peer;

    protected MessageHost(FixtureService service, FixtureOptions options)
    {
        this.service = service;
        this.options = options;
        peer = new OnlyPeer(this);
        service.Tools.Changed += (method, parameters) => _ = ChangedAsync(method, parameters);
        service.Tools.BesideAsync = peer.AskAsync;
    }

    public void OnMessage(JsonObject message)
    {
        var method = (string?)message["method"];
        if (method is null)
            questions.Answer(message);
        else if (method == "notifications/cancelled")
            Cancel(message["params"]?["requestId"]?.ToJsonString() ?? "");
        else if (message["id"] is not null)
            _ = AnswerAsync(message, method);
    }

    private void Cancel(string id)
    {
        listening.TryRemove(id, out _);
        if (!running.TryRemove(id, out var cancel))
            return;
        service.Tools.CountCancelled();
        cancel.Cancel();
    }

    private async Task AnswerAsync(JsonObject message, string method)
    {
        // Handled off the reader: calls run side by side.
        await Task.Yield();
        var id = message["id"]!.ToJsonString();
        if (method == "server/discover" && !options.Modern && options.OnDiscover == "exit")
            Environment.Exit(4);
        if (method == "server/discover" && !options.Modern && options.OnDiscover == "silence")
            return;
        if (method == "subscriptions/listen" && options.Modern)
        {
            listening[id] = message;
            var accepted = new JsonObject
            {
                ["_meta"] = Subscription(message),
                ["notifications"] = message["params"]?["notifications"]?.DeepClone(),
            };
            await peer.NotifyAsync("notifications/subscriptions/acknowledged", accepted);
            return;
        }
        if ((string?)message["params"]?["name"] == "garbage")
        {
            await WriteAsync("{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":17}");
            return;
        }
        using var cancel = new CancellationTokenSource();
        running[id] = cancel;
        try
        {
            if (await service.HandleAsync(message, peer, cancel.Token) is { } response)
                await WriteAsync(response.ToJsonString());
        }
        catch (OperationCanceledException)
        {
            // Cancelled: nothing more is sent for it.
        }
        finally
        {
            running.TryRemove(id, out _);
        }
    }

    private async Task ChangedAsync(string method, JsonObject parameters)
    {
        if (!options.Modern || method == "notifications/message")
        {
            // The others who are told build a message of theirs from it too, and a node has one parent.
            await peer.NotifyAsync(method, parameters.DeepClone().AsObject());
            return;
        }
        foreach (var (_, message) in listening)
        {
            var copy = parameters.DeepClone().AsObject();
            copy["_meta"] = Subscription(message);
            await peer.NotifyAsync(method, copy);
        }
    }

    private static JsonObject Subscription(JsonObject message) =>
        new() { ["io.modelcontextprotocol/subscriptionId"] = message["id"]!.DeepClone() };

    protected abstract Task WriteAsync(string json);

    private sealed class OnlyPeer(MessageHost host) : Peer
    {
        public override Task SendAsync(JsonObject message) => host.WriteAsync(message.ToJsonString());

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
