using System.Collections.Concurrent;
using System.Security.Cryptography;
using Fairlead.Server.Gateway.Intake;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Gateway.Sessions;

/// <summary>
/// One open HTTP+SSE connection (revision 2024-11-05): messages come by POST and name it by its id, everything goes out
/// on its stream. The id is as good as a key for this one connection, for many clients send no key with their POSTs.
/// </summary>
internal sealed class SseLink
{
    private const int MaxUnanswered = 64;

    // A client that does not read is cut off (Write): it loses nothing silently and does not fill our memory.
    private const int MaxUnread = 1024;

    private readonly ConversationRoom room;
    private readonly Action cut;
    private int unanswered;

    public SseLink(string id, Credentials shown, GroupId group, ConversationRoom room, Action cut)
    {
        this.room = room;
        this.cut = cut;
        Id = id;
        Group = group;
        Shown = shown;
        Stream = new EventStream(0, new StreamBounds(0, 0, int.MaxValue, long.MaxValue));
        Conversation = new Conversation(room, Write);
    }

    public string Id { get; }

    /// <summary>What the client showed when it connected; it must be good still at every message.</summary>
    public Credentials Shown { get; }

    /// <summary>The group it was opened in.</summary>
    public GroupId Group { get; }

    public EventStream Stream { get; }

    public Conversation Conversation { get; }

    /// <summary>Notes a message on its way; false when too many are unanswered.</summary>
    public bool TryBegin()
    {
        if (Interlocked.Increment(ref unanswered) <= MaxUnanswered)
            return true;
        Interlocked.Decrement(ref unanswered);
        return false;
    }

    public void EndOne() => Interlocked.Decrement(ref unanswered);

    /// <summary>Ends the stream, which ends the connection and all that hangs on it.</summary>
    public void Close() => Stream.Complete(room.Time.GetUtcNow());

    // It waits for a client that does not read: only ending the connection ends that.
    private void Cut()
    {
        Close();
        cut();
    }

    private bool Write(byte[] message)
    {
        var (count, bytes) = Stream.Unread;
        if (count >= MaxUnread || bytes + message.Length > Math.Max(room.Options.UnreadBytes, message.Length))
        {
            Cut();
            return false;
        }
        return Stream.Append(message);
    }
}

/// <summary>All open HTTP+SSE connections of this node.</summary>
internal sealed class SseLinks(ConversationRoom room, Routes routes)
{
    private readonly ConcurrentDictionary<string, SseLink> links = new();
    private readonly Lock opening = new();

    /// <summary>
    /// Opens one; null when there are as many as there may be sessions, of all groups or of this one beside others.
    /// </summary>
    /// <param name="shown">What the client showed.</param>
    /// <param name="group">Whose key it is.</param>
    /// <param name="cut">Ends the connection at once.</param>
    public SseLink? Open(Credentials shown, GroupId group, Action cut)
    {
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var link = new SseLink(id, shown, group, room, cut);
        lock (opening)
        {
            if (
                links.Count >= room.Options.MaxSessions
                || links.Values.Count(l => l.Group == group) >= room.Options.SessionsOfOne(routes.Table.ById.Count <= 1)
            )
                return null;
            links[id] = link;
        }
        return link;
    }

    public IEnumerable<SseLink> All => links.Values;

    public SseLink? Find(string id) => links.GetValueOrDefault(id);

    public void Remove(SseLink link)
    {
        links.TryRemove(link.Id, out _);
        link.Close();
        link.Conversation.End();
    }

    /// <summary>Ends all of them: the gateway stops.</summary>
    public void CloseAll()
    {
        foreach (var link in links.Values)
            link.Close();
    }
}
