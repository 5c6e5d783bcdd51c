using Fairlead.Runtime;
using Fairlead.Runtime.Victim;
using Microsoft.Extensions.Logging.Abstractions;

// A stand-in for the gateway that a test kills: starts each argument as an sh script, says so, and waits.
// usage: Fairlead.Runtime.Victim MARK SCRIPT...
await using var host = new ProcessHost(
    new ProcessHostOptions { InstanceMark = args[0] },
    TimeProvider.System,
    NullLogger.Instance
);
foreach (var script in args[1..])
{
    var spec = new ProcessSpec
    {
        Name = "victim",
        Command = "sh",
        Arguments = ["-c", script],
    };
    var process = await host.StartAsync(spec, new Silence(), CancellationToken.None);
    await process.Spoke;
}
Console.WriteLine($"ready {host.GuardianPid}");
await Console.In.ReadToEndAsync();
