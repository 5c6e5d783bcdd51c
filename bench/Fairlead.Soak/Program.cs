// Twenty services, eight of them as bad as services get, are stopped, started and killed for ten minutes, the gateway
// once too: nothing may be left over, and the healthy ones may not notice.
//   Fairlead.Soak --url URL --data FOLDER --key KEY --password TEXT [--minutes 10] [--cycles 1000] -- COMMAND...
// COMMAND starts the gateway; "{config}" in it becomes the file with the services.
using System.Globalization;
using Fairlead.Client;
using Fairlead.Soak;

var end = Array.IndexOf(args, "--");
var own = args[..end];
try
{
    var run = new SoakRun(
        new Uri(Value("--url")),
        Value("--key"),
        Value("--password"),
        TimeSpan.FromMinutes(double.Parse(Value("--minutes", "10"), CultureInfo.InvariantCulture)),
        int.Parse(Value("--cycles", "1000"), CultureInfo.InvariantCulture)
    );
    return await run.RunAsync(args[(end + 1)..]);
}
catch (Exception e)
    when (e
            is SoakFailedException
                or ArgumentException
                or TimeoutException
                or HttpRequestException
                or FairleadApiException
    )
{
    await Console.Error.WriteLineAsync($"FAILED: {e.Message}");
    return 1;
}

string Value(string name, string? otherwise = null)
{
    var at = Array.IndexOf(own, name);
    return at >= 0 && at + 1 < own.Length
        ? own[at + 1]
        : otherwise ?? throw new ArgumentException($"{name} is missing");
}
