using System.Net;
using System.Net.Sockets;

namespace Fairlead.Server.Identity;

/// <summary>
/// Slows password guessing down: after five failures of one user from one address every further one doubles the wait,
/// up to 15 minutes. Kept per address, so that a stranger cannot lock an administrator out; a second, wider count per
/// user meets guessing from many addresses. Memory is bounded.
/// </summary>
internal sealed class LoginThrottle(TimeProvider time)
{
    private const int FreePerAddress = 5;
    private const int FreePerUser = 50;
    private const int MaxEntries = 10_000;
    private static readonly TimeSpan Forget = TimeSpan.FromMinutes(15);
    private readonly Lock gate = new();
    private readonly Dictionary<string, Entry> entries = [];

    /// <summary>
    /// Zero when the password may be looked at, else how long this user must wait from this address. A try that may go on
    /// is counted as failed from here on, so that guesses sent at once cannot pass before the first of them is judged.
    /// </summary>
    public TimeSpan Begin(string username, IPAddress? address)
    {
        string here = AddressKey(username, address);
        string everywhere = UserKey(username);
        lock (gate)
        {
            TimeSpan one = Left(here);
            TimeSpan all = Left(everywhere);
            TimeSpan wait = one > all ? one : all;
            if (wait == TimeSpan.Zero)
            {
                Count(here, FreePerAddress);
                Count(everywhere, FreePerUser);
            }
            return wait;
        }
    }

    /// <summary>A right password clears its address; guesses from elsewhere stay counted.</summary>
    public void Succeeded(string username, IPAddress? address)
    {
        lock (gate)
        {
            entries.Remove(AddressKey(username, address));
            Uncount(UserKey(username));
        }
    }

    /// <summary>The password could not be looked at: that is nobody's guess.</summary>
    public void Undecided(string username, IPAddress? address)
    {
        lock (gate)
        {
            Uncount(AddressKey(username, address));
            Uncount(UserKey(username));
        }
    }

    private TimeSpan Left(string key) =>
        entries.TryGetValue(key, out Entry entry) && entry.Until > time.GetUtcNow()
            ? entry.Until - time.GetUtcNow()
            : TimeSpan.Zero;

    private void Count(string key, int free)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (entries.Count >= MaxEntries && !entries.ContainsKey(key))
            MakeRoom(now);
        entries.TryGetValue(key, out Entry entry);
        int failures = entry.Last + Forget < now && entry.Until < now ? 1 : entry.Failures + 1;
        TimeSpan wait =
            failures < free
                ? TimeSpan.Zero
                : TimeSpan.FromSeconds(Math.Min(Math.Pow(2, failures - free), Forget.TotalSeconds));
        entries[key] = new Entry(failures, now, now + wait);
    }

    private void Uncount(string key)
    {
        if (entries.TryGetValue(key, out Entry entry))
            entries[key] = entry with { Failures = entry.Failures - 1, Until = default };
    }

    private void MakeRoom(DateTimeOffset now)
    {
        foreach ((string key, Entry entry) in entries)
            if (entry.Last + Forget < now && entry.Until < now)
                entries.Remove(key);
        if (entries.Count >= MaxEntries)
            entries.Remove(entries.MinBy(static pair => pair.Value.Last).Key);
    }

    // One customer usually has a whole IPv6 /64.
    private static string AddressKey(string username, IPAddress? address)
    {
        IPAddress? plain = address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
        string from = plain is { AddressFamily: AddressFamily.InterNetworkV6 }
            ? Convert.ToHexString(plain.GetAddressBytes()[..8])
            : $"{plain}";
        return $"{from}|{username.ToLowerInvariant()}";
    }

    private static string UserKey(string username) => "*|" + username.ToLowerInvariant();

    private readonly record struct Entry(int Failures, DateTimeOffset Last, DateTimeOffset Until);
}
