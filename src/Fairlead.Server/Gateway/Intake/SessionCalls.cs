using Fairlead.Protocol;
using Fairlead.Server.Gateway.Replies;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Gateway.Sessions;
using Fairlead.Server.Storage;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Server.Gateway.Intake;

/// <summary>
/// Requests inside a handshake session over HTTP. A call outlives its connection: the answer waits in its stream for a
/// client that comes back.
/// </summary>
internal sealed class SessionCalls(CallPipeline pipeline, GatewayOptions options, TimeProvider time)
{
    /// <summary>One request of a session.</summary>
    public async Task RunAsync(
        HttpContext http,
        RequestBody body,
        Envelope envelope,
        GroupRoute group,
        UserId? user,
        LegacySession session
    )
    {
        var reply = new HttpReply(http, McpEndpoint.Accepts(http.Request), session, options, time);
        var running = RunAsync(NewCall(http, envelope, group, user, session, reply), reply, session, body);
        // A lost connection, or one that was sent away to poll, is not a cancellation here: the request ends, the call
        // goes on, and its stream can be resumed.
        if (!running.IsCompleted)
            await reply.Detached;
    }

    /// <summary>Several requests in one array, where the session's revision has batches.</summary>
    public async Task BatchAsync(
        HttpContext http,
        RequestBody body,
        GroupRoute group,
        UserId? user,
        LegacySession session
    )
    {
        var reply = new HttpReply(http, McpEndpoint.Accepts(http.Request), session, options, time);
        var running = RunBatchAsync(http, reply, body, group, user, session);
        if (!running.IsCompleted)
            await reply.Detached;
    }

    private async Task RunBatchAsync(
        HttpContext http,
        HttpReply reply,
        RequestBody body,
        GroupRoute group,
        UserId? user,
        LegacySession session
    )
    {
        try
        {
            var answers = await new Batch(reply.Send).RunAsync(
                body.Bytes,
                session,
                (envelope, part) => RunAsync(NewCall(http, envelope, group, user, session, part), session)
            );
            if (answers is null)
                await reply.AcceptAsync();
            else
                await reply.FinishAsync(answers);
        }
        finally
        {
            body.Dispose();
            reply.Detach();
        }
    }

    private Call NewCall(
        HttpContext http,
        Envelope envelope,
        GroupRoute group,
        UserId? user,
        LegacySession session,
        IReply reply
    ) =>
        new(envelope, group, user, session.Revision, reply, options, time)
        {
            Session = session,
            UserToken = http.Request.Headers["X-User-Token"],
        };

    private async Task RunAsync(Call call, HttpReply reply, LegacySession session, RequestBody body)
    {
        try
        {
            await RunAsync(call, session);
        }
        finally
        {
            body.Dispose();
            reply.Detach();
        }
    }

    private async Task RunAsync(Call call, LegacySession session)
    {
        var id = LegacyIntake.Id(call.Envelope);
        var begun = session.TryBegin(id, call);
        try
        {
            if (begun)
                await pipeline.RunAsync(call);
            else
                await call.Reply.FinishAsync(call.RawId, ErrorTable.Answer(Condition.IdInFlight));
        }
        finally
        {
            if (begun)
                session.End(id);
            session.LastSeen = time.GetUtcNow();
            call.Dispose();
        }
    }
}
