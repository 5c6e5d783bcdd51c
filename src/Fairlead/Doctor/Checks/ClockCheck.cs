using System.Runtime.CompilerServices;
using Npgsql;

namespace Fairlead.Doctor.Checks;

/// <summary>
/// The clock against what else knows the time: the gateway, the database, the files last written. Tokens and leases
/// are judged by it.
/// </summary>
internal sealed class ClockCheck : ICheck
{
    private const string Mend = "set the clock by the network: sudo timedatectl set-ntp true";
    private static readonly TimeSpan Tolerated = TimeSpan.FromSeconds(5);

    // File systems of other machines have clocks of their own.
    private static readonly TimeSpan ToleratedOfFiles = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public string Name => "clock";
    public bool IsLocal => false;

    public async IAsyncEnumerable<Finding> RunAsync(
        Site site,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var time = site.Terminal.Time;
        var faults = 0;
        if ((await site.GatewayAsync()).Ahead is { } ahead && ahead.Duration() > Tolerated)
        {
            faults++;
            yield return new(Severity.Fault, Name, "gateway", $"its clock is {Say(ahead)} this machine's", Mend);
        }
        if (
            !site.IsSqlite
            && await DatabaseAheadAsync(site, cancellationToken) is var off
            && off.Duration() > Tolerated
        )
        {
            faults++;
            yield return new(Severity.Fault, Name, "database", $"its clock is {Say(off)} this machine's", Mend);
        }
        if (Newest(site.Data) is { } newest && newest.At - time.GetUtcNow() is var future && future > ToleratedOfFiles)
        {
            faults++;
            yield return new(
                Severity.Fault,
                Name,
                newest.File,
                $"was written {Say(future)} this machine's clock: the clock was put back",
                Mend
            );
        }
        await Task.Delay(Pause, time, cancellationToken);
        var jump = time.GetUtcNow() - site.Started.Utc - time.GetElapsedTime(site.Started.Timestamp);
        if (jump.Duration() > TimeSpan.FromSeconds(1))
        {
            faults++;
            yield return new(
                Severity.Warning,
                Name,
                "this machine",
                $"the clock was changed by {jump.TotalSeconds:0} s during this examination",
                Mend
            );
        }
        if (faults == 0)
            yield return new(Severity.Ok, Name, "this machine", $"{time.GetUtcNow():yyyy-MM-dd HH:mm:ss} UTC is right");
    }

    private static string Say(TimeSpan ahead) =>
        $"{Math.Abs(ahead.TotalSeconds):0} s {(ahead > TimeSpan.Zero ? "ahead of" : "behind")}";

    private static (string File, DateTimeOffset At)? Newest(string folder) =>
        Directory.Exists(folder)
            ? new DirectoryInfo(folder)
                .EnumerateFiles()
                .OrderByDescending(f => f.LastWriteTimeUtc)
                .Select(f => ((string, DateTimeOffset)?)(f.FullName, f.LastWriteTimeUtc))
                .FirstOrDefault()
            : null;

    // Whether the database can be reached at all is the store's check.
    private static async Task<TimeSpan> DatabaseAheadAsync(Site site, CancellationToken cancellationToken)
    {
        try
        {
            await using var store = await StoreView.OpenAsync(site, cancellationToken);
            var now = await store.ScalarAsync("SELECT clock_timestamp()", cancellationToken);
            return new DateTimeOffset((DateTime)now!) - site.Terminal.Time.GetUtcNow();
        }
        catch (NpgsqlException)
        {
            return TimeSpan.Zero;
        }
    }
}
