using Fairlead.Cli;
using Fairlead.Doctor.Checks;

namespace Fairlead.Doctor;

/// <summary>Runs the checks side by side, each bounded and for itself: one that throws or hangs is a finding.</summary>
internal static class Examination
{
    /// <summary>All checks, in the order they are told.</summary>
    public static readonly IReadOnlyList<ICheck> All =
    [
        new ConfigurationCheck(),
        new ExposureCheck(),
        new DataFolderCheck(),
        new SecretFilesCheck(),
        new LockCheck(),
        new DiskCheck(),
        new PortsCheck(),
        new GatewayCheck(),
        new ClockCheck(),
        new StoreCheck(),
        new KeysCheck(),
        new RuntimesCheck(),
        new LoginCheck(),
    ];

    public static async Task<IReadOnlyList<Finding>> RunAsync(
        IReadOnlyList<ICheck> checks,
        Site site,
        TimeSpan limit,
        CancellationToken cancellationToken
    )
    {
        var runs = checks.Select(check => RunAsync(check, site, limit, cancellationToken));
        return [.. (await Task.WhenAll(runs)).SelectMany(found => found)];
    }

    private static async Task<IReadOnlyList<Finding>> RunAsync(
        ICheck check,
        Site site,
        TimeSpan limit,
        CancellationToken cancellationToken
    )
    {
        List<Finding> found = [];
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(limit);
        // On a thread of its own: what blocks, a dead network disk for instance, blocks nobody else.
        var run = Task.Run(
            async () =>
            {
                await foreach (var finding in check.RunAsync(site, bounded.Token).WithCancellation(bounded.Token))
                    lock (found)
                        found.Add(finding);
            },
            CancellationToken.None
        );
        Finding? last = null;
        try
        {
            await run.WaitAsync(limit, cancellationToken);
        }
        catch (Exception e)
            when (e is TimeoutException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            last = new(
                Severity.Fault,
                check.Name,
                "check",
                $"did not end within {limit.TotalSeconds:0} s",
                $"give it more time: fairlead doctor --timeout {limit.TotalSeconds * 6:0}"
            );
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The type and the first line: a message of a driver may go on with what it was given.
            last = new(
                Severity.Fault,
                check.Name,
                "check",
                Output.Visible($"failed: {e.Message.Split('\n')[0].Trim()}"),
                "mend what it names, then run 'fairlead doctor' again"
            );
        }
        lock (found)
            return last is null ? [.. found] : [.. found, last];
    }
}
