using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Import;

/// <summary>Brings the services of a file into the store: all of them, or none when one is wrong.</summary>
internal sealed class ServiceImport(ServiceStore store, StoreWatcher watcher)
{
    /// <summary>
    /// What an import would do: entries with their final names (a taken one gets a suffix) and problems. Nothing is changed.
    /// </summary>
    /// <exception cref="FormatException">The text is none of the known forms.</exception>
    public IReadOnlyList<ImportEntry> Plan(string text)
    {
        var taken = watcher.Current.Services.Select(s => s.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return [.. ImportReader.Read(text).Select(e => e with { Name = Free(e.Name, taken) })];
    }

    /// <summary>Imports; returns the names in the file's order.</summary>
    /// <exception cref="StoreException">The text or an entry is wrong; the message names entry and field.</exception>
    public async Task<IReadOnlyList<string>> ImportAsync(string text, CancellationToken cancellationToken)
    {
        var drafts = Drafts(text);
        var added = await store.AddAllAsync(drafts, cancellationToken);
        if (!added.Ok)
            throw new StoreException(added.Error!.Message);
        return [.. drafts.Select(d => d.Name)];
    }

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
        return [.. plan.Select(e => new ServiceDraft(e.Name, e.Definition, e.Enabled))];
    }

    /// <summary>Services of a file by the names it gives them, and which of these the store does not have.</summary>
    /// <exception cref="StoreException">The text or an entry is wrong; the message names entry and field.</exception>
    public (int Count, IReadOnlyList<string> Missing) Compare(string text)
    {
        var count = Drafts(text).Count;
        var known = watcher.Current.Services.Select(s => s.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return (count, [.. ImportReader.Read(text).Select(e => e.Name).Where(n => !known.Contains(n))]);
    }

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
