using Fairlead.Protocol;
using Fairlead.Runtime;

namespace Fairlead.Server.Services.Channels;

/// <summary>
/// A service over the standard streams of its process, either era. All calls share one pipe, so responses are paired
/// by our id, and a question is asked only where its call is beyond doubt.
/// </summary>
internal sealed class StdioChannel : IChannel, IMessageSink
{
    private readonly PendingCalls calls;
    private readonly IChannelEvents events;
    private readonly Action<string>? said;
    private readonly Inbound legacy;
    private readonly Inbound modern;
    private ServiceHello? hello;
    private ServiceProcess? process;

    /// <param name="events">Is told what belongs to no call.</param>
    /// <param name="time">The clock of calls.</param>
    /// <param name="said">Is given each line of standard error; must not wait.</param>
    public StdioChannel(IChannelEvents events, TimeProvider time, Action<string>? said = null)
    {
        this.events = events;
        this.said = said;
        calls = new PendingCalls(time);
        legacy = new Inbound(calls, new Questions(calls, SendAsync), events);
        modern = new Inbound(calls, questions: null, events);
    }

    public ServiceHello Hello
    {
        get => hello ?? throw new InvalidOperationException("The handshake has not ended.");
        set => hello = value;
    }

    /// <summary>Starts the service with this channel as its sink. Its end closes the channel.</summary>
    /// <exception cref="ProcessStartException">The command cannot be started.</exception>
    public async Task<ServiceProcess> StartAsync(
        ProcessHost host,
        ProcessSpec spec,
        CancellationToken cancellationToken
    )
    {
        process = await host.StartAsync(spec, this, cancellationToken);
        _ = WatchAsync(process);
        return process;
    }

    /// <summary>One message of the service; called by its reader, never in parallel.</summary>
    public void OnMessage(ReadOnlyMemory<byte> line)
    {
        var message = line.Span;
        var parts = WireMessage.Scan(message);
        switch (parts.Kind)
        {
            case WireKind.Result or WireKind.Error:
                if (calls.Take(parts.Id) is { } answered)
                    answered.Complete(Copy(message, parts));
                else
                    calls.Answered(parts.Id);
                break;
            case WireKind.Request or WireKind.Notification:
                (hello?.Era == Era.Modern ? modern : legacy).Route(message, parts, context: null);
                break;
            default:
                calls
                    .Take(parts.Id)
                    ?.Complete(ChannelReply.Fail(ChannelFailure.Protocol, dispatched: true, "not a JSON-RPC message"));
                break;
        }
    }

    public void OnStderrLine(string line) => said?.Invoke(line);

    public async ValueTask<ChannelReply> CallAsync(
        ChannelCall call,
        ICallEvents events,
        CancellationToken cancellationToken
    )
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (calls.Open(call, events) is not { } pending)
            return ChannelReply.Fail(ChannelFailure.NotConnected, dispatched: false, "the service is not running");
        if (Send(pending.Id, call) is { } refusal && calls.Take(pending.Id) is not null)
        {
            pending.End();
            return ChannelReply.Fail(ChannelFailure.NotConnected, dispatched: false, refusal);
        }
        if (!cancellationToken.CanBeCanceled)
            return await pending.Reply;
        using (
            cancellationToken.UnsafeRegister(
                static (state, token) =>
                {
                    var (owner, open) = ((StdioChannel, PendingCall))state!;
                    owner.Cancel(open.Id, token);
                },
                (this, pending)
            )
        )
        {
            return await pending.Reply;
        }
    }

    public ValueTask NotifyAsync(McpMethod method, ReadOnlyMemory<byte> parameters, CancellationToken cancellationToken)
    {
        using var message = WireWriter.Notification(method, parameters.Span);
        process?.Send(message.Written.Span);
        return ValueTask.CompletedTask;
    }

    /// <summary>Fails what is open. The process is stopped by whoever started it.</summary>
    public ValueTask DisposeAsync()
    {
        calls.Close(ChannelFailure.NotConnected, "the service is stopping");
        return ValueTask.CompletedTask;
    }

    /// <summary>The end of a process, for people.</summary>
    public static string Describe(ProcessExit exit) =>
        exit.Reason switch
        {
            ExitReason.Stopped => "stopped",
            ExitReason.Killed => "killed",
            ExitReason.MessageTooLarge => "it sent a message above the size limit",
            ExitReason.TooManyBadLines => "it writes things to its standard output that are not messages",
            ExitReason.OutOfMemory => "it took more memory than it may",
            ExitReason.StdinBlocked => "it does not read its input",
            ExitReason.StdoutClosed => "it closed its output",
            _ when exit.Signal is { } signal => $"ended by signal {signal}",
            _ => exit.ExitCode is { } code ? $"exited with code {code}" : "exited",
        };

    private static ChannelReply Copy(ReadOnlySpan<byte> message, in WireMessage parts)
    {
        var body = PooledBytes.Copy(message[parts.Body]);
        WireWriter.OneLine(body.Span);
        var kind = parts.Kind == WireKind.Result ? ChannelReplyKind.Result : ChannelReplyKind.Error;
        return new ChannelReply(kind, body.Written, body);
    }

    private async Task WatchAsync(ServiceProcess watched)
    {
        var exit = await watched.Exited;
        if (calls.IsClosed)
            return;
        var failure = exit.Reason == ExitReason.MessageTooLarge ? ChannelFailure.TooLarge : ChannelFailure.Crashed;
        calls.Close(failure, Describe(exit));
        events.OnClosed(Describe(exit));
    }

    /// <summary>Sends the call; the reason when it could not even be queued.</summary>
    private string? Send(long id, ChannelCall call)
    {
        using var message = WireWriter.Request(id, call);
        return process?.Send(message.Written.Span) switch
        {
            SendResult.Sent => null,
            SendResult.QueueFull => "the service does not read its input",
            _ => "the service is not running",
        };
    }

    private void Cancel(long id, CancellationToken cause)
    {
        if (calls.Take(id) is not { } open)
            return;
        calls.Linger(open);
        open.Cancel(cause);
        // initialize must not be cancelled (spec 2025-11-25 cancellation, "Behavior Requirements"), and a probe that
        // got no answer went to a legacy service, which knows no such request.
        if (open.Method is McpMethod.Initialize or McpMethod.ServerDiscover)
            return;
        using var message = WireWriter.Cancelled(id, "the caller cancelled or its deadline passed");
        process?.Send(message.Written.Span);
    }

    private ValueTask SendAsync(PooledBytes message, CancellationToken cancellationToken)
    {
        process?.Send(message.Written.Span);
        return ValueTask.CompletedTask;
    }
}
