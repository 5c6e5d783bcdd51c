using System.Collections.Concurrent;
using System.Text;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Handshake;
using Fairlead.Server.Gateway.Intake;
using Fairlead.Server.Services;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Gateway.Sessions;

/// <summary>
/// One legacy client between <c>initialize</c> and DELETE, bound to the group and user that opened it (R52). Tables are
/// made when first needed: an idle session stays small (≤ 20 KiB).
/// </summary>
internal sealed class LegacySession(
    string id,
    GroupId group,
    UserId? user,
    RevisionRules rules,
    GatewayOptions options,
    ReplayBudget budget
)
{
    // Finished streams that may still be resumed; each holds little, together they hold no more than one may.
    private const int MaxFinishedStreams = 64;
    private readonly GatewayOptions options = options;
    private readonly ReplayBudget budget = budget;
    private readonly Lock gate = new();
    private ConcurrentDictionary<string, Call>? calls;
    private ConcurrentDictionary<string, TaskCompletionSource<QuestionAnswer>>? questions;
    private ConcurrentDictionary<int, EventStream>? streams;
    private Dictionary<string, WatchedResource>? subscriptions;
    private long nextQuestion;
    private int nextStream;
    private int running;

    public string Id { get; } = id;
    public GroupId Group { get; } = group;
    public UserId? User { get; } = user;
    public Revision Revision => Rules.Revision;

    /// <summary>What the client's revision does differently.</summary>
    public RevisionRules Rules { get; } = rules;

    /// <summary>The client's <c>clientInfo</c> and <c>capabilities</c> objects, raw.</summary>
    public ReadOnlyMemory<byte> ClientInfo { get; init; }
    public ReadOnlyMemory<byte> Capabilities { get; init; }
    public string? ClientName { get; init; }

    /// <summary>What the client showed when it opened the session; null where it needed nothing (standard streams).</summary>
    public Credentials? Shown { get; init; }

    /// <summary>Log level asked for by <c>logging/setLevel</c>; null leaves the choice to us: all.</summary>
    public string? LogLevel { get; set; }
    public DateTimeOffset LastSeen { get; set; }

    /// <summary>Whether the client ever opened the GET stream (eviction order, design.md).</summary>
    public bool EverStreamed { get; private set; }

    public bool IsActive => Volatile.Read(ref running) > 0 || (streams?.Values.Any(s => s.IsAttached) ?? false);

    public CancellationTokenSource Ended { get; } = new();

    /// <summary>Notes a call; false when its id is in flight already (R26).</summary>
    public bool TryBegin(string rawId, Call call)
    {
        if (!Calls.TryAdd(rawId, call))
            return false;
        Interlocked.Increment(ref running);
        return true;
    }

    public void End(string rawId)
    {
        if (Calls.TryRemove(rawId, out _))
            Interlocked.Decrement(ref running);
    }

    public Call? FindCall(string rawId) => calls?.GetValueOrDefault(rawId);

    /// <summary>Whether the client declared this capability at <c>initialize</c>.</summary>
    public bool Declares(ReadOnlySpan<byte> capability) => JsonScan.Has(Capabilities.Span, capability);

    /// <summary>Sends a service's question on a stream and waits for the client's answer.</summary>
    public async ValueTask<QuestionAnswer> AskAsync(
        Func<byte[], bool> send,
        McpMethod method,
        ReadOnlyMemory<byte> parameters,
        CancellationToken cancellationToken
    )
    {
        var number = Interlocked.Increment(ref nextQuestion);
        var rawId = $"\"q{number}\"";
        var answer = new TaskCompletionSource<QuestionAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        Questions[rawId] = answer;
        try
        {
            if (!send(MessageBytes.Request(Encoding.ASCII.GetBytes(rawId), method, parameters.Span)))
                return Refused("the client cannot be asked on this stream");
            using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, Ended.Token);
            return await answer.Task.WaitAsync(both.Token);
        }
        finally
        {
            Questions.TryRemove(rawId, out _);
        }
    }

    public static QuestionAnswer Refused(string why) =>
        new(true, MessageBytes.Error(McpErrorCode.MethodNotFound, $"Method not found: {why}"));

    /// <summary>Gives a client's response to whoever asked; late and unknown ones are ignored (R43).</summary>
    public void Answer(string rawId, QuestionAnswer answer)
    {
        if (questions is not null && questions.TryRemove(rawId, out var waiting))
            waiting.TrySetResult(answer);
    }

    /// <summary>Streams of ended calls that can still be resumed.</summary>
    public int FinishedStreams => streams?.Values.Count(s => s.Number != 0 && s.IsCompleted) ?? 0;

    /// <summary>Bytes all streams of the session hold.</summary>
    public long StreamBytes => streams?.Values.Sum(s => s.Bytes) ?? 0;

    /// <summary>Opens the stream of one response.</summary>
    public EventStream OpenStream()
    {
        ForgetFinished();
        var number = Interlocked.Increment(ref nextStream);
        var stream = new EventStream(number, Bounds(1024), budget);
        Streams[number] = stream;
        return stream;
    }

    /// <summary>The standalone stream of GET, number 0; made at the first GET.</summary>
    public EventStream Standalone()
    {
        EverStreamed = true;
        return Streams.GetOrAdd(
            0,
            static (_, session) => new EventStream(0, session.Bounds(session.options.ReplayEvents), session.budget),
            this
        );
    }

    public EventStream? FindStream(int number) => streams?.GetValueOrDefault(number);

    /// <summary>Sends an unasked-for message on the GET stream; lost when the client never opened one.</summary>
    public void Push(byte[] message) => FindStream(0)?.Append(message);

    /// <summary>Forgets ended response streams that nobody resumed in time.</summary>
    public void Sweep(DateTimeOffset now)
    {
        if (streams is null)
            return;
        foreach (var (number, stream) in streams)
        {
            if (
                number != 0
                && stream.IsCompleted
                && !stream.IsAttached
                && now - stream.CompletedAt > options.ReplayKept
            )
                Forget(stream, now);
        }
    }

    /// <summary>Notes that the client watches a resource; false when it did already.</summary>
    public bool Subscribe(string uri, WatchedResource resource)
    {
        lock (gate)
            return (subscriptions ??= []).TryAdd(uri, resource);
    }

    /// <summary>The resource the client watched under this URI and does no more; null when it did not.</summary>
    public WatchedResource? Unsubscribe(string uri)
    {
        lock (gate)
            return subscriptions is not null && subscriptions.Remove(uri, out var resource) ? resource : null;
    }

    /// <summary>All it watched; from now on it watches nothing.</summary>
    public IReadOnlyCollection<WatchedResource> UnsubscribeAll()
    {
        lock (gate)
        {
            IReadOnlyCollection<WatchedResource> all = subscriptions is null ? [] : [.. subscriptions.Values];
            subscriptions = null;
            return all;
        }
    }

    public IReadOnlyList<string> Subscriptions()
    {
        lock (gate)
            return subscriptions is null ? [] : [.. subscriptions.Keys];
    }

    /// <summary>Ends everything that hangs on the session.</summary>
    public void Close(DateTimeOffset now)
    {
        Ended.Cancel();
        foreach (var call in calls?.Values ?? [])
            call.Cancel(CancelCause.SessionEnded);
        foreach (var stream in streams?.Values ?? [])
            stream.Retire(now);
    }

    // What nobody can resume need not be kept.
    private StreamBounds Bounds(int unread) =>
        Rules.EventIds
            ? new(options.ReplayEvents, options.ReplayBytes, unread, options.UnreadBytes)
            : StreamBounds.Passing(options) with
            {
                Unread = unread,
            };

    private void ForgetFinished()
    {
        if (streams is null)
            return;
        var finished = streams.Values.Where(s => s.Number != 0 && s.IsCompleted && !s.IsAttached).ToList();
        if (finished.Count == 0)
            return;
        var bytes = finished.Sum(s => s.Bytes);
        foreach (var stream in finished.OrderBy(s => s.Number).ToList())
        {
            if (finished.Count < MaxFinishedStreams && bytes <= options.UnreadBytes && !budget.IsOver)
                return;
            bytes -= stream.Bytes;
            finished.Remove(stream);
            Forget(stream, stream.CompletedAt);
        }
    }

    private void Forget(EventStream stream, DateTimeOffset now)
    {
        if (streams!.TryRemove(stream.Number, out _))
            stream.Release(now);
    }

    private ConcurrentDictionary<string, Call> Calls => calls ?? Make(ref calls);

    private ConcurrentDictionary<string, TaskCompletionSource<QuestionAnswer>> Questions =>
        questions ?? Make(ref questions);

    private ConcurrentDictionary<int, EventStream> Streams => streams ?? Make(ref streams);

    private ConcurrentDictionary<TKey, TValue> Make<TKey, TValue>(ref ConcurrentDictionary<TKey, TValue>? field)
        where TKey : notnull
    {
        lock (gate)
            return field ??= new(concurrencyLevel: 1, capacity: 1);
    }
}

/// <summary>A resource as its owner knows it.</summary>
internal sealed record WatchedResource(ServiceSlot Slot, string Uri);
