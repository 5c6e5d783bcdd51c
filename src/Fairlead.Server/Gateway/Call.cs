using Fairlead.Protocol;
using Fairlead.Server.Gateway.Bridge;
using Fairlead.Server.Gateway.Intake;
using Fairlead.Server.Gateway.Replies;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Gateway.Sessions;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Storage;
using Fairlead.Server.Tools.Recovery;

namespace Fairlead.Server.Gateway;

/// <summary>Why a call was ended before its answer.</summary>
internal enum CancelCause
{
    None,
    Client,
    Deadline,
    SessionEnded,
    Draining,
}

/// <summary>One MCP request on its way through the gateway, and what its service says while it runs.</summary>
internal sealed class Call : ICallEvents, IDisposable
{
    // A busy service may not flood a client: at most this many progress messages a second and call (R44).
    private const int ProgressPerSecond = 10;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource cancellation;
    private readonly TimeSpan maxDeadline;
    private byte[] progressToken = [];
    private TimeSpan deadline;
    private CancelCause cause;
    private double progress = double.NegativeInfinity;
    private long progressWindow;
    private int progressInWindow;
    private bool ended;
    private bool judged;
    private volatile bool holdsThread;
    private volatile Task? rescue;

    public Call(
        Envelope envelope,
        GroupRoute group,
        UserId? user,
        Revision revision,
        IReply reply,
        GatewayOptions options,
        TimeProvider time
    )
    {
        Envelope = envelope;
        Group = group;
        User = user;
        Revision = revision;
        Reply = reply;
        this.time = time;
        maxDeadline = options.MaxCallDeadline;
        deadline = options.CallDeadline;
        Started = time.GetTimestamp();
        At = time.GetUtcNow();
        Number = CallNumber.At(At);
        cancellation = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
    }

    public Envelope Envelope { get; }
    public GroupRoute Group { get; }
    public UserId? User { get; }
    public Revision Revision { get; }
    public IReply Reply { get; }
    public LegacySession? Session { get; init; }

    /// <summary>What the client showed, for what stays open long; null where it needed nothing.</summary>
    public Credentials? Shown { get; init; }

    /// <summary>The user behind a call that comes from inside; null where the client shows a token.</summary>
    public CallingUser? Named { get; init; }

    /// <summary>The user token shown with this request; null where none was, or where <see cref="Shown"/> has it.</summary>
    public string? UserToken { get; init; }

    /// <summary>Gives a header of the client's request; null where no headers mirror the body (legacy, stdio).</summary>
    public Func<string, string?>? Header { get; init; }
    public long Started { get; }
    public DateTimeOffset At { get; }
    public Guid Number { get; }

    /// <summary>The id in logs and error data.</summary>
    public string RequestId => Number.ToString();

    /// <summary>The route once found, for the traffic record.</summary>
    public ItemRoute? Route { get; set; }
    public string? ServiceName { get; set; }

    /// <summary>Exposed name or URI; null for methods without one.</summary>
    public string? Name { get; set; }

    /// <summary>Whether the client named the tool in a <c>call_tool</c>.</summary>
    public bool IsFound { get; set; }

    /// <summary>Arguments that go to the tool in place of the client's; null where those go on as they came.</summary>
    public ReadOnlyMemory<byte>? Sent { get; set; }

    /// <summary>The arguments that go to the tool; empty for none.</summary>
    public ReadOnlySpan<byte> Arguments =>
        Sent is { } other ? other.Span : Envelope.Arguments.Of(Envelope.Message.Span);

    /// <summary>What the service asked for that could not be carried; null when nothing.</summary>
    public string? Asked { get; private set; }

    /// <summary>What the call says of its tool; null while and where it says nothing .</summary>
    public ToolVerdict? Verdict { get; set; }

    public CancelCause Cause => cause;
    public CancellationToken Token => cancellation.Token;
    public ReadOnlyMemory<byte> RawId => Envelope.Id.Of(Envelope.Message);

    /// <summary>Whether questions can be passed on; set from the bridge before the service is called.</summary>
    public bool CarriesQuestions { get; set; }

    public void StartDeadline(TimeSpan span)
    {
        deadline = span;
        // A copy: a tool that reports after the end must not read what the buffer is used for then.
        progressToken = Envelope.ProgressToken.Of(Envelope.Message.Span).ToArray();
        cancellation.CancelAfter(span);
    }

    public void Cancel(CancelCause why)
    {
        if (Interlocked.CompareExchange(ref cause, why, CancelCause.None) == CancelCause.None)
        {
            try
            {
                cancellation.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // The call ended in the same moment: nothing is left to cancel.
            }
        }
    }

    /// <summary>What ended the call: an explicit cause, else its deadline.</summary>
    public CancelCause CauseOrDeadline => cause == CancelCause.None ? CancelCause.Deadline : cause;

    public void OnNotification(McpMethod method, ReadOnlySpan<byte> parameters, Range token)
    {
        // Nothing follows an answer (R44), however long a tool goes on: on a line it would go out among other calls.
        if (HasEnded)
            return;
        if (method == McpMethod.NotificationsProgress)
        {
            if (!Envelope.ProgressToken.Present)
                return;
            Extend();
            if (!Increases(parameters) || !TakeProgress())
                return;
            Reply.Send(MessageBytes.Notification(method, parameters, token, progressToken));
            return;
        }
        if (method == McpMethod.NotificationsMessage && !WantsLog(parameters))
            return;
        Reply.Send(MessageBytes.Notification(method, parameters));
    }

    /// <summary>Whether the client was asked something: how long the call takes is then not the service's doing alone.</summary>
    public bool WaitedForClient { get; private set; }

    public ValueTask<QuestionAnswer> OnQuestionAsync(
        McpMethod method,
        ReadOnlyMemory<byte> parameters,
        CancellationToken cancellationToken
    )
    {
        var capability = method switch
        {
            McpMethod.ElicitationCreate => "elicitation",
            McpMethod.SamplingCreateMessage => "sampling",
            _ => "roots",
        };
        if (HasEnded)
            return new(LegacySession.Refused("the call is over"));
        if (!CarriesQuestions || Session is null)
        {
            Asked = capability;
            return new(LegacySession.Refused($"{capability} cannot be carried to this client"));
        }
        if (!Session.Declares(System.Text.Encoding.ASCII.GetBytes(capability)))
            return new(LegacySession.Refused($"the client does not support {capability}"));
        WaitedForClient = true;
        return Session.AskAsync(Reply.Send, method, parameters, cancellationToken);
    }

    /// <summary>The breaker whose probe the call is; null for none.</summary>
    public ToolBreaker? Probed { get; set; }

    /// <summary>Whether a native tool works on the thread of the request, and has not given it back yet.</summary>
    public bool HoldsThread
    {
        get => holdsThread;
        set
        {
            holdsThread = value;
            Reply.IsHeld = value;
        }
    }

    /// <summary>Another thread that ends the call; the request must not end before it. Null for none.</summary>
    public Task? Rescue
    {
        get => rescue;
        set => rescue = value;
    }

    /// <summary>True once: whoever gets it tells the breakers how the call went.</summary>
    public bool TryJudge() => !Interlocked.Exchange(ref judged, true);

    /// <summary>Whether somebody answers or has answered the call.</summary>
    public bool HasEnded => Volatile.Read(ref ended);

    /// <summary>True once: whoever gets it answers the call.</summary>
    public bool TryEnd() => !Interlocked.Exchange(ref ended, true);

    public void Dispose() => cancellation.Dispose();

    private bool WantsLog(ReadOnlySpan<byte> parameters)
    {
        var wanted = Revision.Era() == Era.Modern ? Envelope.Text(Envelope.LogLevel) : Session?.LogLevel;
        // A legacy client that set no level leaves the choice to the server (2025-11-25 logging).
        return wanted is null
            ? Revision.Era() == Era.Legacy
            : LogLevels.Includes(wanted, JsonScan.Text(parameters, "level"u8));
    }

    // Progress shows that work is done: the deadline starts anew, up to the maximum (R42).
    private void Extend()
    {
        var left = maxDeadline - time.GetElapsedTime(Started);
        if (left <= TimeSpan.Zero)
            return;
        try
        {
            cancellation.CancelAfter(left < deadline ? left : deadline);
        }
        catch (ObjectDisposedException)
        {
            // Progress that races with the end of the call.
        }
    }

    // Progress goes up with every message (spec progress); one that does not tells the client nothing.
    private bool Increases(ReadOnlySpan<byte> parameters)
    {
        if (
            !System.Buffers.Text.Utf8Parser.TryParse(JsonScan.Value(parameters, "progress"u8), out double next, out _)
            || next <= progress
        )
            return false;
        progress = next;
        return true;
    }

    private bool TakeProgress()
    {
        var second = time.GetTimestamp() / time.TimestampFrequency;
        if (second != progressWindow)
        {
            progressWindow = second;
            progressInWindow = 0;
        }
        return ++progressInWindow <= ProgressPerSecond;
    }
}
