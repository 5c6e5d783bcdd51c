using System.Collections.Concurrent;
using System.Text;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Replies;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Gateway.Sessions;

namespace Fairlead.Server.Gateway.Intake;

/// <summary>
/// One client on standard input and output (P-113): serves a group without a key, since whoever started the process
/// owns it. Both eras; an <c>initialize</c> selects handshake semantics for the process.
/// </summary>
internal sealed class StdioFront(
    Routes routes,
    LegacyIntake legacy,
    SessionStore sessions,
    CallPipeline pipeline,
    GatewayOptions options,
    TimeProvider time
)
{
    private readonly ConcurrentDictionary<string, Call> modernCalls = new();
    private LegacySession? session;

    /// <summary>Serves until the input ends; then waits for what still runs.</summary>
    /// <param name="serverCode">Code of the group to serve.</param>
    /// <param name="lines">The client.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async Task RunAsync(string serverCode, StdioLines lines, CancellationToken cancellationToken)
    {
        var running = new ConcurrentDictionary<Task, byte>();
        await foreach (var line in lines.ReadAsync(cancellationToken))
        {
            var task = TakeAsync(serverCode, lines, line);
            if (task.IsCompleted)
                continue;
            running[task] = 0;
            _ = task.ContinueWith(
                t => running.TryRemove(t, out _),
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default
            );
        }
        // Open subscriptions end with the input; calls are let to end.
        foreach (var call in modernCalls.Values.Where(c => c.Envelope.Method == McpMethod.SubscriptionsListen))
            call.Cancel(CancelCause.Client);
        await Task.WhenAll(running.Keys).WaitAsync(options.Drain, time, CancellationToken.None);
        if (session is not null)
            sessions.Remove(session);
    }

    private async Task TakeAsync(string serverCode, StdioLines lines, byte[] line)
    {
        var reply = new StdioReply(lines);
        var fault = EnvelopeReader.Read(line, EnvelopeLimits.Default, out var envelope);
        if (fault != EnvelopeFault.None)
        {
            await reply.FinishAsync(
                envelope.Id.Of(envelope.Message),
                new Answer(true, MessageBytes.Error(fault.Code(), fault.Text()))
            );
            return;
        }
        // The group is looked up anew each time: a change takes effect on the next call.
        if (!routes.Table.ByCode.TryGetValue(serverCode, out var group) || !group.Config.Enabled)
        {
            if (envelope.Kind == MessageKind.Request)
                await reply.FinishAsync(envelope.Id.Of(envelope.Message), ErrorTable.Answer(Condition.UnknownGroup));
            return;
        }
        if (envelope.MetaVersion.Present)
            await ModernAsync(reply, envelope, group);
        else
            await LegacyAsync(lines, reply, envelope, group);
    }

    private async Task ModernAsync(StdioReply reply, Envelope envelope, GroupRoute group)
    {
        var version = envelope.Text(envelope.MetaVersion)!;
        if (envelope.Kind != MessageKind.Request)
        {
            CancelModern(envelope);
            return;
        }
        var wrong =
            ModernIntake.CheckMeta(envelope)
            ?? (version == Revisions.Newest.Wire() ? (Answer?)null : ModernIntake.UnsupportedVersion(version))
            ?? ModernIntake.CheckLevel(envelope);
        if (wrong is { } refusal)
        {
            await reply.FinishAsync(envelope.Id.Of(envelope.Message), refusal);
            return;
        }
        using var call = new Call(envelope, group, null, Revisions.Newest, reply, options, time);
        var id = LegacyIntake.Id(envelope);
        if (!modernCalls.TryAdd(id, call))
        {
            await reply.FinishAsync(call.RawId, ErrorTable.Answer(Condition.IdInFlight));
            return;
        }
        try
        {
            await pipeline.RunAsync(call);
        }
        finally
        {
            modernCalls.TryRemove(id, out _);
        }
    }

    private async Task LegacyAsync(StdioLines lines, StdioReply reply, Envelope envelope, GroupRoute group)
    {
        var id = envelope.Id.Of(envelope.Message);
        if (envelope is { Method: McpMethod.Initialize, Kind: MessageKind.Request })
        {
            var answer = legacy.Initialize(envelope, group, null, out var opened);
            await reply.FinishAsync(id, answer);
            if (opened is not null)
                Begin(opened, lines);
            return;
        }
        if (envelope.Kind == MessageKind.Notification && session is null)
        {
            CancelModern(envelope);
            return;
        }
        if (session is null)
        {
            if (envelope.Kind == MessageKind.Request)
                await reply.FinishAsync(
                    id,
                    ErrorTable.Answer(Condition.SessionMissing, detail: "Send initialize first")
                );
            return;
        }
        if (envelope.Kind != MessageKind.Request)
        {
            LegacyIntake.Accept(session, envelope);
            CancelModern(envelope);
            return;
        }
        using var call = new Call(envelope, group, null, session.Revision, reply, options, time) { Session = session };
        var key = LegacyIntake.Id(envelope);
        if (!session.TryBegin(key, call))
        {
            await reply.FinishAsync(id, ErrorTable.Answer(Condition.IdInFlight));
            return;
        }
        try
        {
            await pipeline.RunAsync(call);
        }
        finally
        {
            session.End(key);
        }
    }

    private void CancelModern(Envelope envelope)
    {
        if (envelope.Method != McpMethod.NotificationsCancelled || !envelope.CancelledId.Present)
            return;
        var id = Encoding.UTF8.GetString(envelope.CancelledId.Of(envelope.Message.Span));
        if (modernCalls.TryGetValue(id, out var call))
            call.Cancel(CancelCause.Client);
    }

    private void Begin(LegacySession opened, StdioLines lines)
    {
        if (session is not null)
            sessions.Remove(session);
        session = opened;
        var stream = opened.Standalone();
        _ = Task.Run(async () =>
        {
            var ticket = stream.Attach();
            long after = 0;
            while (true)
            {
                var (sequence, message, over) = stream.Next(ticket, after, out var changed);
                if (message is not null)
                {
                    lines.Write(message);
                    after = sequence;
                }
                else if (over)
                {
                    return;
                }
                else
                {
                    await changed;
                }
            }
        });
    }
}
