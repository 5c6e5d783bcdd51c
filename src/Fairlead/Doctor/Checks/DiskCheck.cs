using System.Runtime.CompilerServices;

namespace Fairlead.Doctor.Checks;

/// <summary>Room on the disk of the data folder.</summary>
internal sealed class DiskCheck : ICheck
{
    private const long MiB = 1024 * 1024;

    public string Name => "disk";

    public async IAsyncEnumerable<Finding> RunAsync(
        Site site,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        await Task.CompletedTask;
        var folder = site.Data;
        while (!Directory.Exists(folder) && Path.GetDirectoryName(folder) is { } parent)
            folder = parent;
        var free = new DriveInfo(folder).AvailableFreeSpace;
        var logFolder = new DirectoryInfo(Path.Combine(site.Data, "logs"));
        var logs = logFolder.Exists ? logFolder.EnumerateFiles().Sum(f => f.Length) : 0;
        yield return free < site.MinFree
            ? new(
                Severity.Fault,
                Name,
                site.Data,
                $"{free / MiB} MiB are free, at least {site.MinFree / MiB} are wanted; call logs take {logs / MiB} MiB",
                "free space on this disk, or keep call logs for fewer days: export FAIRLEAD__CallLog__RetentionDays=7"
            )
            : new(Severity.Ok, Name, site.Data, $"{free / MiB} MiB are free");
    }
}
