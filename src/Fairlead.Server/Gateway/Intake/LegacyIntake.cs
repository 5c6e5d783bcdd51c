using System.Text;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Handshake;
using Fairlead.Server.Gateway.Replies;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Gateway.Sessions;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Storage;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Server.Gateway.Intake;

/// <summary>What handshake revisions add: <c>initialize</c>, sessions, notifications and responses of the client.</summary>
internal sealed class LegacyIntake(SessionStore sessions, LocalMethods local, Routes routes)
{
    private const int MaxKeptBytes = 16 * 1024;
    private const string SessionHeader = "Mcp-Session-Id";
    private const string VersionHeader = "MCP-Protocol-Version";

    /// <summary>The session a request names; otherwise why not.</summary>
    public Condition? FindSession(HttpRequest request, GroupRoute group, UserId? user, out LegacySession? session)
    {
        session = null;
        var header = request.Headers[SessionHeader];
        if (header.Count != 1 || string.IsNullOrEmpty(header[0]))
            return Condition.SessionMissing;
        session = sessions.Find(header[0]!, group.Config.Id, user);
        return session is null ? Condition.SessionGone : null;
    }

    /// <summary>A version header that names no handshake revision is refused (2025-11-25 "Protocol Version Header").</summary>
    public static Answer? CheckVersion(HttpRequest request)
    {
        var header = request.Headers[VersionHeader];
        return header.Count == 0 || (Revisions.TryParse(header[0], out var revision) && revision.Era() == Era.Legacy)
            ? null
            : ModernIntake.UnsupportedVersion(header[0] ?? "");
    }

    /// <summary>Opens a session and makes the answer to <c>initialize</c>.</summary>
    public Answer Initialize(
        Envelope envelope,
        GroupRoute group,
        UserId? user,
        Credentials? shown,
        out LegacySession? session
    )
    {
        session = null;
        var parameters = envelope.Params.Of(envelope.Message).Span;
        var requested = JsonScan.Text(parameters, "protocolVersion"u8);
        if (requested is null)
            return ErrorTable.Answer(Condition.InvalidParams, detail: "Invalid params: protocolVersion is missing");
        var clientInfo = Object(parameters, "clientInfo"u8);
        var capabilities = Object(parameters, "capabilities"u8);
        // They are kept as long as the session is.
        if (clientInfo.Length > MaxKeptBytes || capabilities.Length > MaxKeptBytes)
            return ErrorTable.Answer(
                Condition.InvalidParams,
                detail: $"Invalid params: clientInfo and capabilities have at most {MaxKeptBytes} bytes each"
            );
        // A revision we do not speak gets the newest handshake one; the client decides (2025-11-25 lifecycle).
        var rules = RevisionRules.Agreed(requested);
        session = sessions.Open(
            group.Config.Id,
            user,
            rules,
            clientInfo,
            capabilities,
            shown,
            isOnlyGroup: routes.Table.ById.Count <= 1
        );
        return session is null
            ? ErrorTable.Answer(Condition.SessionsFull, retryAfter: 5)
            : Answer.Result(local.Initialize(group, rules));
    }

    /// <summary>Takes in a notification or a response of the client; nothing is answered.</summary>
    public static void Accept(LegacySession session, Envelope envelope)
    {
        var message = envelope.Message;
        switch (envelope.Kind)
        {
            case MessageKind.Result:
                session.Answer(Id(envelope), new QuestionAnswer(false, envelope.Result.Of(message).ToArray()));
                break;
            case MessageKind.Error when envelope.Id.Present:
                session.Answer(Id(envelope), new QuestionAnswer(true, envelope.Error.Of(message).ToArray()));
                break;
            case MessageKind.Notification when envelope.Method == McpMethod.NotificationsCancelled:
                if (envelope.CancelledId.Present)
                    session
                        .FindCall(Encoding.UTF8.GetString(envelope.CancelledId.Of(message.Span)))
                        ?.Cancel(CancelCause.Client);
                break;
            default:
                // initialized: nothing waits for it (C-26); roots and progress of the client: nothing hangs on them.
                break;
        }
    }

    public static string Id(Envelope envelope) => Encoding.UTF8.GetString(envelope.Id.Of(envelope.Message.Span));

    private static ReadOnlyMemory<byte> Object(ReadOnlySpan<byte> parameters, ReadOnlySpan<byte> key)
    {
        var value = JsonScan.Value(parameters, key);
        return value.Length > 0 && value[0] == (byte)'{' ? value.ToArray() : default;
    }
}
