using System.Data.Common;
using System.Runtime.CompilerServices;
using Fairlead.Server.Storage;

namespace Fairlead.Doctor.Checks;

/// <summary>The store can be read, is whole, and of a schema this program knows.</summary>
internal sealed class StoreCheck : ICheck
{
    private const int OldestPostgres = 15;

    public string Name => "store";

    public async IAsyncEnumerable<Finding> RunAsync(
        Site site,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        if (!site.HasStore && File.Exists(site.KeyFile))
        {
            yield return new(
                Severity.Warning,
                Name,
                site.StoreFile,
                "is missing or empty, though its master key is there; the next start begins a new store",
                $"restore {Site.Quote(site.StoreFile)} from a backup, unless this is the first start"
            );
            yield break;
        }
        if (!site.HasStore)
        {
            yield return new(Severity.Ok, Name, site.StoreFile, "there is none yet; the first start makes it");
            yield break;
        }
        var where = site.IsSqlite ? site.StoreFile : "PostgreSQL";
        var faults = 0;
        await foreach (var finding in LookAsync(site, where, cancellationToken))
        {
            faults++;
            yield return finding;
        }
        if (faults == 0)
            yield return new(Severity.Ok, Name, where, $"is whole, of schema version {StoreSchema.Version}");
    }

    private async IAsyncEnumerable<Finding> LookAsync(
        Site site,
        string where,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var (store, problem) = await OpenAsync(site, cancellationToken);
        if (store is null)
        {
            yield return new(Severity.Fault, Name, where, $"cannot be opened: {problem}", Repair(site));
            yield break;
        }
        await using (store)
        {
            if (!site.IsSqlite)
            {
                var version = StoreView.Number(
                    await store.ScalarAsync("SELECT current_setting('server_version_num')::int", cancellationToken)
                );
                if (version / 10_000 < OldestPostgres)
                    yield return new(
                        Severity.Fault,
                        Name,
                        where,
                        $"is version {version / 10_000}; {OldestPostgres} or newer is needed",
                        "upgrade the server (pg_upgrade)"
                    );
            }
            else if (await DamageAsync(store, cancellationToken) is { } damage)
            {
                yield return new(Severity.Fault, Name, where, $"is damaged: {damage}", Repair(site));
                yield break;
            }
            var found = await store.SchemaVersionAsync(cancellationToken);
            if (found > StoreSchema.Version)
                yield return new(
                    Severity.Fault,
                    Name,
                    where,
                    $"has schema version {found}; this program knows versions up to {StoreSchema.Version}",
                    "run the newer Fairlead that wrote it, or restore a backup"
                );
            else if (found < StoreSchema.Version)
                yield return new(
                    Severity.Warning,
                    Name,
                    where,
                    $"has schema version {found}; the next start brings it to {StoreSchema.Version}",
                    site.IsSqlite
                        ? $"keep a copy first: cp -a {Site.Quote(site.Data)} {Site.Quote(site.Data + ".before")}"
                        : "keep a copy first: pg_dump"
                );
        }
    }

    private static async Task<(StoreView? Store, string Problem)> OpenAsync(
        Site site,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return (await StoreView.OpenAsync(site, cancellationToken), "");
        }
        catch (Exception e) when (e is DbException or StoreException or IOException)
        {
            return (null, (e.InnerException ?? e).Message.Split('\n')[0]);
        }
    }

    private static async Task<string?> DamageAsync(StoreView store, CancellationToken cancellationToken)
    {
        try
        {
            return
                await store.ScalarAsync("PRAGMA quick_check(1)", cancellationToken) as string is { } text and not "ok"
                ? text.ReplaceLineEndings(" ")
                : null;
        }
        catch (DbException e)
        {
            return e.Message;
        }
    }

    private static string Repair(Site site) =>
        site.IsSqlite
            ? $"stop the gateway and restore {Site.Quote(site.StoreFile)} from a backup, or save what is left: "
                + $"sqlite3 {Site.Quote(site.StoreFile)} .recover | sqlite3 {Site.Quote(site.StoreFile + ".new")}"
            : "start the database, and check Storage:ConnectionString";
}
