using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Fairlead.Server.Live;

/// <summary>Brings what happens to the connections of the people it concerns, on this node and, by the bus, on others.</summary>
internal sealed class LiveNotifier(LiveOptions options, LiveBus? bus = null)
{
    private readonly ConcurrentDictionary<string, ImmutableList<LiveConnection>> users = new(StringComparer.Ordinal);

    /// <summary>Raised with a user's id when his first connection came or his last one went.</summary>
    public event Action<string, bool>? Changed;

    /// <summary>Users that are connected to this node.</summary>
    public ICollection<string> Users => users.Keys;

    /// <summary>Whether this node is all there is: who is not connected here is not connected.</summary>
    public bool IsAlone => bus is null;

    /// <summary>Connections to this node.</summary>
    public int Connections => users.Values.Sum(static all => all.Count);

    /// <summary>Takes a connection in; false where the user has too many.</summary>
    public bool Add(string user, LiveConnection connection)
    {
        var all = users.AddOrUpdate(
            user,
            static (_, one) => [one.connection],
            static (_, known, one) => known.Count < one.most ? known.Add(one.connection) : known,
            (connection, most: options.ConnectionsPerUser)
        );
        if (!all.Contains(connection))
            return false;
        if (all.Count == 1)
            Changed?.Invoke(user, true);
        return true;
    }

    public void Remove(string user, LiveConnection connection)
    {
        while (users.TryGetValue(user, out var known))
        {
            var left = known.Remove(connection);
            if (left == known)
                return;
            if (left.IsEmpty ? users.TryRemove(KeyValuePair.Create(user, known)) : users.TryUpdate(user, left, known))
            {
                if (left.IsEmpty)
                    Changed?.Invoke(user, false);
                return;
            }
        }
    }

    /// <summary>Sends a message, one JSON text, to a user wherever he is connected.</summary>
    public async Task SendAsync(string user, ReadOnlyMemory<byte> message)
    {
        SendHere(user, message);
        if (bus is not null)
            await bus.TellAsync(user, message);
    }

    /// <summary>The same for this node's connections only; whether there was one.</summary>
    public bool SendHere(string user, ReadOnlyMemory<byte> message)
    {
        if (!users.TryGetValue(user, out var known))
            return false;
        foreach (var connection in known)
            connection.Send(message);
        return true;
    }

    /// <summary>Ends all connections: the gateway stops.</summary>
    public void CloseAll()
    {
        foreach (var connection in users.Values.SelectMany(static all => all))
            connection.Close();
    }
}
