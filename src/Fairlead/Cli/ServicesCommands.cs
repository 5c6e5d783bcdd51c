using System.CommandLine;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary><c>fairlead services …</c></summary>
internal static class ServicesCommands
{
    public static Command Build(Terminal terminal)
    {
        var verbs = new GatewayVerbs(terminal);
        return new Command("services", "Upstream MCP servers.")
        {
            List(verbs),
            Show(verbs),
            AddCommand.Build(verbs),
            ImportCommand.Build(verbs),
            Start(verbs),
            Stop(verbs),
            Restart(verbs),
            Remove(verbs),
        };
    }

    private static Argument<string> NameArgument() => new("NAME") { Description = "Name or id of the service" };

    private static Command List(GatewayVerbs verbs) =>
        verbs.Verb(
            "list",
            "List all services and how they are doing.",
            [],
            async (session, _, cancellationToken) =>
            {
                List<ServiceInfo> all = [];
                await foreach (var service in session.Client.Services.ListAsync(null, cancellationToken))
                    all.Add(service);
                if (session.Output.IsJson)
                    session.Output.Json(all, CliJson.Default.IReadOnlyListServiceInfo);
                else
                    session.Output.Table(
                        "No services yet: 'fairlead services add' registers one, 'fairlead services import' a file.",
                        ServiceView.Columns,
                        all.Select(ServiceView.Row)
                    );
                return ExitCode.Ok;
            }
        );

    private static Command Show(GatewayVerbs verbs)
    {
        var name = NameArgument();
        return verbs.Verb(
            "show",
            "Show one service: its state, definition, tools and last words.",
            [name],
            async (session, parsed, cancellationToken) =>
            {
                var service = await session.Client.Services.GetAsync(parsed.GetRequiredValue(name), cancellationToken);
                ServiceView.Print(session.Output, service);
                return ExitCode.Ok;
            }
        );
    }

    private static Command Start(GatewayVerbs verbs)
    {
        var name = NameArgument();
        var wait = new WaitOptions();
        return verbs.Verb(
            "start",
            "Start a service and wait until it runs.",
            [name, .. wait.All],
            async (session, parsed, cancellationToken) =>
            {
                var service = parsed.GetRequiredValue(name);
                var before = await session.Client.Services.GetAsync(service, cancellationToken);
                var asked = await session.Client.Services.StartAsync(service, cancellationToken);
                // One that runs already is done; an old error is not the answer to this start.
                var leave = before.Status == ServiceStatus.Error ? before : null;
                return await wait.FinishAsync(session, parsed, asked, leave, cancellationToken);
            }
        );
    }

    private static Command Stop(GatewayVerbs verbs)
    {
        var name = NameArgument();
        var force = new Option<bool>("--force") { Description = "End it at once instead of asking it first" };
        var wait = new WaitOptions();
        return verbs.Verb(
            "stop",
            "Stop a service until it is started again, and wait until it is gone.",
            [name, force, .. wait.All],
            async (session, parsed, cancellationToken) =>
            {
                var service = parsed.GetRequiredValue(name);
                var before = await session.Client.Services.GetAsync(service, cancellationToken);
                var asked = await session.Client.Services.StopAsync(service, parsed.GetValue(force), cancellationToken);
                var leave = before.Status == ServiceStatus.Error ? before : null;
                return await wait.FinishAsync(session, parsed, asked, leave, cancellationToken);
            }
        );
    }

    private static Command Restart(GatewayVerbs verbs)
    {
        var name = NameArgument();
        var wait = new WaitOptions();
        return verbs.Verb(
            "restart",
            "Stop and start a service, and wait until it runs.",
            [name, .. wait.All],
            async (session, parsed, cancellationToken) =>
            {
                var service = parsed.GetRequiredValue(name);
                var before = await session.Client.Services.GetAsync(service, cancellationToken);
                var asked = await session.Client.Services.RestartAsync(service, cancellationToken);
                return await wait.FinishAsync(session, parsed, asked, before, cancellationToken);
            }
        );
    }

    private static Command Remove(GatewayVerbs verbs)
    {
        var name = NameArgument();
        return verbs.Verb(
            "remove",
            "Stop and remove a service; its tools leave all groups.",
            [name],
            async (session, parsed, cancellationToken) =>
            {
                var removed = await session.Client.Services.DeleteAsync(
                    parsed.GetRequiredValue(name),
                    cancellationToken
                );
                if (session.Output.IsJson)
                    session.Output.Json(removed, CliJson.Default.ServiceInfo);
                else
                    session.Output.Line($"{removed.Name} is removed");
                return ExitCode.Ok;
            }
        );
    }
}
