using System.Collections.Concurrent;
using System.Diagnostics;
using Fairlead.Client;

namespace Fairlead.Soak;

/// <summary>Calls the steady services at an even pace, one caller each, and keeps how long each answer took.</summary>
internal sealed class Callers(Gateway gateway, string key)
{
    private static readonly IReadOnlyList<SoakService> Steady = [.. SoakService.All.Where(s => s.Part == Part.Steady)];

    private readonly ConcurrentQueue<string> failures = new();

    /// <summary>Between two calls of one caller.</summary>
    public static TimeSpan Pace { get; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Calls that failed or were answered wrong: there must be none.</summary>
    public IReadOnlyCollection<string> Failures => failures;

    /// <summary>Calls until the phase is over.</summary>
    /// <returns>Milliseconds of each call.</returns>
    public async Task<IReadOnlyList<double>> RunAsync(CancellationToken end)
    {
        var mcp = gateway.Client.Mcp(key);
        var all = await Task.WhenAll(
            Steady.Select((s, turn) => LoopAsync(mcp, s.Tool, Pace * turn / Steady.Count, end))
        );
        return [.. all.SelectMany(t => t)];
    }

    // Each begins at a time of its own: in step, three would always wait for the first.
    private async Task<List<double>> LoopAsync(
        FairleadMcpClient mcp,
        string tool,
        TimeSpan after,
        CancellationToken end
    )
    {
        await Task.Delay(after, TimeProvider.System, CancellationToken.None);
        var times = new List<double>();
        using var timer = new PeriodicTimer(Pace);
        while (!end.IsCancellationRequested)
        {
            var since = Stopwatch.GetTimestamp();
            try
            {
                var answer = await mcp.CallToolAsync(tool, cancellationToken: CancellationToken.None);
                times.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
                if (answer.IsError || answer.Text != "ok")
                    failures.Enqueue($"{tool}: {answer}");
            }
            catch (Exception e) when (e is FairleadMcpException or HttpRequestException)
            {
                failures.Enqueue($"{tool}: {e.Message}");
            }
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
        return times;
    }
}
