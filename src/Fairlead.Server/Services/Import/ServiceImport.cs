using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Import;

/// <summary>Brings the services of a file into the store: all of them, or none when one is wrong.</summary>
internal sealed class ServiceImport(ServiceStore store, StoreWatcher watcher)
{
    /// <summary>
    /// What an import would do: entries with their names (one that comes twice gets a suffix), problems, and what becomes
    /// of each. The same file again changes nothing.
    /// </summary>
    /// <param name="text">The file.</param>
    /// <param name="update">Whether definitions of registered services are replaced.</param>
    /// <exception cref="FormatException">The text is none of the known forms.</exception>
    public IReadOnlyList<ImportEntry> Plan(string text, bool update = false)
    {
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        return [.. ImportReader.Read(text).Select(e => Decide(e with { Name = Free(e.Name, taken) }, update))];
    }

    /// <summary>Does what was planned, all or nothing.</summary>
    public Task<StoreResult<ServiceConfig[]>> ImportAsync(
        IReadOnlyList<ImportEntry> plan,
        CancellationToken cancellationToken
    ) =>
        store.PutAllAsync(
            [.. plan.Where(e => e.Action == ImportAction.Add).Select(Draft)],
            [.. plan.Where(e => e.Action == ImportAction.Update).Select(Draft)],
            cancellationToken
        );

    /// <summary>What an import would register, in the file's order.</summary>
    /// <exception cref="StoreException">The text or an entry is wrong; the message names entry and field.</exception>
    public IReadOnlyList<ServiceDraft> Drafts(string text)
    {
        IReadOnlyList<ImportEntry> plan;
        try
        {
            plan = Plan(text);
        }
        catch (FormatException e)
        {
            throw new StoreException(e.Message, e);
        }
        var wrong = plan.SelectMany(e => e.Problems.Select(p => $"{e.Name}: {p.Field} {p.Message}")).ToList();
        if (wrong.Count > 0)
            throw new StoreException(string.Join("; ", wrong));
        return [.. plan.Select(Draft)];
    }

    /// <summary>Services of a file by the names it gives them, and which of these the store does not have.</summary>
    /// <exception cref="StoreException">The text or an entry is wrong; the message names entry and field.</exception>
    public (int Count, IReadOnlyList<string> Missing) Compare(string text)
    {
        var count = Drafts(text).Count;
        var known = watcher.Current.Services.Select(s => s.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return (count, [.. ImportReader.Read(text).Select(e => e.Name).Where(n => !known.Contains(n))]);
    }

    private ImportEntry Decide(ImportEntry entry, bool update) =>
        watcher.Current.Services.FirstOrDefault(s => s.Name.Equals(entry.Name, StringComparison.OrdinalIgnoreCase))
            is not { } known
            ? entry
            : entry with
            {
                Name = known.Name,
                Action =
                    StoreJson.Write(known.Definition).AsSpan().SequenceEqual(StoreJson.Write(entry.Definition))
                        ? ImportAction.Unchanged
                    : update ? ImportAction.Update
                    : ImportAction.Conflict,
            };

    private static ServiceDraft Draft(ImportEntry entry) => new(entry.Name, entry.Definition, entry.Enabled);

    private static string Free(string name, HashSet<string> taken)
    {
        var free = name;
        for (var n = 2; !taken.Add(free); n++)
        {
            var suffix = $"-{n}";
            free = name[..Math.Min(name.Length, 64 - suffix.Length)] + suffix;
        }
        return free;
    }
}
