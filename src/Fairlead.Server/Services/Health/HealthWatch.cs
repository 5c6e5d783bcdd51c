using Fairlead.Server.Services.Channels;
using Fairlead.Server.Services.Supervision;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Health;

/// <summary>
/// Watches one service as long as it is to run: probes it, samples it, moves it between healthy, degraded and the states
/// of its circuit by what probes and real calls say, and gives it up for recovery when it no longer answers (S-14).
/// </summary>
internal sealed class HealthWatch(
    ServiceConfig config,
    ServiceSlot slot,
    HealthHistory history,
    HealthOptions options,
    TimeProvider time,
    Action<string> fail
)
{
    private readonly Signal look = new();
    private readonly TimeSpan patience =
        config.Definition.Transport == ServiceTransport.Stdio ? options.StdioPingTimeout : options.HttpPingTimeout;
    private volatile IChannel? live;
    private long lastSample;
    private int strikes;
    private int openings;
    private DateTimeOffset? closedSince;
    private int rounds;

    /// <summary>How often it has begun to wait: what woke it before is done by then.</summary>
    public int Rounds => Volatile.Read(ref rounds);

    /// <summary>A life became ready: its channel is watched from now on.</summary>
    public void Begin(IChannel channel)
    {
        slot.Calls.Clear();
        live = channel;
        look.Set();
    }

    /// <summary>That life is over.</summary>
    public void End() => live = null;

    /// <summary>Runs until <paramref name="stop"/>; never faults.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        void OnFailed() => look.Set();
        slot.Calls.Failed += OnFailed;
        lastSample = time.GetTimestamp();
        Task<ProbeResult>? probe = null;
        IChannel? probed = null;
        long sent = 0;
        try
        {
            while (true)
            {
                await PauseAsync(probe, stop);
                var channel = live;
                if (channel != probed)
                    (probe, probed, strikes) = (null, channel, 0);
                if (channel is not null && probe is { IsCompleted: true })
                {
                    Take(await probe);
                    probe = null;
                }
                else if (
                    channel is not null
                    && probe is not null
                    && time.GetElapsedTime(sent) >= options.ReadinessInterval
                )
                {
                    Move(
                        ServicePhase.Degraded,
                        $"no answer to a probe for {options.ReadinessInterval.TotalSeconds:0.#} s"
                    );
                }
                if (time.GetElapsedTime(lastSample) >= options.Interval)
                {
                    lastSample = time.GetTimestamp();
                    if (channel is null)
                        SampleWithout();
                    else if (probe is null)
                        (probe, sent) = (Probe.SendAsync(channel, patience, time, stop), time.GetTimestamp());
                }
                if (channel is not null)
                    await JudgeAsync(channel, isProbing: probe is not null, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // No longer to run.
        }
        finally
        {
            slot.Calls.Failed -= OnFailed;
        }
    }

    /// <summary>Until something is to be looked at: a failed call, a probe's answer, the next probe or sample.</summary>
    private async Task PauseAsync(Task<ProbeResult>? probe, CancellationToken stop)
    {
        var until = options.ReadinessInterval;
        var toSample = options.Interval - time.GetElapsedTime(lastSample);
        if (toSample < until)
            until = toSample;
        if (slot.State is { Phase: ServicePhase.CircuitOpen, NextTry: { } next } && next - time.GetUtcNow() < until)
            until = next - time.GetUtcNow();
        if (until <= TimeSpan.Zero)
            return;
        using var woken = CancellationTokenSource.CreateLinkedTokenSource(stop);
        // A delay knows whole milliseconds only: rounded down, the rest of one would be spent going round and round.
        var delay = Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(until.TotalMilliseconds)), time, woken.Token);
        var looked = look.WaitAsync(woken.Token).AsTask();
        Interlocked.Increment(ref rounds);
        await Task.WhenAny(probe is null ? [delay, looked] : [delay, looked, probe]);
        await woken.CancelAsync();
        await Task.WhenAll(delay, looked).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.ThrowIfCancellationRequested();
    }

    private void Take(ProbeResult result)
    {
        var state = slot.State;
        slot.Calls.Probed(result.Took, result.Answered);
        history.Add(
            new HealthSample(
                time.GetUtcNow(),
                state.Status,
                result.Answered ? Math.Round(result.Took.TotalMilliseconds, 3) : null,
                result.Answered,
                result.Error
            )
        );
        if (result.Answered)
        {
            strikes = 0;
            return;
        }
        if (++strikes >= options.FailureThreshold)
            fail($"{strikes} probes in a row failed: {result.Error}");
        else
            Move(ServicePhase.Degraded, $"a probe failed: {result.Error}");
    }

    /// <summary>A service without a connection is down, unless that is intended.</summary>
    private void SampleWithout()
    {
        var state = slot.State;
        if (state.Phase is ServicePhase.Failed or ServicePhase.Startup)
            history.Add(new HealthSample(time.GetUtcNow(), state.Status, null, false, state.Reason));
    }

    private async Task JudgeAsync(IChannel channel, bool isProbing, CancellationToken stop)
    {
        var state = slot.State;
        if (state.Phase == ServicePhase.CircuitOpen)
        {
            if (state.NextTry is { } next && next <= time.GetUtcNow())
                await TryAgainAsync(state, channel, stop);
            return;
        }
        if (!state.Phase.IsAvailable())
            return;
        var (phase, why) = HealthRules.Judge(slot.Calls.Facts(options.Window), options);
        // What is asked now decides whether it is healthy again.
        if (phase == ServicePhase.Healthy && (isProbing || strikes > 0) && state.Phase == ServicePhase.Degraded)
            return;
        if (phase == ServicePhase.CircuitOpen)
            Open(state, why);
        else
            Move(phase, why);
    }

    private void Open(ServiceState before, string why)
    {
        // What opens again soon after it closed was not repaired.
        if (time.GetUtcNow() - closedSince > options.Window)
            openings = 0;
        closedSince = null;
        openings++;
#pragma warning disable CA5394 // no secret hangs on it
        var pause = HealthRules.CoolDown(openings, options, Random.Shared.NextDouble());
#pragma warning restore CA5394
        var now = time.GetUtcNow();
        slot.TrySet(
            before,
            before with
            {
                Phase = ServicePhase.CircuitOpen,
                Why = why,
                Since = now,
                NextTry = now + pause,
                Channel = null,
            }
        );
    }

    /// <summary>Half-open: a few probes in a row decide. Calls that come meanwhile wait for them.</summary>
    private async Task TryAgainAsync(ServiceState open, IChannel channel, CancellationToken stop)
    {
        var half = open with
        {
            Phase = ServicePhase.HalfOpen,
            Why = "it is tried again",
            Since = time.GetUtcNow(),
            NextTry = null,
        };
        if (!slot.TrySet(open, half))
            return;
        var answered = 0;
        ProbeResult last = default;
        for (var i = 0; i < options.HalfOpenProbes; i++)
        {
            last = await Probe.SendAsync(channel, options.CircuitP99, time, stop);
            answered += last.Answered ? 1 : 0;
        }
        if (answered < options.HalfOpenSuccess * options.HalfOpenProbes)
        {
            Open(half, $"{answered} of {options.HalfOpenProbes} probes were answered: {last.Error}");
            return;
        }
        slot.Calls.Clear();
        var now = time.GetUtcNow();
        closedSince = now;
        slot.TrySet(half, half with { Phase = ServicePhase.Healthy, Why = "running", Since = now, Channel = channel });
    }

    private void Move(ServicePhase phase, string why)
    {
        var state = slot.State;
        if (!state.Phase.IsAvailable() || (state.Phase == phase && state.Why == why))
            return;
        slot.TrySet(
            state,
            state with
            {
                Phase = phase,
                Why = why,
                Since = state.Phase == phase ? state.Since : time.GetUtcNow(),
            }
        );
    }
}
