using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd;

/// <summary>
/// <c>bench/native.sh</c> works, with programs that were built with the tests: all its answers are right, each call has its
/// row in the log, and a target that is missed is told by the exit code.
/// </summary>
[Trait("Category", "slow")]
public sealed class BenchScriptTests
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../.."));

    [Fact]
    public async Task Native_Quick_ChecksAnswersAndRows()
    {
        var (code, output) = await RunAsync("--quick", "--seconds", "0.3");
        code.ShouldBe(0, output);
        output.ShouldContain("Call log:");
        foreach (
            var target in (string[])["bare-sum ", "sum ", "sum_cached ", "measure ", "sum-stateless ", "sum-unlogged "]
        )
            output.ShouldContain(target);
        output.ShouldNotContain("MISS");
    }

    [Fact]
    public async Task Native_AMissedTarget_IsTold()
    {
        var (code, output) = await RunAsync([
            "--calls",
            "--targets",
            "bare-sum,sum,sum-unlogged",
            "--payloads",
            "100",
            "--rounds",
            "1",
            "--seconds",
            "0.3",
            "--limits",
            "0.01",
        ]);
        code.ShouldBe(3, output);
        output.ShouldContain("MISS  sum, 100 B");
        output.ShouldContain("missed");
    }

    private static async Task<(int Code, string Output)> RunAsync(params string[] options)
    {
        var info = new ProcessStartInfo("bash", ["bench/native.sh", "--no-build", .. options])
        {
            WorkingDirectory = Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        info.Environment["FAIRLEAD_BENCH_PORT"] = $"{FreePorts(3)}";
        using var process = Process.Start(info)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + await errors);
    }

    /// <summary>The first of so many free ports in a row.</summary>
    private static int FreePorts(int count)
    {
        while (true)
        {
            var listeners = new List<TcpListener>();
            try
            {
                listeners.Add(new TcpListener(IPAddress.Loopback, 0));
                listeners[0].Start();
                var first = ((IPEndPoint)listeners[0].LocalEndpoint).Port;
                for (var i = 1; i < count; i++)
                {
                    listeners.Add(new TcpListener(IPAddress.Loopback, first + i));
                    listeners[i].Start();
                }
                return first;
            }
            catch (SocketException)
            {
                // One of them is taken: others are tried.
            }
            finally
            {
                listeners.ForEach(static l => l.Stop());
            }
        }
    }
}
