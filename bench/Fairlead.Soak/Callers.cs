using System.Collections.Concurrent;
using System.Diagnostics;
using Fairlead.Client;

namespace Fairlead.Soak;

/// <summary>Calls the steady services at an even pace, one caller each, and keeps how long each answer took.</summary>
internal sealed class Callers(Gateway gateway, string key)
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(10);
    private readonly ConcurrentQueue<string> failures = new();

    /// <summary>Calls that failed or were answered wrong: there must be none.</summary>
    public IReadOnlyCollection<string> Failures => failures;

    /// <summary>Calls until the phase is over.</summary>
    /// <returns>Milliseconds of each call.</returns>
    public async Task<IReadOnlyList<double>> RunAsync(CancellationToken end)
    {
        var mcp = gateway.Client.Mcp(key);
        var all = await Task.WhenAll(
            SoakService.All.Where(s => s.Part == Part.Steady).Select(s => LoopAsync(mcp, s.Tool, end))
        );
        return [.. all.SelectMany(t => t)];
    }

    private async Task<List<double>> LoopAsync(FairleadMcpClient mcp, string tool, CancellationToken end)
    {
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
