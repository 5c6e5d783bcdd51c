using System.Text.Json.Nodes;

namespace Fairlead.Fixture;

/// <summary>The tools of the fixture service.</summary>
internal sealed class FixtureTools(FixtureOptions options)
{
    private const string Schema = """{"type":"object"}""";
    private readonly List<string> added = [];
    private readonly Dictionary<string, string> described = [];
    private int calls;
    private int cancelled;
    private int running;
    private int lists;

    /// <summary>Raised when a list or resource changed: method and parameters of the notification.</summary>
    public event Action<string, JsonObject>? Changed;

    /// <summary>Raised to drop all sessions (legacy http).</summary>
    public event Action? Forget;

    public static JsonObject Text(string text) => new() { ["type"] = "text", ["text"] = text };

    public void CountList() => Interlocked.Increment(ref lists);

    public void CountCancelled() => Interlocked.Increment(ref cancelled);

    public List<JsonObject> List()
    {
        var list = new List<JsonObject>();
        foreach (
            var name in (string[])
                [
                    "echo",
                    "slow",
                    "progress",
                    "ask",
                    "sample",
                    "roots",
                    "ask_beside",
                    "crash",
                    "exit",
                    "big",
                    "listchange",
                    "touch",
                    "log",
                    "log_beside",
                    "headers",
                    "pid",
                    "counts",
                    "fail",
                    "error",
                    "poll",
                    "cut",
                    "drip",
                    "forget",
                    "garbage",
                    "silent",
                ]
        )
            list.Add(Tool(name, Schema));
        list.Add(
            Tool(
                "region",
                """{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},"limit":{"type":"integer","x-mcp-header":"Limit"}}}"""
            )
        );
        if (options.BadHeader)
            list.Add(
                Tool("bad_header", """{"type":"object","properties":{"a":{"type":"number","x-mcp-header":"A"}}}""")
            );
        for (var i = 0; i < options.Tools; i++)
            list.Add(Tool($"tool_{i}", Schema));
        lock (added)
        {
            list.AddRange(added.Select(name => Tool(name, Schema)));
            foreach (var tool in list)
            {
                if (described.GetValueOrDefault((string)tool["name"]!) is { } text)
                    tool["description"] = text;
            }
        }
        return list;
    }

    public async Task<JsonObject> CallAsync(
        JsonObject message,
        JsonObject parameters,
        Peer peer,
        CancellationToken cancellationToken
    )
    {
        Interlocked.Increment(ref calls);
        Interlocked.Increment(ref running);
        try
        {
            return await RunAsync(message, parameters, peer, cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref running);
        }
    }

    private async Task<JsonObject> RunAsync(
        JsonObject message,
        JsonObject parameters,
        Peer peer,
        CancellationToken cancellationToken
    )
    {
        var name = (string?)parameters["name"];
        var arguments = parameters["arguments"] as JsonObject ?? [];
        int Number(string key, int standard) => (int?)arguments[key] ?? standard;
        switch (name)
        {
            case "echo":
                return Result((string?)arguments["text"] ?? arguments.ToJsonString());
            case "slow" or "poll" or "drip":
                await WaitAsync(Number("ms", 1000), cancellationToken);
                return Result("done");
            case "silent":
                await WaitAsync(Timeout.Infinite, cancellationToken);
                return Result("never");
            case "progress":
                await ProgressAsync(parameters, Number("n", 3), Number("ms", 0), peer, cancellationToken);
                return Result("done");
            case "ask" or "sample" or "roots":
                return await AskAsync(name, message, parameters, arguments, peer, cancellationToken);
            case "ask_beside":
                // The question goes out beside the call's own stream: over http on the long GET stream.
                return Result(
                    (await BesideAsync("elicitation/create", Question(arguments), cancellationToken)).ToJsonString()
                );
            case "crash":
                Environment.FailFast("asked to");
                return [];
            case "exit":
                Environment.Exit(Number("code", 3));
                return [];
            case "big":
                return Result(new string('x', Number("bytes", 1024)));
            case "listchange":
                lock (added)
                {
                    // With a description it says of a tool of its own something else than before.
                    if ((string?)arguments["description"] is { } text)
                        described[(string)arguments["name"]!] = text;
                    else
                        added.Add((string?)arguments["name"] ?? $"added_{added.Count}");
                }
                Changed?.Invoke("notifications/tools/list_changed", []);
                return Result("changed");
            case "touch":
                Changed?.Invoke("notifications/resources/updated", new JsonObject { ["uri"] = "test://note" });
                return Result("touched");
            case "log":
                await peer.NotifyAsync(
                    "notifications/message",
                    new JsonObject { ["level"] = "info", ["data"] = (string?)arguments["text"] ?? "hello" }
                );
                return Result("logged");
            case "log_beside":
                Changed?.Invoke("notifications/message", new JsonObject { ["level"] = "info", ["data"] = "beside" });
                return Result("logged");
            case "headers" or "region":
                return Result(
                    new JsonObject(
                        peer.Headers.Select(h => KeyValuePair.Create<string, JsonNode?>(h.Key, h.Value))
                    ).ToJsonString()
                );
            case "pid":
                return Result($"{Environment.ProcessId}");
            case "counts":
                return Result($"calls={calls} cancelled={cancelled} others={running - 1}; lists={lists};");
            case "fail":
                var failed = Result("it failed");
                failed["isError"] = true;
                return failed;
            case "error":
                throw new RpcException(Number("code", -32603), "an error", new JsonObject { ["why"] = "asked" });
            case "forget":
                Forget?.Invoke();
                return Result("forgotten");
            default:
                if (name is not null && List().Any(t => (string?)t["name"] == name))
                    return Result(name);
                throw new RpcException(-32602, $"Unknown tool: {name}");
        }
    }

    /// <summary>Asks on a connection that belongs to no call.</summary>
    public Func<string, JsonObject, CancellationToken, Task<JsonObject>> BesideAsync { get; set; } =
        (_, _, _) => throw new RpcException(-32603, "no way to ask");

    private static JsonObject Tool(string name, string schema) =>
        new()
        {
            ["name"] = name,
            ["description"] = $"Test tool {name}",
            ["inputSchema"] = JsonNode.Parse(schema),
        };

    private static JsonObject Result(string text) => new() { ["content"] = new JsonArray(Text(text)) };

    private static JsonObject Question(JsonObject arguments) =>
        new()
        {
            ["mode"] = "form",
            ["message"] = (string?)arguments["text"] ?? "Who are you?",
            ["requestedSchema"] = JsonNode.Parse("""{"type":"object","properties":{"name":{"type":"string"}}}"""),
        };

    private static Task WaitAsync(int milliseconds, CancellationToken cancellationToken) =>
        Task.Delay(TimeSpan.FromMilliseconds(milliseconds), TimeProvider.System, cancellationToken);

    private static async Task ProgressAsync(
        JsonObject parameters,
        int count,
        int pause,
        Peer peer,
        CancellationToken cancellationToken
    )
    {
        var token = parameters["_meta"]?["progressToken"];
        for (var i = 1; i <= count; i++)
        {
            if (pause > 0)
                await WaitAsync(pause, cancellationToken);
            if (token is not null)
                await peer.NotifyAsync(
                    "notifications/progress",
                    new JsonObject
                    {
                        ["progressToken"] = token.DeepClone(),
                        ["progress"] = i,
                        ["total"] = count,
                    }
                );
        }
    }

    private static async Task<JsonObject> AskAsync(
        string name,
        JsonObject message,
        JsonObject parameters,
        JsonObject arguments,
        Peer peer,
        CancellationToken cancellationToken
    )
    {
        var (method, question) = name switch
        {
            "ask" => ("elicitation/create", Question(arguments)),
            "sample" => (
                "sampling/createMessage",
                JsonNode
                    .Parse("""{"messages":[{"role":"user","content":{"type":"text","text":"hi"}}],"maxTokens":10}""")!
                    .AsObject()
            ),
            _ => ("roots/list", new JsonObject()),
        };
        if (!FixtureService.IsModern(message))
            return Result((await peer.AskAsync(method, question, cancellationToken)).ToJsonString());
        if (parameters["inputResponses"] is JsonObject responses)
            return (string?)parameters["requestState"] == "state:\"1\""
                ? Result(responses.ToJsonString())
                : throw new RpcException(-32602, "bad requestState");
        return new JsonObject
        {
            ["resultType"] = "input_required",
            ["inputRequests"] = new JsonObject
            {
                ["q"] = new JsonObject { ["method"] = method, ["params"] = question },
            },
            ["requestState"] = "state:\"1\"",
        };
    }
}
