using System.Data.Common;
using System.Runtime.CompilerServices;
using Fairlead.Server.Groups;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Secrets;

namespace Fairlead.Doctor.Checks;

/// <summary>The master key is there and opens what it sealed: definitions of services and keys of groups.</summary>
internal sealed class KeysCheck : ICheck
{
    private sealed record Group(string Id, string Code, string Sealed, string Hash);

    public string Name => "keys";

    public async IAsyncEnumerable<Finding> RunAsync(
        Site site,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        if (!File.Exists(site.KeyFile))
        {
            yield return site.HasStore
                ? new(
                    Severity.Fault,
                    Name,
                    site.KeyFile,
                    "the master key is missing: nothing sealed in the store can be read",
                    $"restore it from a backup and make it private: chmod 600 {Site.Quote(site.KeyFile)}"
                )
                : new(Severity.Ok, Name, site.KeyFile, "is not there yet; the first start makes it");
            yield break;
        }
        var (key, problem) = Load(site);
        if (key is null)
        {
            yield return new(Severity.Fault, Name, site.KeyFile, problem!, Mend(site));
            yield break;
        }
        if (!site.HasStore)
            yield break;
        var faults = 0;
        await foreach (var finding in SealedAsync(site, new Sealer(key), cancellationToken))
        {
            faults++;
            yield return finding;
        }
        if (faults == 0)
            yield return new(Severity.Ok, Name, site.KeyFile, "opens every sealed value");
    }

    private async IAsyncEnumerable<Finding> SealedAsync(
        Site site,
        Sealer sealer,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        IReadOnlyList<(string Id, string Name, string Definition)> services;
        IReadOnlyList<Group> groups;
        await using (var store = await TryOpenAsync(site, cancellationToken))
        {
            if (store is null || await store.SchemaVersionAsync(cancellationToken) == 0)
                yield break;
            services = await store.RowsAsync(
                "SELECT id, name, definition FROM mcp_services WHERE removed_at IS NULL ORDER BY name",
                row => (row.GetString(0), row.GetString(1), row.GetString(2)),
                cancellationToken
            );
            groups = await store.RowsAsync(
                "SELECT id, server_code, api_key, hashed_api_key FROM mcp_tool_groups ORDER BY server_code",
                row => new Group(row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3)),
                cancellationToken
            );
        }
        foreach (var (id, name, definition) in services)
            if (Closed(() => sealer.Open("mcp_services", "definition", id, definition)) is { } why)
                yield return new(
                    Severity.Fault,
                    Name,
                    $"service {name}",
                    why,
                    $"restore {Site.Quote(site.KeyFile)} from the backup that belongs to this store"
                );
        var keys = new GroupKeys(sealer);
        foreach (var group in groups)
            if (Problem(keys, group) is { } why)
                yield return new(
                    Severity.Fault,
                    Name,
                    $"group {group.Code}",
                    why,
                    $"fairlead keys regenerate {Site.Quote(group.Code)} – or restore {Site.Quote(site.KeyFile)} from a backup"
                );
    }

    private static string? Problem(GroupKeys keys, Group group)
    {
        if (group.Sealed.Length == 0)
            return "has no key, so nobody can call it";
        var key = "";
        return Closed(() => key = keys.Open(group.Id, group.Sealed))
            ?? (GroupKeys.Hash(key) == group.Hash ? null : "its key is not the one callers are checked against");
    }

    private static string? Closed(Action open)
    {
        try
        {
            open();
            return null;
        }
        catch (StoreException e)
        {
            return e.Message;
        }
    }

    private static (MasterKey? Key, string? Problem) Load(Site site)
    {
        try
        {
            return (MasterKey.Load(site.Storage), null);
        }
        catch (StoreException e)
        {
            return (null, e.Message);
        }
    }

    private static string Mend(Site site) =>
        site.Storage.MasterKeyFile is null && FileRights.Given(site.KeyFile, ~FileRights.OwnerOnly) != UnixFileMode.None
            ? $"chmod 600 {Site.Quote(site.KeyFile)}"
            : $"restore {Site.Quote(site.KeyFile)} from a backup";

    // What keeps the store closed is told by its own check.
    private static async Task<StoreView?> TryOpenAsync(Site site, CancellationToken cancellationToken)
    {
        try
        {
            return await StoreView.OpenAsync(site, cancellationToken);
        }
        catch (Exception e) when (e is DbException or StoreException)
        {
            return null;
        }
    }
}
