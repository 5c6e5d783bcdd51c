using Fairlead.Protocol;
using Fairlead.Server.Gateway.Intake;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Gateway.Sessions;

/// <summary>
/// Nobody stays who would not be let in now: after each change of the configuration, and every few seconds for keys and
/// tokens that run out, sessions, subscriptions and HTTP+SSE connections whose credentials went bad are ended. Calls
/// that were let in end as they would have.
/// </summary>
internal sealed class Admissions(CallerStep caller, SessionStore sessions, SseLinks links, CallsInFlight calls)
{
    /// <summary>Ends what is no longer admitted.</summary>
    public void Review()
    {
        foreach (var session in sessions.All)
        {
            if (session.Shown is { } shown && !Admits(shown, session.Group, session.User))
                sessions.Remove(session);
        }
        foreach (var link in links.All)
        {
            if (caller.Find(link.Shown, out _, out _) is not null)
                link.Close();
        }
        foreach (var call in calls.All)
        {
            if (
                call.Envelope.Method == McpMethod.SubscriptionsListen
                && call.Shown is { } shown
                && !Admits(shown, call.Group.Config.Id, call.User)
            )
                call.Cancel(CancelCause.SessionEnded);
        }
    }

    private bool Admits(in Credentials shown, GroupId id, UserId? user) =>
        caller.Find(shown, out var group, out var who) is null && group!.Config.Id == id && who == user;
}
