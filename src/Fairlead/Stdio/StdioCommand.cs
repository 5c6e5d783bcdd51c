using System.CommandLine;
using Fairlead.Cli;
using Fairlead.Serve;

namespace Fairlead.Stdio;

/// <summary><c>fairlead stdio</c>: what a desktop client starts (P-113).</summary>
internal static class StdioCommand
{
    public static Command Build(Terminal terminal)
    {
        var group = new Option<string?>("--group")
        {
            Description = "Server code of the group [the group of FAIRLEAD_KEY, else default]",
            HelpName = "CODE",
        };
        var inProcess = new Option<bool>("--in-process")
        {
            Description = "Run the gateway in this process instead of bridging to a running one",
        };
        var data = new Option<string?>("--data")
        {
            Description = "With --in-process: folder of the store. Default ./data.",
        };
        var mcpConfig = new Option<string?>("--mcp-config")
        {
            Description = "With --in-process: an mcpServers file; imported when the store is empty.",
        };
        var config = new Option<string?>("--config") { Description = "With --in-process: a JSON file of settings." };
        var command = new GatewayVerbs(terminal).Verb(
            "stdio",
            "Serve a desktop client on standard input and output, through a running gateway. The key comes from "
                + "FAIRLEAD_KEY, or is looked up with what 'fairlead login' kept.",
            [group, inProcess, data, mcpConfig, config],
            async (session, parsed, cancellationToken) =>
            {
                if (parsed.GetValue(inProcess))
                    return await ServeCommand.RunAsync(
                        new ServeSettings(
                            ServeCommand.DefaultUrl,
                            parsed.GetValue(data),
                            parsed.GetValue(mcpConfig),
                            parsed.GetValue(config),
                            parsed.GetValue(group) ?? "default"
                        ),
                        cancellationToken
                    );
                return await BridgeAsync(session, parsed.GetValue(group), cancellationToken);
            }
        );
        command.Validators.Add(result =>
        {
            if (result.GetValue(inProcess))
                return;
            if (
                result.GetValue(data) is not null
                || result.GetValue(mcpConfig) is not null
                || result.GetValue(config) is not null
            )
                result.AddError("--data, --mcp-config and --config go with --in-process.");
        });
        return command;
    }

    private static async Task<int> BridgeAsync(Session session, string? group, CancellationToken cancellationToken)
    {
        var terminal = session.Terminal;
        void Tell(string what) => terminal.Error.WriteLine($"fairlead stdio: {what}");
        using var http = new HttpClient(
            new SocketsHttpHandler
            {
                // A redirect would take what the client says to another machine.
                AllowAutoRedirect = false,
                UseCookies = false,
                UseProxy = !session.Server.IsLoopback,
            }
        )
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        var endpoint = new Uri(session.Server, group is null ? "mcp" : $"mcp/{Uri.EscapeDataString(group)}");
        var link = new GatewayLink(http, endpoint, KeyOf(session, group), terminal.Time, Tell);
        var client = new ClientLine(Console.OpenStandardInput(), Console.OpenStandardOutput());
        await new StdioBridge(link, client, terminal.Time, Tell).RunAsync(cancellationToken);
        return ExitCode.Ok;
    }

    /// <summary>The key as given; else looked up when first needed, by when the gateway is there.</summary>
    private static Func<CancellationToken, ValueTask<string>> KeyOf(Session session, string? group)
    {
        if (session.Terminal.Variable("FAIRLEAD_KEY") is { } given)
            return _ => ValueTask.FromResult(given);
        string? known = null;
        return async cancellationToken =>
            known ??= (await GroupKeys.FindAsync(session, group ?? "default", cancellationToken)).Key;
    }
}
