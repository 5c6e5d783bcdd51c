namespace Fairlead.Load;

/// <summary>Memory of idle legacy sessions: resident memory before and after they were opened.</summary>
internal static class SessionMeasure
{
    private const double LimitKiB = 20;
    private const double IdleLimitMiB = 150;
    private const int Warm = 100;
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(3);

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var target = new Target("sessions", arguments.Endpoint("--gateway"), "/mcp", "", IsModern: false)
        {
            Key = arguments.Required("--key"),
        };
        var count = arguments.Number("--count", 1000);
        var pid = target.Endpoint.Pid;
        await Task.Delay(Rest, TimeProvider.System);
        var idle = new Verdict("idle RSS of the gateway", ProcessTree.Rss(pid) / 1048576.0, IdleLimitMiB, "MiB");
        Console.WriteLine(idle.Line);
        // What the first sessions compile and load is not the price of a session.
        for (var i = 0; i < Warm; i++)
        {
            var client = await Client.OpenAsync(target);
            await client.CloseAsync();
        }
        await Task.Delay(Rest, TimeProvider.System);
        var before = ProcessTree.Rss(pid);
        for (var i = 0; i < count; i++)
        {
            // The client leaves, its session stays.
            using var client = await Client.OpenAsync(target);
        }
        await Task.Delay(Rest, TimeProvider.System);
        var each = (ProcessTree.Rss(pid) - before) / 1024.0 / count;
        var verdict = new Verdict($"{count} idle legacy sessions: memory of each", each, LimitKiB, "KiB");
        Console.WriteLine(verdict.Line);
        return idle.Passed && verdict.Passed ? 0 : 3;
    }
}
