using BenchmarkDotNet.Attributes;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Hosting.Limits;
using Fairlead.Server.Services;
using Fairlead.Server.Storage;
using Fairlead.Server.Tools.Executions;
using Fairlead.Server.Tools.Recovery;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Micro;

/// <summary>What every call pays for its service's bound, its allowance and its tool's breaker: at most 2 µs each, here in ns.</summary>
public class CallGuards
{
    private readonly CallGate gate = new();
    private readonly Turns turns = new(
        new DynamicPool(1, 10, 10),
        TimeSpan.FromSeconds(30),
        TimeProvider.System,
        NullLogger<Turns>.Instance
    );
    private readonly SharedLimits limits = new(
        new LimitsOptions(),
        TimeProvider.System,
        NullLogger<SharedLimits>.Instance
    );
    private readonly AllowanceTable keys;
    private readonly Breakers quiet = Make(broken: false);
    private readonly Breakers busy = Make(broken: true);
    private readonly ItemRoute route = Route("tool");

    public CallGuards() =>
        keys = limits.Limit(
            "keys",
            static (_, _) => new TokenBucket(int.MaxValue, int.MaxValue, TimeProvider.System.TimestampFrequency)
        );

    [Benchmark]
    public async ValueTask<bool> GateEnterAndLeaveAsync()
    {
        var entered = await gate.EnterAsync(64, 128, TimeSpan.FromSeconds(2), TimeProvider.System, default);
        gate.Leave(64);
        return entered;
    }

    /// <summary>One of the execution queue, which is idle: what a submitted, batch or background run waits for.</summary>
    [Benchmark]
    public async Task TurnTakenAndGivenBackAsync()
    {
        var turn = await turns.TakeAsync(5, TimeProvider.System.GetTimestamp(), static () => [], default);
        turn.Dispose();
    }

    /// <summary>One of a key's or a user's allowance.</summary>
    [Benchmark]
    public bool AllowanceTaken() => limits.Take(keys, "group/600000000").IsGiven;

    /// <summary>No breaker is open: how a gateway is nearly all of its time.</summary>
    [Benchmark]
    public bool BreakerWhenAllAreClosed() => Pass(quiet);

    /// <summary>Another tool's breaker is open.</summary>
    [Benchmark]
    public bool BreakerWhenAnotherIsOpen() => Pass(busy);

    private bool Pass(Breakers breakers)
    {
        var may = breakers.TryEnter(route, out var probed, out _);
        breakers.Report(route, probed, ToolVerdict.Good);
        return may;
    }

    private static Breakers Make(bool broken)
    {
        var made = new Breakers(new ToolRecoveryOptions(), TimeProvider.System, NullLogger<Breakers>.Instance);
        for (var i = 0; broken && i < 11; i++)
            made.Report(Route("broken"), null, ToolVerdict.Bad);
        return made;
    }

    private static ItemRoute Route(string tool) =>
        new()
        {
            Publication = new PublicationConfig
            {
                Id = new PublicationId(tool),
                Group = new GroupId("group"),
                Kind = ItemKind.Tool,
                ExposedName = tool,
                Service = new ServiceId("service"),
                UpstreamName = tool,
                Enabled = true,
                Removed = false,
            },
            Slot = new ServiceSlots(TimeProvider.System).Get(new ServiceId("service")),
            ServiceName = "service",
            UpstreamName = tool,
            Deadline = TimeSpan.FromSeconds(30),
        };
}
