using System.Text.Json.Nodes;

namespace Fairlead.Fixture;

/// <summary>The other end of one request: where notifications and questions about it go.</summary>
internal abstract class Peer
{
    public virtual IReadOnlyDictionary<string, string> Headers { get; } = new Dictionary<string, string>();

    public abstract Task SendAsync(JsonObject message);

    /// <summary>Asks the client and waits for its result or error object.</summary>
    public abstract Task<JsonObject> AskAsync(
        string method,
        JsonObject parameters,
        CancellationToken cancellationToken
    );

    public Task NotifyAsync(string method, JsonObject parameters) =>
        SendAsync(
            new JsonObject
            {
                ["jsonrpc"] = "2.0",
                ["method"] = method,
                ["params"] = parameters,
            }
        );
}

/// <summary>Questions that wait for their answer, by id.</summary>
internal sealed class OpenQuestions
{
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, TaskCompletionSource<JsonObject>> open =
        new();
    private int last;

    public (JsonObject Message, Task<JsonObject> Answer) New(string method, JsonObject parameters)
    {
        var id = $"q{Interlocked.Increment(ref last)}";
        var answer = new TaskCompletionSource<JsonObject>(TaskCreationOptions.RunContinuationsAsynchronously);
        open[id] = answer;
        var message = new JsonObject
        {
            ["jsonrpc"] = "2.0",
            ["id"] = id,
            ["method"] = method,
            ["params"] = parameters,
        };
        return (message, answer.Task);
    }

    public void Answer(JsonObject response)
    {
        if (response["id"]?.ToString() is { } id && open.TryRemove(id, out var waiting))
            waiting.SetResult(response);
    }
}
