namespace Fairlead.Server.Services.Import;

/// <summary>
/// Programs that only carry a client without HTTP to an address: <c>npx mcp-remote URL --header "K: V"</c>. The gateway
/// speaks HTTP itself, so the address is registered and the program is not needed.
/// </summary>
internal static class McpRemote
{
    private static readonly string[] Runners = ["npx", "bunx", "pnpx"];

    /// <summary>Options of <c>mcp-remote</c> that take a value and mean nothing here.</summary>
    private static readonly string[] Valued =
    [
        "--host",
        "--resource",
        "--static-oauth-client-metadata",
        "--ignore-tool",
    ];

    public static void Unwrap(EntryFields entry)
    {
        WithoutShell(entry);
        if (entry.Command is null || !Runners.Contains(Program(entry.Command)))
            return;
        var at = entry
            .Args.ToList()
            .FindIndex(a => a == "mcp-remote" || a.StartsWith("mcp-remote@", StringComparison.Ordinal));
        if (at < 0 || entry.Args.Take(at).Any(a => !a.StartsWith('-')))
            return;
        string? url = null;
        string? type = null;
        List<KeyValuePair<string, string>> headers = [];
        for (var i = at + 1; i < entry.Args.Length; i++)
        {
            var arg = entry.Args[i];
            var next = i + 1 < entry.Args.Length ? entry.Args[i + 1] : "";
            switch (arg)
            {
                case "--header":
                    if (next.Split(':', 2) is [var name, var value])
                        headers.Add(new(name.Trim(), FromEnv(value.Trim(), entry.Env)));
                    else
                        entry.Problem("args", "has a --header of mcp-remote that is not NAME: VALUE");
                    i++;
                    break;
                case "--transport":
                    type = next switch
                    {
                        "http-only" => "http",
                        "sse-only" => "sse",
                        _ => "auto",
                    };
                    i++;
                    break;
                default:
                    if (Valued.Contains(arg))
                        i++;
                    else if (!arg.StartsWith('-'))
                        url ??= arg;
                    break;
            }
        }
        if (url is not null)
            entry.Unwrap(url, type ?? "auto", headers);
    }

    // cmd /c npx …, as files written on Windows have it.
    private static void WithoutShell(EntryFields entry)
    {
        if (
            entry.Command is { } command
            && Program(command) == "cmd"
            && entry.Args is [var flag, var program, .. var rest]
            && flag.Equals("/c", StringComparison.OrdinalIgnoreCase)
        )
            (entry.Command, entry.Args) = (program, [.. rest]);
    }

    // Spaces in arguments break on Windows, so files put the header's value into the environment.
    private static string FromEnv(string value, Dictionary<string, string> env)
    {
        foreach (var (name, text) in env)
            value = value.Replace($"${{{name}}}", text, StringComparison.Ordinal);
        return value;
    }

    private static string Program(string command)
    {
        var name = command.Split('/', '\\')[^1].ToLowerInvariant();
        return name.EndsWith(".exe", StringComparison.Ordinal) || name.EndsWith(".cmd", StringComparison.Ordinal)
            ? name[..^4]
            : name;
    }
}
