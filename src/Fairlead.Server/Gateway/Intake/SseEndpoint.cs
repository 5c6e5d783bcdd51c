using System.Buffers;
using System.Text;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Replies;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Gateway.Sessions;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Server.Gateway.Intake;

/// <summary>
/// The HTTP+SSE transport of revision 2024-11-05, as older clients and Dify's plugins speak it (A-82, C-16): a GET is
/// answered by a stream whose first event, <c>endpoint</c>, says where to POST messages; each POST is accepted with
/// 202 and answered on the stream.
/// </summary>
internal sealed class SseEndpoint(
    CallerStep caller,
    SseLinks links,
    CallsInFlight inFlight,
    Func<bool> storeIsFresh,
    NoteRefusal refused,
    GatewayOptions options,
    TimeProvider time
)
{
    /// <summary>Opens a connection for a caller that is known to be good.</summary>
    public async Task OpenAsync(HttpContext http, GroupRoute group)
    {
        if (inFlight.IsDraining)
        {
            await WriteAsync(http, ErrorTable.Answer(Condition.Draining, retryAfter: 1));
            return;
        }
        if (links.Open(Credentials.Of(http), group.Config.Id, http.Abort) is not { } link)
        {
            await WriteAsync(http, ErrorTable.Answer(Condition.SessionsFull, retryAfter: 5));
            return;
        }
        try
        {
            SseWriter.Begin(http.Response);
            http.Response.BodyWriter.Write(
                Encoding.UTF8.GetBytes($"event: endpoint\ndata: {Messages(http.Request)}?sessionId={link.Id}\n\n")
            );
            await SseWriter.PumpAsync(http, link.Stream, 0, rules: null, options, time, http.RequestAborted);
        }
        finally
        {
            links.Remove(link);
        }
    }

    /// <summary>GET of <c>/sse</c>.</summary>
    public async Task GetAsync(HttpContext http)
    {
        GroupRoute? group = null;
        var refusal = storeIsFresh() ? caller.Find(Credentials.Of(http), out group, out _) : Condition.StoreDown;
        if (refusal is { } condition)
            await RefuseAsync(http, condition);
        else
            await OpenAsync(http, group!);
    }

    /// <summary>POST of a message.</summary>
    public async Task PostAsync(HttpContext http)
    {
        if (links.Find(http.Request.Query["sessionId"].ToString()) is not { } link)
        {
            await WriteAsync(http, ErrorTable.Answer(Condition.SessionGone));
            return;
        }
        if (Check(http, link, out var group, out var user) is { } refusal)
        {
            await RefuseAsync(http, refusal);
            return;
        }
        if (!link.TryBegin())
        {
            await WriteAsync(http, ErrorTable.Answer(Condition.TooManyCalls, retryAfter: 1));
            return;
        }
        RequestBody? read = null;
        try
        {
            read = await BodyReader.ReadAsync(http, options.MaxBodyBytes);
        }
        finally
        {
            // Too large, or cut in the middle.
            if (read is null)
                link.EndOne();
        }
        if (read is not { } body)
        {
            await WriteAsync(http, BodyReader.TooLarge(options));
            return;
        }
        _ = AnswerAsync(link, body, group!, user);
        http.Response.StatusCode = StatusCodes.Status202Accepted;
        http.Response.ContentType = "text/plain";
        await http.Response.WriteAsync("Accepted", http.RequestAborted);
    }

    /// <summary>
    /// The path to POST to, as the client sees it: behind a proxy that takes a prefix off, with the prefix. Always a path:
    /// a client takes it relative to the address it asked for, so scheme and host are the same (contracts.md §2.6). A
    /// prefix of two slashes would name another host.
    /// </summary>
    private static string Messages(HttpRequest request)
    {
        var prefix = request.PathBase.ToUriComponent().Trim('/', '\\');
        var path = request.Path.StartsWithSegments("/mcp", StringComparison.Ordinal) ? "/mcp/messages" : "/messages";
        return prefix.Length == 0 ? path : $"/{prefix}{path}";
    }

    // The connection's own credentials must be good still; a POST that brings some must bring good ones to this group.
    private Condition? Check(HttpContext http, SseLink link, out GroupRoute? group, out UserId? user)
    {
        group = null;
        user = null;
        if (!storeIsFresh())
            return Condition.StoreDown;
        if (caller.Find(link.Shown, out group, out user) is { } gone)
            return gone;
        var shown = Credentials.Of(http);
        if (shown.Authorization is null || shown.Authorization == link.Shown.Authorization)
            return null;
        if (
            caller.Find(shown with { UserToken = shown.UserToken ?? link.Shown.UserToken }, out var own, out var who) is
            { } bad
        )
            return bad;
        return own!.Config.Id == group!.Config.Id && who == user ? null : Condition.SessionGone;
    }

    private static async Task AnswerAsync(SseLink link, RequestBody body, GroupRoute group, UserId? user)
    {
        try
        {
            await link.Conversation.TakeAsync(body.Bytes, group, user);
        }
        finally
        {
            link.EndOne();
            body.Dispose();
        }
    }

    private ValueTask RefuseAsync(HttpContext http, Condition condition)
    {
        if (condition != Condition.StoreDown)
            refused(Refusal.Of(http, Refusal.Mcp, ErrorTable.Of(condition).Reason));
        return WriteAsync(http, ErrorTable.Answer(condition));
    }

    private async ValueTask WriteAsync(HttpContext http, Answer answer) =>
        await new HttpReply(http, acceptsStream: false, null, options, time).FinishAsync(default, answer);
}
