using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace Fairlead.Fixture;

/// <summary>Serves over standard input and output, one message a line.</summary>
internal sealed class StdioHost(FixtureService service, FixtureOptions options)
{
    private readonly Stream output = Console.OpenStandardOutput();
    private readonly SemaphoreSlim writing = new(1, 1);
    private readonly OpenQuestions questions = new();
    private readonly ConcurrentDictionary<string, CancellationTokenSource> running = new();
    private readonly ConcurrentDictionary<string, JsonObject> listening = new();

    public async Task RunAsync()
    {
        var peer = new StdioPeer(this);
        service.Tools.Changed += (method, parameters) => _ = ChangedAsync(peer, method, parameters);
        service.Tools.BesideAsync = peer.AskAsync;
        using var input = new StreamReader(Console.OpenStandardInput());
        while (await input.ReadLineAsync() is { } line)
        {
            if (JsonNode.Parse(line) is JsonObject message)
                OnMessage(message, peer);
        }
        if (options.IgnoreStdinEnd)
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
    }

    private void OnMessage(JsonObject message, Peer peer)
    {
        var method = (string?)message["method"];
        if (method is null)
            questions.Answer(message);
        else if (method == "notifications/cancelled")
            Cancel(message["params"]?["requestId"]?.ToJsonString() ?? "");
        else if (message["id"] is not null)
            _ = AnswerAsync(message, method, peer);
    }

    private void Cancel(string id)
    {
        listening.TryRemove(id, out _);
        if (!running.TryRemove(id, out var cancel))
            return;
        service.Tools.CountCancelled();
        cancel.Cancel();
    }

    private async Task AnswerAsync(JsonObject message, string method, Peer peer)
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

    private async Task ChangedAsync(Peer peer, string method, JsonObject parameters)
    {
        if (!options.Modern || method == "notifications/message")
        {
            await peer.NotifyAsync(method, parameters);
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

    private async Task WriteAsync(string json)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(json + "\n");
        await writing.WaitAsync();
        try
        {
            await output.WriteAsync(bytes);
            await output.FlushAsync();
        }
        finally
        {
            writing.Release();
        }
    }

    private sealed class StdioPeer(StdioHost host) : Peer
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
