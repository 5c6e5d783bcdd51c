// An MCP service that does as little as a correct one can: the floor of what a call costs.
//   EchoService --url http://127.0.0.1:PORT   /legacy/mcp (2025-11-25), /modern/mcp (2026-07-28), /many/mcp (legacy, N tools)
//   EchoService --stdio                       2025-11-25 over standard input and output
//   --tools N                                 tools that /many/mcp lists; default 1000
using System.Globalization;
using EchoService;

var tools = Value("--tools") is { } n ? int.Parse(n, CultureInfo.InvariantCulture) : 1000;
if (args.Contains("--stdio"))
{
    StdioFace.Run(new Echo("echo_stdio", isModern: false));
    return;
}
await HttpFace.RunAsync(
    Value("--url") ?? throw new ArgumentException("--url or --stdio is missing"),
    new Dictionary<string, Echo>(StringComparer.Ordinal)
    {
        ["/legacy/mcp"] = new("echo_legacy", isModern: false),
        ["/modern/mcp"] = new("echo_modern", isModern: true),
        ["/many/mcp"] = new("echo_many", isModern: false, tools),
    }
);

string? Value(string name)
{
    var at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
}
