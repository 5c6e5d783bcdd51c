// The same tools twice, in two processes:
//   NativeHost --bare --url URL                                       minimal API endpoints, nothing else
//   NativeHost --gateway --url URL --data FOLDER --config FILE [--no-log]   the whole gateway with the tools in it
// --no-log drops each row of the call log where it would be handed over: what the log costs is the difference.
using NativeHost;

var run = args.Contains("--bare")
    ? BareFace.RunAsync(Value("--url"))
    : GatewayFace.RunAsync(Value("--url"), Value("--data"), Value("--config"), logs: !args.Contains("--no-log"));
await run;

string Value(string name)
{
    var at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : throw new ArgumentException($"{name} is missing");
}
