using System.Diagnostics;

namespace Fairlead.Load;

/// <summary>What one cell showed: a target at one payload size and number of connections, for one round.</summary>
internal sealed record Measured(
    long Calls,
    double CallsPerSecond,
    double P50,
    double P95,
    double P99,
    double CpuPerCall,
    double TreeCpuPerCall,
    double RssMiB
);

/// <summary>N clients in a closed loop for a while: each sends its next call when it has its answer.</summary>
internal static class Cell
{
    private static readonly TimeSpan Hung = TimeSpan.FromSeconds(30);

    /// <param name="target">What to call.</param>
    /// <param name="size">Bytes of the payload.</param>
    /// <param name="connections">Clients at once.</param>
    /// <param name="length">How long new calls are sent.</param>
    /// <param name="settle">
    /// Waits, after the last answer, for work that the calls left behind (rows of the call log), so that its CPU counts.
    /// Gets the number of all calls of the cell.
    /// </param>
    public static async Task<Measured> RunAsync(
        Target target,
        int size,
        int connections,
        TimeSpan length,
        Func<long, Task> settle
    )
    {
        var clients = new List<Client>();
        try
        {
            var payload = target.PayloadOf(size);
            for (var i = 0; i < connections; i++)
            {
                clients.Add(await Client.OpenAsync(target));
                await clients[i].PrepareAsync(payload);
            }
            await settle(connections);
            var pid = target.Endpoint.Pid;
            var own = ProcessTree.OwnCpu(pid);
            var tree = ProcessTree.TreeCpu(pid);
            var begun = Stopwatch.GetTimestamp();
            var end = begun + (long)(length.TotalSeconds * Stopwatch.Frequency);
            var loops = await Task.WhenAll(clients.Select(c => LoopAsync(c, end))).WaitAsync(Hung + length);
            var elapsed = Stopwatch.GetElapsedTime(begun);
            var times = loops.SelectMany(t => t).ToArray();
            await settle(times.Length);
            own = ProcessTree.OwnCpu(pid) - own;
            tree = ProcessTree.TreeCpu(pid) - tree;
            Array.Sort(times);
            var measured = new Measured(
                times.Length,
                times.Length / elapsed.TotalSeconds,
                Percentile(times, 0.50),
                Percentile(times, 0.95),
                Percentile(times, 0.99),
                own / times.Length,
                tree / times.Length,
                ProcessTree.TreeRss(pid) / 1048576.0
            );
            foreach (var client in clients)
                await client.CloseAsync();
            return measured;
        }
        finally
        {
            clients.ForEach(c => c.Dispose());
        }
    }

    private static async Task<List<long>> LoopAsync(Client client, long end)
    {
        var times = new List<long>(64 * 1024);
        var before = Stopwatch.GetTimestamp();
        while (before < end)
        {
            await client.CallAsync();
            var after = Stopwatch.GetTimestamp();
            times.Add(after - before);
            before = after;
        }
        return times;
    }

    /// <summary>In milliseconds.</summary>
    private static double Percentile(long[] sorted, double part) =>
        sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * part))] * 1000.0 / Stopwatch.Frequency;
}
