using System.Collections.Concurrent;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Handshake;
using Fairlead.Server.Gateway.Intake;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Gateway.Sessions;

/// <summary>All legacy sessions of this node, with the rules of A-45 and C-04.</summary>
internal sealed class SessionStore(SessionIds ids, GatewayOptions options, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, LegacySession> sessions = new();
    private readonly Lock opening = new();
    private readonly ReplayBudget budget = new(options.ReplayTotalBytes);

    public int Count => sessions.Count;

    public IEnumerable<LegacySession> All => sessions.Values;

    /// <summary>Raised when a session is gone, so that what it held elsewhere can be released.</summary>
    public event Action<LegacySession>? Closed;

    /// <summary>
    /// Opens a session; null when all <see cref="GatewayOptions.MaxSessions"/> are active, or as many as one group may hold
    /// beside others.
    /// </summary>
    public LegacySession? Open(
        GroupId group,
        UserId? user,
        RevisionRules rules,
        ReadOnlyMemory<byte> clientInfo,
        ReadOnlyMemory<byte> capabilities,
        Credentials? shown = null,
        bool isOnlyGroup = true
    )
    {
        var session = new LegacySession(ids.New(), group, user, rules, options, budget)
        {
            ClientInfo = clientInfo,
            Capabilities = capabilities,
            ClientName = JsonScan.Text(clientInfo.Span, "name"u8),
            LastSeen = time.GetUtcNow(),
            Shown = shown,
        };
        var share = options.SessionsOfOne(isOnlyGroup);
        lock (opening)
        {
            // Who holds its share makes room among its own; else anybody's idle one gives way.
            var own = OfGroup(group).Count() >= share;
            if ((own || sessions.Count >= options.MaxSessions) && !GiveWay(own ? OfGroup(group) : sessions.Values))
                return null;
            sessions[session.Id] = session;
        }
        return session;
    }

    /// <summary>
    /// The session, when it exists, is not idle too long, and belongs to this group and user; its time is touched.
    /// A stranger's is indistinguishable from none (design.md decision 7).
    /// </summary>
    public LegacySession? Find(string id, GroupId group, UserId? user)
    {
        // Only what this node made is in its table, so a hit needs no MAC; that costs more than the look-up.
        if (!sessions.TryGetValue(id, out var session))
            return null;
        if (session.Group != group || session.User != user)
            return null;
        var now = time.GetUtcNow();
        if (IsIdle(session, now))
        {
            Remove(session);
            return null;
        }
        session.LastSeen = now;
        return session;
    }

    public IEnumerable<LegacySession> OfGroup(GroupId group) => sessions.Values.Where(s => s.Group == group);

    public void Remove(LegacySession session)
    {
        if (!sessions.TryRemove(session.Id, out _))
            return;
        session.Close(time.GetUtcNow());
        Closed?.Invoke(session);
    }

    /// <summary>Ends idle sessions and forgets old streams; called by a timer.</summary>
    public void Sweep()
    {
        var now = time.GetUtcNow();
        foreach (var session in sessions.Values)
        {
            if (IsIdle(session, now))
                Remove(session);
            else
                session.Sweep(now);
        }
    }

    private bool IsIdle(LegacySession session, DateTimeOffset now) =>
        !session.IsActive && now - session.LastSeen >= options.SessionIdle;

    // First those that never opened a stream and rest a while (clients that open one per call and leak it), then the
    // longest idle one; an active one never.
    private bool GiveWay(IEnumerable<LegacySession> among)
    {
        var now = time.GetUtcNow();
        var idle = among.Where(s => !s.IsActive).ToList();
        var leaked = idle.Where(s => !s.EverStreamed && now - s.LastSeen >= options.SessionGivesWay);
        var victim = leaked.MinBy(s => s.LastSeen) ?? idle.MinBy(s => s.LastSeen);
        if (victim is null)
            return false;
        Remove(victim);
        return true;
    }
}
