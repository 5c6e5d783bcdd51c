using System.Globalization;

namespace Fairlead.Load;

/// <summary>
/// Native tools through the whole gateway against the same methods in bare endpoints of ASP.NET Core, with the same JSON
/// in and out. A second gateway, which drops its rows, shows what the call log costs.
/// </summary>
internal sealed class NativeRun(Arguments arguments)
    : LoadRun(arguments, Targets(arguments), "bare", new LoadDefaults([100, 2048], [16], Rounds: 5, Seconds: 1))
{
    private const string Limits = "1.3,1.1";

    protected override IReadOnlyList<Verdict> Judge(
        IReadOnlyList<Target> all,
        IReadOnlyDictionary<CellKey, List<Measured>> measured
    )
    {
        Console.WriteLine();
        Console.WriteLine("CPU per call at 16 connections     us   bare us   ratio   without log   a row us   target");
        var verdicts = new List<Verdict>();
        foreach (var size in measured.Keys.Select(k => k.Size).Distinct())
        {
            foreach (var target in all.Where(t => t.Limit is not null))
            {
                if (Row(target, new CellKey(target.Name, size, Verdict.JudgedConnections), measured) is { } verdict)
                    verdicts.Add(verdict);
            }
        }
        return verdicts;
    }

    private static Verdict? Row(Target target, CellKey key, IReadOnlyDictionary<CellKey, List<Measured>> measured)
    {
        if (Verdict.Ratio(target, key, measured) is not { } ratio)
            return null;
        var rounds = measured[key];
        var bare = measured[key with { Target = target.Yardstick! }];
        var unlogged =
            target.WithoutLog is { } name && measured.TryGetValue(key with { Target = name }, out var found)
                ? found
                : null;
        var without = unlogged?.Zip(bare, static (own, other) => own.TreeCpuPerCall / other.TreeCpuPerCall);
        var row = unlogged?.Zip(rounds, static (own, all) => all.TreeCpuPerCall - own.TreeCpuPerCall);
        var verdict = new Verdict(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{target.Name}, {key.Size} B: CPU per call, its row of the log written"
            ),
            ratio,
            target.Limit!.Value,
            "x bare endpoint"
        );
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"  {$"{target.Name}, {key.Size} B", -28} {Middle(rounds), 6:0.0} {Middle(bare), 9:0.0} {ratio, 7:0.00} {Text(without), 13} {Text(row), 10}   <= {target.Limit:0.0} {(verdict.Passed ? "met" : "missed")}"
            )
        );
        return verdict;
    }

    private static double Middle(IEnumerable<Measured> rounds) =>
        Verdict.Median(rounds.Select(static r => r.TreeCpuPerCall));

    private static string Text(IEnumerable<double>? values) =>
        values is null ? "" : Verdict.Median(values).ToString("0.00", CultureInfo.InvariantCulture);

    private static IReadOnlyList<Target> Targets(Arguments arguments)
    {
        var key = arguments.Required("--key");
        var bare = arguments.Endpoint("--bare");
        var gateway = arguments.Endpoint("--gateway");
        var unlogged = arguments.Endpoint("--unlogged");
        var limits = (arguments.Value("--limits") ?? Limits)
            .Split(',')
            .Select(l => double.Parse(l, CultureInfo.InvariantCulture))
            .ToList();
        var (native, cached) = (limits[0], limits[^1]);
        List<Target> all = [];
        Add("sum", native, modern: false, Payload.Numbers);
        Add("sum_cached", cached, modern: false, Payload.Numbers);
        Add("measure", native, modern: false, Payload.Measured);
        Add("sum", native, modern: true, Payload.Numbers);
        return Target.Wanted(all, arguments);

        // The bare endpoint, the gateway and the gateway without its log, one after the other in each round.
        void Add(string tool, double limit, bool modern, Func<int, Payload> payload)
        {
            var name = modern ? $"{tool}-stateless" : tool;
            var first = new Target($"bare-{name}", bare, modern ? $"/modern/{tool}" : $"/{tool}", tool, modern)
            {
                Key = key,
                IsBare = true,
                Payload = payload,
            };
            var through = first with
            {
                Name = name,
                Endpoint = gateway,
                Path = "/mcp",
                IsBare = false,
                IsGateway = true,
                Yardstick = first.Name,
                Limit = limit,
                WithoutLog = $"{name}-unlogged",
            };
            all.Add(first);
            all.Add(through);
            all.Add(
                through with
                {
                    Name = $"{name}-unlogged",
                    Endpoint = unlogged,
                    IsGateway = false,
                    Limit = null,
                    WithoutLog = null,
                }
            );
        }
    }
}
