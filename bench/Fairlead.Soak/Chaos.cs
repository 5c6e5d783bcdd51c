using System.Diagnostics;
using Fairlead.Client;

namespace Fairlead.Soak;

/// <summary>What goes on beside the calls: stops and starts, kills, and services that misbehave started again and again.</summary>
internal sealed class Chaos(Gateway gateway, Census census, TimeSpan cyclePace)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // Each of the four in turn, later than a good life: what is killed sooner is given up in the end, as it should be.
    private static readonly TimeSpan KillEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ProvokeEvery = TimeSpan.FromSeconds(4);

    // A look reads all of /proc, which takes milliseconds of a core in the process that measures.
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);
    private static readonly int Cyclers = SoakService.All.Count(s => s.Part == Part.Cycled);
    private int cycles;

    public int Cycles => cycles;
    public int Kills { get; private set; }
    public int MostDefunct { get; private set; }

    public Task RunAsync(CancellationToken end) =>
        Task.WhenAll([
            .. SoakService
                .All.Where(s => s.Part == Part.Cycled)
                .Select((s, turn) => CycleAsync(s.Name, cyclePace * turn / Cyclers, end)),
            KillAsync(end),
            ProvokeAsync(end),
            WatchAsync(end),
        ]);

    /// <summary>Stops what misbehaves and waits until the others run: only then are two measurements alike.</summary>
    public async Task CalmAsync()
    {
        var services = gateway.Client.Services;
        foreach (var service in SoakService.All)
        {
            if (service.Part == Part.Bad)
                await services.StopAsync(service.Name);
            else
                await RunningAsync(service.Name);
        }
    }

    // Each begins at a time of its own: in step, all of them would fall into the same few milliseconds again and again.
    private async Task CycleAsync(string name, TimeSpan after, CancellationToken end)
    {
        await PauseAsync(after, end);
        while (!end.IsCancellationRequested)
        {
            var since = Stopwatch.GetTimestamp();
            await gateway.Client.Services.StopAsync(name, force: cycles % 10 == 0, CancellationToken.None);
            await gateway.Client.Services.StartAsync(name, CancellationToken.None);
            await RunningAsync(name);
            Interlocked.Increment(ref cycles);
            await PauseAsync(cyclePace - Stopwatch.GetElapsedTime(since), end);
        }
    }

    private async Task KillAsync(CancellationToken end)
    {
        var turn = 0;
        var victims = SoakService.All.Where(s => s.Part == Part.Killed).ToList();
        while (!end.IsCancellationRequested)
        {
            await PauseAsync(KillEvery, end);
            var victim = victims[turn++ % victims.Count].Name;
            foreach (var pid in census.Marked().Where(p => Census.Arguments(p).Contains(victim)))
            {
                Gateway.Signal(pid, 9);
                Kills++;
            }
        }
    }

    // Those that gave up or hang begin anew, so that the misbehaviour never ends before the run.
    private async Task ProvokeAsync(CancellationToken end)
    {
        var turn = 0;
        var bad = SoakService.All.Where(s => s.Part == Part.Bad).ToList();
        foreach (var service in bad)
            await gateway.Client.Services.StartAsync(service.Name, CancellationToken.None);
        while (!end.IsCancellationRequested)
        {
            await PauseAsync(ProvokeEvery, end);
            await gateway.Client.Services.RestartAsync(bad[turn++ % bad.Count].Name, CancellationToken.None);
        }
    }

    private async Task WatchAsync(CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            await PauseAsync(LookEvery, end);
            MostDefunct = Math.Max(MostDefunct, census.Defunct(gateway.Pid));
        }
    }

    private async Task RunningAsync(string name)
    {
        var now = await gateway.Client.Services.WaitForAsync(name, ServiceStatus.Running, Patience);
        if (now.Status != ServiceStatus.Running)
            throw new SoakFailedException(
                $"{name} is not running after {Patience.TotalSeconds} s: {now.Status}, {now.Reason}"
            );
    }

    private static async Task PauseAsync(TimeSpan time, CancellationToken end)
    {
        if (time > TimeSpan.Zero)
            await Task.Delay(time, TimeProvider.System, end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
