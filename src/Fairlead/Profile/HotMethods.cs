using System.Diagnostics.Tracing;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Diagnostics.Tracing;
using Microsoft.Diagnostics.Tracing.Etlx;
using Microsoft.Diagnostics.Tracing.EventPipe;
using Microsoft.Diagnostics.Tracing.Parsers;

namespace Fairlead.Profile;

/// <summary>A method and its shares of the samples that were at work, in percent.</summary>
/// <param name="Name">Full name with parameter types.</param>
/// <param name="Own">Where the method itself was running.</param>
/// <param name="WithCallees">Where it or what it called was running.</param>
internal sealed record HotMethod(string Name, double Own, double WithCallees);

/// <summary>Where a .NET process spends its processor time: its stacks are sampled about a thousand times a second.</summary>
internal static class HotMethods
{
    private const int BufferMegabytes = 256;

    // A thread that waits in managed code is sampled like one that works.
    private static readonly string[] Waits =
    [
        "System.Threading.LowLevelLifoSemaphore.",
        "System.Threading.WaitHandle.",
        "System.Threading.Monitor.Wait",
        "System.Threading.Thread.<PollGC>",
        "System.Threading.Thread.Sleep",
        "System.Net.Sockets.SocketAsyncEngine.EventLoop",
    ];

    /// <summary>The methods that ran most of the time, the slowest first.</summary>
    /// <param name="client">The process.</param>
    /// <param name="time">How long it is watched.</param>
    /// <param name="most">How many methods.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The methods, and how many samples were at work.</returns>
    public static async Task<(IReadOnlyList<HotMethod> Methods, int Samples)> ReadAsync(
        DiagnosticsClient client,
        TimeSpan time,
        int most,
        TimeProvider clock,
        CancellationToken cancellationToken
    )
    {
        var folder = Directory.CreateTempSubdirectory("fairlead-profile-");
        try
        {
            var file = Path.Combine(folder.FullName, "trace.nettrace");
            await RecordAsync(client, file, time, clock, cancellationToken);
            return await Task.Run(() => Read(file, most), cancellationToken);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task RecordAsync(
        DiagnosticsClient client,
        string file,
        TimeSpan time,
        TimeProvider clock,
        CancellationToken cancellationToken
    )
    {
        using var session = await client.StartEventPipeSessionAsync(
            [
                new EventPipeProvider("Microsoft-DotNETCore-SampleProfiler", EventLevel.Informational),
                new EventPipeProvider(
                    "Microsoft-Windows-DotNETRuntime",
                    EventLevel.Informational,
                    (long)ClrTraceEventParser.Keywords.Default
                ),
            ],
            // Names of methods come at the end of the stream.
            requestRundown: true,
            BufferMegabytes,
            cancellationToken
        );
        await using var stream = File.Create(file);
        // The second ends the stream that the first copies.
        await Task.WhenAll(
            session.EventStream.CopyToAsync(stream, cancellationToken),
            EndAsync(session, time, clock, cancellationToken)
        );
    }

    private static async Task EndAsync(
        EventPipeSession session,
        TimeSpan time,
        TimeProvider clock,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await Task.Delay(time, clock, cancellationToken);
        }
        finally
        {
            await session.StopAsync(CancellationToken.None);
        }
    }

    private static (IReadOnlyList<HotMethod> Methods, int Samples) Read(string file, int most)
    {
        using var log = new TraceLog(
            TraceLog.CreateFromEventPipeDataFile(file, null, new TraceLogOptions { ContinueOnError = true })
        );
        var own = new Dictionary<string, int>(StringComparer.Ordinal);
        var all = new Dictionary<string, int>(StringComparer.Ordinal);
        var samples = 0;
        foreach (var happened in log.Events)
        {
            // External is native code: nearly always a wait.
            if (
                happened is not ClrThreadSampleTraceData { Type: ClrThreadSampleType.Managed } sample
                || Frames(sample) is not { Count: > 0 } frames
            )
                continue;
            if (Waits.Any(w => frames[0].StartsWith(w, StringComparison.Ordinal)))
                continue;
            samples++;
            own[frames[0]] = own.GetValueOrDefault(frames[0]) + 1;
            foreach (var frame in frames.Distinct())
                all[frame] = all.GetValueOrDefault(frame) + 1;
        }
        return (
            [
                .. own.OrderByDescending(m => m.Value)
                    .ThenBy(m => m.Key, StringComparer.Ordinal)
                    .Take(most)
                    .Select(m => new HotMethod(m.Key, Share(m.Value), Share(all[m.Key]))),
            ],
            samples
        );

        double Share(int count) => Math.Round(100.0 * count / samples, 1);
    }

    private static List<string> Frames(ClrThreadSampleTraceData sample)
    {
        var frames = new List<string>();
        for (var at = sample.CallStack(); at is not null; at = at.Caller)
        {
            if (at.CodeAddress.FullMethodName is { Length: > 0 } name)
                frames.Add(name);
        }
        return frames;
    }
}
