using System.Diagnostics;
using System.Net.Sockets;

namespace Fairlead.Load;

/// <summary>From the start of the process to the answer of a native tool, on an existing store.</summary>
internal static class StartMeasure
{
    private const double LimitSeconds = 1;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var seconds = new List<double>();
        for (var i = 0; i < arguments.Number("--times", 3); i++)
            seconds.Add(await OnceAsync(arguments));
        var verdict = new Verdict("start to first call of a native tool", Verdict.Median(seconds), LimitSeconds, "s");
        Console.WriteLine(verdict.Line);
        return verdict.Passed ? 0 : 3;
    }

    private static async Task<double> OnceAsync(Arguments arguments)
    {
        var info = new ProcessStartInfo(arguments.Command[0], arguments.Command[1..])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var begun = Stopwatch.GetTimestamp();
        using var process = Process.Start(info)!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            var target = new Target(
                "start",
                new Endpoint(new Uri(arguments.Required("--url")), process.Id),
                "/mcp",
                "add",
                IsModern: true
            )
            {
                Key = arguments.Required("--key"),
                IsNative = true,
            };
            while (!await TryCallAsync(target))
            {
                if (process.HasExited || Stopwatch.GetElapsedTime(begun) > Patience)
                    throw new BrokenRunException("the gateway did not answer after its start");
                await Task.Delay(Pause, TimeProvider.System);
            }
            return Stopwatch.GetElapsedTime(begun).TotalSeconds;
        }
        finally
        {
            ProcessTree.Terminate(process.Id);
            if (!process.WaitForExit(Patience))
                process.Kill();
        }
    }

    private static async Task<bool> TryCallAsync(Target target)
    {
        try
        {
            using var client = await Client.OpenAsync(target);
            await client.PrepareAsync(target.PayloadOf(100));
            return true;
        }
        catch (Exception e) when (e is SocketException or BrokenRunException)
        {
            return false;
        }
    }
}
