using System.Collections.Concurrent;
using System.Text;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Replies;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Gateway.Sessions;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Gateway.Intake;

/// <summary>What every <see cref="Conversation"/> needs.</summary>
internal sealed record ConversationRoom(
    LegacyIntake Legacy,
    SessionStore Sessions,
    CallPipeline Pipeline,
    GatewayOptions Options,
    TimeProvider Time
);

/// <summary>
/// One client on a line that goes both ways (standard streams, HTTP+SSE): messages come in one by one, all that goes
/// out shares one stream. Both eras; an <c>initialize</c> selects handshake semantics for the line.
/// </summary>
/// <param name="room">What it works with.</param>
/// <param name="write">Sends one whole message; false when the client is gone.</param>
internal sealed class Conversation(ConversationRoom room, Func<byte[], bool> write)
{
    private readonly ConcurrentDictionary<string, Call> modernCalls = new();
    private readonly LineReply reply = new(write);
    private readonly Lock gate = new();
    private volatile LegacySession? session;
    private bool over;

    /// <summary>Takes one message; completes when it is answered.</summary>
    /// <param name="message">The message; must stay as it is until then.</param>
    /// <param name="group">The group it is for, looked up anew each time: a change takes effect on the next call.</param>
    /// <param name="user">Who the client speaks for.</param>
    public Task TakeAsync(ReadOnlyMemory<byte> message, GroupRoute group, UserId? user)
    {
        var fault = EnvelopeReader.Read(message, EnvelopeLimits.Default, out var envelope);
        if (fault == EnvelopeFault.Batch && session is { Rules.Batches: true } current)
            return BatchAsync(message, group, user, current);
        return fault == EnvelopeFault.None ? TakeAsync(envelope, group, user) : RefuseAsync(envelope, fault);
    }

    /// <summary>Ends what hangs on the line: open subscriptions at once.</summary>
    public void EndSubscriptions()
    {
        foreach (var call in modernCalls.Values.Where(c => c.Envelope.Method == McpMethod.SubscriptionsListen))
            call.Cancel(CancelCause.Client);
    }

    /// <summary>Ends it for good: calls that still run are cancelled, for nobody hears their answer.</summary>
    public void End()
    {
        lock (gate)
            over = true;
        foreach (var call in modernCalls.Values)
            call.Cancel(CancelCause.Client);
        if (session is not null)
            room.Sessions.Remove(session);
    }

    private Task TakeAsync(Envelope envelope, GroupRoute group, UserId? user) =>
        envelope.MetaVersion.Present ? ModernAsync(envelope, group, user) : LegacyAsync(envelope, group, user);

    private Task RefuseAsync(Envelope envelope, EnvelopeFault fault) =>
        FinishAsync(envelope, new Answer(true, MessageBytes.Error(fault.Code(), fault.Text())));

    private Task FinishAsync(Envelope envelope, Answer answer) =>
        reply.FinishAsync(envelope.Id.Of(envelope.Message), answer).AsTask();

    private async Task ModernAsync(Envelope envelope, GroupRoute group, UserId? user)
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
            await FinishAsync(envelope, refusal);
            return;
        }
        using var call = new Call(envelope, group, user, Revisions.Newest, reply, room.Options, room.Time);
        var id = LegacyIntake.Id(envelope);
        if (!modernCalls.TryAdd(id, call))
        {
            await FinishAsync(envelope, ErrorTable.Answer(Condition.IdInFlight));
            return;
        }
        try
        {
            await room.Pipeline.RunAsync(call);
        }
        finally
        {
            modernCalls.TryRemove(id, out _);
        }
    }

    private async Task LegacyAsync(Envelope envelope, GroupRoute group, UserId? user)
    {
        if (envelope is { Method: McpMethod.Initialize, Kind: MessageKind.Request })
        {
            var answer = room.Legacy.Initialize(envelope, group, user, shown: null, out var opened);
            var stays = opened is not null && Begin(opened);
            await FinishAsync(envelope, answer);
            if (stays)
                _ = PushAsync(opened!.Standalone());
            return;
        }
        if (session is not { } current)
        {
            CancelModern(envelope);
            if (envelope.Kind == MessageKind.Request)
                await FinishAsync(
                    envelope,
                    ErrorTable.Answer(Condition.SessionMissing, detail: "Send initialize first")
                );
            return;
        }
        if (envelope.Kind == MessageKind.Request)
        {
            await CallAsync(envelope, group, user, current, reply);
            return;
        }
        LegacyIntake.Accept(current, envelope);
        CancelModern(envelope);
    }

    private async Task CallAsync(Envelope envelope, GroupRoute group, UserId? user, LegacySession current, IReply to)
    {
        using var call = new Call(envelope, group, user, current.Revision, to, room.Options, room.Time)
        {
            Session = current,
        };
        var key = LegacyIntake.Id(envelope);
        if (!current.TryBegin(key, call))
        {
            await to.FinishAsync(call.RawId, ErrorTable.Answer(Condition.IdInFlight));
            return;
        }
        try
        {
            await room.Pipeline.RunAsync(call);
        }
        finally
        {
            current.End(key);
            current.LastSeen = room.Time.GetUtcNow();
        }
    }

    private async Task BatchAsync(ReadOnlyMemory<byte> message, GroupRoute group, UserId? user, LegacySession current)
    {
        var answers = await new Batch(write).RunAsync(
            message,
            current,
            (envelope, part) => CallAsync(envelope, group, user, current, part)
        );
        if (answers is not null)
            write(answers);
    }

    private void CancelModern(Envelope envelope)
    {
        if (envelope.Method != McpMethod.NotificationsCancelled || !envelope.CancelledId.Present)
            return;
        var id = Encoding.UTF8.GetString(envelope.CancelledId.Of(envelope.Message.Span));
        if (modernCalls.TryGetValue(id, out var call))
            call.Cancel(CancelCause.Client);
    }

    /// <summary>Takes a session in place of the last one; false when the line is gone already.</summary>
    private bool Begin(LegacySession opened)
    {
        LegacySession? unwanted;
        lock (gate)
        {
            unwanted = over ? opened : session;
            if (!over)
                session = opened;
        }
        if (unwanted is not null)
            room.Sessions.Remove(unwanted);
        return unwanted != opened;
    }

    /// <summary>What the session has to say outside any call goes out on the line.</summary>
    private async Task PushAsync(EventStream stream)
    {
        var ticket = stream.Attach();
        long after = 0;
        while (true)
        {
            var (sequence, message, ended) = stream.Next(ticket, after, out var changed);
            if (message is not null)
            {
                write(message);
                after = sequence;
            }
            else if (ended)
            {
                stream.Detach(ticket);
                return;
            }
            else
            {
                await changed;
            }
        }
    }
}
