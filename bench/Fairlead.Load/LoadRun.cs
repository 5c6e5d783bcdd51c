namespace Fairlead.Load;

/// <summary>
/// The whole matrix. Rounds alternate over the targets, so that what the machine does besides hits all alike, and a
/// ratio is taken within one round only; what is shown is the median of the rounds.
/// </summary>
/// <param name="arguments">Options of the command line.</param>
/// <param name="targets">What is called.</param>
/// <param name="yardstick">What the ratios are to, for the head of the table.</param>
/// <param name="defaults">Payloads and connections where the command line names none.</param>
internal class LoadRun(Arguments arguments, IReadOnlyList<Target> targets, string yardstick, LoadDefaults defaults)
{
    private readonly bool quick = arguments.Has("--quick");
    private readonly CallLog? log = arguments.Value("--log") is { } folder ? new CallLog(folder) : null;
    private readonly Dictionary<CellKey, List<Measured>> results = [];
    private long logged;
    private long calls;

    public async Task<int> RunAsync()
    {
        var payloads = arguments.Numbers("--payloads", quick ? [100] : defaults.Payloads);
        var connections = arguments.Numbers("--connections", quick ? [16] : defaults.Connections);
        var rounds = arguments.Number("--rounds", quick ? 1 : defaults.Rounds);
        var length = TimeSpan.FromSeconds(arguments.Real("--seconds", quick ? 1 : defaults.Seconds));
        logged = log?.Last() ?? 0;
        var earlier = log?.Calls() ?? 0;
        await WarmAsync(payloads, quick ? TimeSpan.FromSeconds(1) : TimeSpan.FromSeconds(2));
        foreach (var size in payloads)
        {
            foreach (var many in connections)
            {
                for (var round = 0; round < rounds; round++)
                {
                    foreach (var target in targets)
                        Keep(new CellKey(target.Name, size, many), await MeasureAsync(target, size, many, length));
                }
                Report.Cells(targets, size, many, results, yardstick);
            }
        }
        await CountRowsAsync(earlier);
        var verdicts = quick ? [] : Judge(targets, results);
        Report.Verdicts(verdicts);
        if (arguments.Value("--json") is { } file)
            Report.Json(file, results, verdicts);
        return verdicts.Any(v => !v.Passed) ? 3 : 0;
    }

    /// <summary>What is promised, against what was measured.</summary>
    protected virtual IReadOnlyList<Verdict> Judge(
        IReadOnlyList<Target> all,
        IReadOnlyDictionary<CellKey, List<Measured>> measured
    ) => Verdict.Of(all, measured);

    // Until the runtime has compiled the hot path for good.
    private async Task WarmAsync(IReadOnlyList<int> payloads, TimeSpan length)
    {
        Console.WriteLine($"Warming up {string.Join(", ", targets.Select(t => t.Name))}");
        foreach (var target in targets)
        {
            foreach (var size in payloads)
                await MeasureAsync(target, size, 16, length / payloads.Count);
        }
    }

    private Task<Measured> MeasureAsync(Target target, int size, int connections, TimeSpan length) =>
        Cell.RunAsync(target, size, connections, length, count => SettleAsync(target, count));

    private async Task SettleAsync(Target target, long count)
    {
        if (!target.IsGateway)
            return;
        calls += count;
        logged += count;
        if (log is not null && !await log.ReachesAsync(logged))
            throw new BrokenRunException($"the call log has {log.Last()} rows, {logged} are due");
    }

    private async Task CountRowsAsync(long earlier)
    {
        if (log is null)
            return;
        await log.ReachesAsync(logged);
        var rows = log.Calls() - earlier;
        Console.WriteLine($"Call log: {rows} rows for {calls} calls");
        if (rows != calls)
            throw new BrokenRunException($"the call log has {rows} rows for {calls} calls");
    }

    private void Keep(CellKey key, Measured measured)
    {
        if (!results.TryGetValue(key, out var list))
            results[key] = list = [];
        list.Add(measured);
    }
}

/// <summary>How a run goes unless the command line says otherwise.</summary>
internal sealed record LoadDefaults(int[] Payloads, int[] Connections, int Rounds, double Seconds)
{
    public static readonly LoadDefaults All = new([100, 2048, 65536], [1, 16, 64], 3, 1.5);
}

internal readonly record struct CellKey(string Target, int Size, int Connections);
