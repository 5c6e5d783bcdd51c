using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Fairlead.Protocol;

namespace Fairlead.Client;

/// <summary>Requests under way on one connection: ids <c>req_1</c>, <c>req_2</c>, …, answers by id, timeouts .</summary>
internal sealed class Requests(McpTransport transport, McpClientOptions options)
{
    private readonly ConcurrentDictionary<string, Waiting> waiting = new();
    private long last;

    private sealed class Waiting(IProgress<McpProgress>? progress, Action heard)
    {
        public TaskCompletionSource<JsonElement> Answer { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
        public IProgress<McpProgress>? Progress => progress;

        /// <summary>The server works on it: the time begins anew.</summary>
        public void Heard() => heard();
    }

    /// <summary>What is spoken; null before the handshake of an older server.</summary>
    public Revision? Revision { get; set; }

    public int Count => waiting.Count;

    private bool IsModern => Revision?.Era() == Era.Modern;

    public async Task<JsonElement> SendAsync(
        string method,
        string? name,
        Action<Utf8JsonWriter>? members,
        CancellationToken cancellationToken,
        IProgress<McpProgress>? progress = null,
        IReadOnlyList<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null
    )
    {
        var id = "req_" + Interlocked.Increment(ref last).ToString(CultureInfo.InvariantCulture);
        var limit = timeout ?? options.RequestTimeout;
        using var late = new CancellationTokenSource(limit, options.Time);
        using var given = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        var request = new Waiting(progress, () => late.CancelAfter(limit));
        waiting[id] = request;
        var message = new Outgoing(Write(id, method, members, progress is not null), method, name, Revision, headers);
        try
        {
            _ = SendAsync(message, request, given.Token);
            return await request.Answer.Task.WaitAsync(given.Token);
        }
        catch (OperationCanceledException cause) when (given.IsCancellationRequested)
        {
            waiting.TryRemove(id, out _);
            if (!transport.CancelsByClosing(message.Revision) && method is not ("initialize" or "server/discover"))
                await TryCancelAsync(id, late.IsCancellationRequested ? "timeout" : "cancelled");
            cancellationToken.ThrowIfCancellationRequested();
            throw new TimeoutException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{method} was not answered within {limit.TotalSeconds:0.#} s."
                ),
                cause
            );
        }
        finally
        {
            waiting.TryRemove(id, out _);
        }
    }

    public Task NotifyAsync(string method, Action<Utf8JsonWriter>? members, CancellationToken cancellationToken) =>
        transport.SendAsync(
            new Outgoing(Write(null, method, members, progress: false), method, null, Revision),
            cancellationToken
        );

    /// <summary>Answers a request of the server: <c>ping</c>, and what the options have an answer for.</summary>
    public async Task AnswerAsync(McpMessage request, CancellationToken cancellationToken)
    {
        McpMessage answer;
        try
        {
            var result =
                request.Method == "ping" ? McpTool.EmptySchema
                : options.AnswerOf(request.Method!) is { } known
                    ? await known(request.Params ?? McpTool.EmptySchema, cancellationToken)
                : (JsonElement?)null;
            answer = result is null
                ? new() { Id = request.Id, Error = new(-32601, $"Method not found: {request.Method}") }
                : new() { Id = request.Id, Result = result };
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            answer = new() { Id = request.Id, Error = new(-32603, failure.Message) };
        }
        await transport.SendAsync(new Outgoing(answer.ToUtf8(), null, null, Revision), cancellationToken);
    }

    /// <summary>An answer; one nobody waits for (any more) is left out.</summary>
    public void Take(McpMessage answer)
    {
        if (Key(answer.Id) is not { } id || !waiting.TryRemove(id, out var request))
            return;
        if (answer.Error is { } error)
            request.Answer.TrySetException(new McpErrorException(error));
        else
            request.Answer.TrySetResult(answer.Result!.Value);
    }

    public void Progress(McpMessage notification)
    {
        if (
            notification.Params is not { ValueKind: JsonValueKind.Object } parameters
            || !parameters.TryGetProperty("progressToken"u8, out var token)
            || Key(token) is not { } id
            || !waiting.TryGetValue(id, out var request)
            || McpProgress.Read(parameters) is not { } progress
        )
            return;
        request.Heard();
        try
        {
            request.Progress?.Report(progress);
        }
        catch (Exception failure)
        {
            options.Log?.Invoke("A handler of progress failed.", failure);
        }
    }

    public void Fail(Exception cause)
    {
        foreach (var id in waiting.Keys)
        {
            if (waiting.TryRemove(id, out var request))
                request.Answer.TrySetException(cause);
        }
    }

    // Over HTTP this lasts as long as the answer; what goes wrong with it is the request's failure.
    private async Task SendAsync(Outgoing message, Waiting request, CancellationToken cancellationToken)
    {
        try
        {
            await transport.SendAsync(message, cancellationToken);
        }
        catch (McpErrorException refused)
        {
            request.Answer.TrySetException(refused);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Whoever waits knows.
        }
        catch (Exception failure)
        {
            request.Answer.TrySetException(
                failure as McpDisconnectedException ?? new McpDisconnectedException(failure.Message, failure)
            );
        }
    }

    private async Task TryCancelAsync(string id, string reason)
    {
        try
        {
            await NotifyAsync(
                "notifications/cancelled",
                json =>
                {
                    json.WriteString("requestId"u8, id);
                    json.WriteString("reason"u8, reason);
                },
                CancellationToken.None
            );
        }
        catch (Exception failure)
        {
            options.Log?.Invoke($"The server could not be told that {id} is given up.", failure);
        }
    }

    private ReadOnlyMemory<byte> Write(string? id, string method, Action<Utf8JsonWriter>? members, bool progress)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("jsonrpc"u8, "2.0"u8);
            if (id is not null)
                json.WriteString("id"u8, id);
            json.WriteString("method"u8, method);
            var meta = (IsModern && id is not null) || progress;
            if (members is not null || meta)
            {
                json.WriteStartObject("params"u8);
                members?.Invoke(json);
                if (meta)
                {
                    json.WriteStartObject("_meta"u8);
                    if (IsModern)
                        ClientWords.WriteMeta(json, options);
                    if (progress)
                        json.WriteString("progressToken"u8, id);
                    json.WriteEndObject();
                }
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }

    private static string? Key(JsonElement? id) =>
        id is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
}
