using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Replies;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Gateway.Sessions;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Gateway.Intake;

/// <summary>
/// The MCP endpoint over HTTP, both eras: caller → body → envelope → era's own checks → <see cref="CallPipeline"/>.
/// The key is checked before the body is read, so that a stranger costs one hash.
/// </summary>
internal sealed class McpEndpoint(
    CallerStep caller,
    LegacyIntake legacy,
    SessionStore sessions,
    CallPipeline pipeline,
    SseEndpoint sse,
    CallsInFlight inFlight,
    SessionCalls calls,
    Func<bool> storeIsFresh,
    NoteRefusal refused,
    GatewayOptions options,
    TimeProvider time
)
{
    public Task HandleAsync(HttpContext http)
    {
        var method = http.Request.Method;
        if (HttpMethods.IsPost(method))
            return PostAsync(http);
        if (HttpMethods.IsGet(method))
            return GetAsync(http);
        if (HttpMethods.IsDelete(method))
            return DeleteAsync(http);
        http.Response.Headers.Allow = "GET, POST, DELETE";
        http.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
        return Task.CompletedTask;
    }

    private async Task PostAsync(HttpContext http)
    {
        var acceptsStream = Accepts(http.Request);
        var reply = new HttpReply(http, acceptsStream, null, options, time);
        if (Enter(http, out var group, out var user) is { } refusal)
        {
            await reply.FinishAsync(default, Refused(refusal));
            return;
        }
        if (!IsJson(http.Request.ContentType))
        {
            await reply.FinishAsync(default, ErrorTable.Answer(Condition.WrongMediaType));
            return;
        }
        if (await BodyReader.ReadAsync(http, options.MaxBodyBytes) is not { } body)
        {
            Note(http, ErrorTable.Of(Condition.BodyTooLarge).Reason);
            await reply.FinishAsync(default, BodyReader.TooLarge(options));
            return;
        }
        var handedOn = false;
        try
        {
            var fault = EnvelopeReader.Read(body.Bytes, EnvelopeLimits.Default, out var envelope);
            if (
                fault == EnvelopeFault.Batch
                && legacy.FindSession(http.Request, group!, user, out var open) is null
                && open!.Rules.Batches
            )
            {
                handedOn = true;
                await calls.BatchAsync(http, body, group!, user, open);
            }
            else if (fault != EnvelopeFault.None)
            {
                Note(http, JsonNamingPolicy.SnakeCaseLower.ConvertName(fault.ToString()));
                var error = new Answer(true, MessageBytes.Error(fault.Code(), fault.Text())) { Status = 400 };
                await reply.FinishAsync(envelope.Id.Of(envelope.Message), error);
            }
            else if (ModernIntake.IsModern(http.Request, envelope))
            {
                await ModernAsync(http, reply, envelope, group!, user);
            }
            else if (await LegacyAsync(http, reply, envelope, group!, user) is { } session)
            {
                handedOn = true;
                await calls.RunAsync(http, body, envelope, group!, user, session);
            }
        }
        finally
        {
            if (!handedOn)
                body.Dispose();
        }
    }

    private async Task ModernAsync(HttpContext http, HttpReply reply, Envelope envelope, GroupRoute group, UserId? user)
    {
        if (ModernIntake.Check(http.Request, envelope) is { } wrong)
        {
            if (wrong.Code == McpErrorCode.HeaderMismatch)
                Note(http, ErrorTable.Of(Condition.HeaderMismatch).Reason);
            await reply.FinishAsync(envelope.Id.Of(envelope.Message), wrong);
            return;
        }
        if (envelope.Kind is MessageKind.Result or MessageKind.Error)
        {
            var fault = new Answer(
                true,
                MessageBytes.Error(McpErrorCode.InvalidRequest, "Clients send no responses in this revision")
            )
            {
                Status = 400,
            };
            await reply.FinishAsync(default, fault);
            return;
        }
        if (envelope.Kind == MessageKind.Notification)
        {
            http.Response.StatusCode = StatusCodes.Status202Accepted;
            return;
        }
        var headers = http.Request.Headers;
        using var call = new Call(envelope, group, user, Revision.V20260728, reply, options, time)
        {
            Shown = Credentials.Of(http),
            Header = name => headers.TryGetValue(name, out var values) ? values.ToString() : null,
        };
        // Closing the response is the cancellation in this era (R11).
        using var gone = http.RequestAborted.UnsafeRegister(static c => ((Call)c!).Cancel(CancelCause.Client), call);
        await pipeline.RunAsync(call);
    }

    /// <summary>Answers all but a request inside a session; for that one returns the session.</summary>
    private async Task<LegacySession?> LegacyAsync(
        HttpContext http,
        HttpReply reply,
        Envelope envelope,
        GroupRoute group,
        UserId? user
    )
    {
        var id = envelope.Id.Of(envelope.Message);
        if (envelope is { Method: McpMethod.Initialize, Kind: MessageKind.Request })
        {
            // A client that comes back at once would hold up the stop with its new session.
            if (inFlight.IsDraining)
            {
                await reply.FinishAsync(id, ErrorTable.Answer(Condition.Draining, retryAfter: 1));
                return null;
            }
            var answer = legacy.Initialize(envelope, group, user, Credentials.Of(http), out var opened);
            reply.NewSessionId = opened?.Id;
            await reply.FinishAsync(id, answer);
            return null;
        }
        if (LegacyIntake.CheckVersion(http.Request) is { } unsupported)
        {
            await reply.FinishAsync(id, unsupported);
            return null;
        }
        if (legacy.FindSession(http.Request, group, user, out var session) is { } missing)
        {
            await reply.FinishAsync(id, ErrorTable.Answer(missing));
            return null;
        }
        if (envelope.Kind == MessageKind.Request)
            return session;
        LegacyIntake.Accept(session!, envelope);
        http.Response.StatusCode = StatusCodes.Status202Accepted;
        return null;
    }

    private async Task GetAsync(HttpContext http)
    {
        if (Enter(http, out var group, out var user) is { } refusal)
        {
            await WriteAsync(http, Refused(refusal));
            return;
        }
        if (RefuseModern(http))
            return;
        if (inFlight.IsDraining)
        {
            await WriteAsync(http, ErrorTable.Answer(Condition.Draining, retryAfter: 1));
            return;
        }
        // Without a session this is how clients of 2024-11-05 begin (C-16).
        if (Accepts(http.Request) && !http.Request.Headers.ContainsKey("Mcp-Session-Id"))
        {
            await sse.OpenAsync(http, group!);
            return;
        }
        if (legacy.FindSession(http.Request, group!, user, out var session) is { } missing)
        {
            await WriteAsync(http, ErrorTable.Answer(missing));
            return;
        }
        if (!Accepts(http.Request))
        {
            await WriteAsync(http, ErrorTable.Answer(Condition.NotAcceptable));
            return;
        }
        var (stream, after) = Resume(http.Request, session!);
        if (stream is null)
        {
            // An event id we no longer know: nothing to resume; the session is alive, so never 404.
            await WriteAsync(
                http,
                ErrorTable.Answer(Condition.InvalidParams, detail: "Last-Event-ID is not known (any more)") with
                {
                    Status = 400,
                }
            );
            return;
        }
        SseWriter.Begin(http.Response);
        await SseWriter.PumpAsync(http, stream, after, session!.Rules, options, time, http.RequestAborted);
        session!.LastSeen = time.GetUtcNow();
    }

    private static (EventStream? Stream, long After) Resume(HttpRequest request, LegacySession session)
    {
        string? last = request.Headers["Last-Event-ID"];
        if (string.IsNullOrEmpty(last))
            return (session.Standalone(), 0);
        var dash = last.IndexOf('-', StringComparison.Ordinal);
        return
            dash > 0
            && int.TryParse(last.AsSpan(0, dash), out var number)
            && long.TryParse(last.AsSpan(dash + 1), out var after)
            && after >= 0
            ? (session.FindStream(number), after)
            : (null, 0);
    }

    private async Task DeleteAsync(HttpContext http)
    {
        if (Enter(http, out var group, out var user) is { } refusal)
        {
            await WriteAsync(http, Refused(refusal));
            return;
        }
        if (RefuseModern(http))
            return;
        if (legacy.FindSession(http.Request, group!, user, out var session) is { } missing)
        {
            await WriteAsync(http, ErrorTable.Answer(missing));
            return;
        }
        sessions.Remove(session!);
        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <summary>In the modern era only POST means anything (R12).</summary>
    private static bool RefuseModern(HttpContext http)
    {
        if (
            !Revisions.TryParse(http.Request.Headers["MCP-Protocol-Version"].ToString(), out var revision)
            || revision.Era() != Era.Modern
        )
            return false;
        http.Response.Headers.Allow = "POST";
        http.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
        return true;
    }

    private Condition? Enter(HttpContext http, out GroupRoute? group, out UserId? user)
    {
        group = null;
        user = null;
        // Fail closed: a snapshot older than allowed lets nobody in (security.md §0.4).
        if (!storeIsFresh())
            return Condition.StoreDown;
        var refusal = caller.Find(Credentials.Of(http), out group, out user);
        if (refusal is { } why)
            Note(http, ErrorTable.Of(why).Reason, user);
        return refusal;
    }

    /// <summary>For the audit (security.md §0.9).</summary>
    private void Note(HttpContext http, string reason, UserId? user = null) =>
        refused(Refusal.Of(http, Refusal.Mcp, reason, user?.Value));

    private static Answer Refused(Condition condition) =>
        ErrorTable.Answer(
            condition,
            retryAfter: condition switch
            {
                Condition.StoreDown => 5,
                Condition.Draining => 1,
                _ => 0,
            }
        );

    private ValueTask WriteAsync(HttpContext http, Answer answer) =>
        new HttpReply(http, acceptsStream: false, null, options, time).FinishAsync(default, answer);

    /// <summary>
    /// Whether the client takes an event stream. Lenient (contracts.md §2.7): a missing or partial Accept means a client
    /// that reads JSON, and it gets JSON.
    /// </summary>
    public static bool Accepts(HttpRequest request)
    {
        foreach (var value in request.Headers.Accept)
        {
            if (value!.Contains("text/event-stream", StringComparison.OrdinalIgnoreCase))
                return true;
        }
        return false;
    }

    private static bool IsJson(string? contentType) =>
        contentType is not null
        && contentType.StartsWith("application/json", StringComparison.OrdinalIgnoreCase)
        && (contentType.Length == 16 || contentType[16] is ';' or ' ');
}
