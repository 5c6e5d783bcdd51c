using System.Diagnostics;

namespace Fairlead.Load;

/// <summary>CPU of one <c>tools/list</c> of a large group, in either era.</summary>
internal static class ListMeasure
{
    private const double LimitMs = 0.5;
    private static readonly TimeSpan Warm = TimeSpan.FromSeconds(4); // the runtime compiles the path in the background
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private const int Calls = 2000;

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var tools = arguments.Number("--tools", 1000);
        var missed = false;
        foreach (var isModern in (bool[])[false, true])
        {
            var name = isModern ? "modern" : "legacy";
            var target = new Target(name, arguments.Endpoint("--gateway"), "/mcp", "", isModern)
            {
                Key = arguments.Required("--key"),
            };
            using var client = await Client.OpenAsync(target);
            var bytes = 0;
            await UntilListedAsync(() =>
                client.PrepareAsync(
                    "tools/list",
                    null,
                    "",
                    result =>
                    {
                        bytes = result.GetRawText().Length;
                        return result.GetProperty("tools").GetArrayLength() >= tools;
                    }
                )
            );
            var begun = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(begun) < Warm)
                await client.CallAsync();
            var cpu = ProcessTree.TreeCpu(target.Endpoint.Pid);
            for (var i = 0; i < Calls; i++)
                await client.CallAsync();
            // Rows of the call log are written within a second.
            await Task.Delay(TimeSpan.FromSeconds(1.2), TimeProvider.System);
            cpu = (ProcessTree.TreeCpu(target.Endpoint.Pid) - cpu) / Calls / 1000;
            var verdict = new Verdict($"tools/list of {tools} tools, {name}, {bytes} bytes: CPU", cpu, LimitMs, "ms");
            Console.WriteLine(verdict.Line);
            missed |= !verdict.Passed;
            await client.CloseAsync();
        }
        return missed ? 3 : 0;
    }

    // A gateway that has just started answers with what is ready: the list grows by itself.
    private static async Task UntilListedAsync(Func<Task> prepare)
    {
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                await prepare();
                return;
            }
            catch (BrokenRunException) when (Stopwatch.GetElapsedTime(since) < Patience)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
            }
        }
    }
}
