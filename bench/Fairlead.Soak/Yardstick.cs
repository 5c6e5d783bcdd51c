using System.Diagnostics;

namespace Fairlead.Soak;

/// <summary>
/// What the machine itself does to a call: a shell like that of the services, asked over a bare pipe at the same pace, with
/// no gateway in between. What chaos adds here no gateway could keep from its callers.
/// </summary>
internal sealed class Yardstick : IDisposable
{
    private const string Call = """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"yardstick_tool"}}""";
    private readonly Process shell = Process.Start(
        new ProcessStartInfo("sh", ["-c", SoakService.Serve, "sh", "yardstick"])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        }
    )!;

    /// <summary>Asks until the phase is over, on a thread of its own.</summary>
    /// <returns>Milliseconds of each call.</returns>
    public Task<List<double>> RunAsync(CancellationToken end) =>
        Task.Factory.StartNew(() => Loop(end), end, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    public void Dispose()
    {
        shell.StandardInput.Close();
        shell.WaitForExit();
        shell.Dispose();
    }

    private List<double> Loop(CancellationToken end)
    {
        var times = new List<double>();
        do
        {
            var since = Stopwatch.GetTimestamp();
            shell.StandardInput.WriteLine(Call);
            shell.StandardInput.Flush();
            _ = shell.StandardOutput.ReadLine();
            times.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
        } while (!end.WaitHandle.WaitOne(Callers.Pace));
        return times;
    }
}
