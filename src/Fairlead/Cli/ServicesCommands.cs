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
            DefinitionCommands.Add(verbs),
            DefinitionCommands.Update(verbs),
            ImportCommand.Build(verbs),
            RegistryCommands.Search(verbs),
            DefinitionCommands.Export(verbs),
            Start(verbs),
            Stop(verbs),
            Restart(verbs),
            ServiceHealthCommands.Check(verbs),
            ServiceHealthCommands.Wait(verbs),
            ServiceHealthCommands.Logs(verbs),
            Remove(verbs),
            ReviewsCommands.Build(verbs),
        };
    }

    public static Argument<string> NameArgument() => new("NAME") { Description = "Name or id of the service" };

    private static Command List(GatewayVerbs verbs)
    {
        var status = new Option<string?>("--status") { Description = "Only those in this state", HelpName = "STATUS" };
        status.AcceptOnlyFromAmong(ServiceView.States);
        var page = new PageOptions();
        return verbs.Verb(
            "list",
            "List all services and how they are doing.",
            [status, .. page.All],
            async (session, parsed, cancellationToken) =>
            {
                var services = await page.TakeAsync(
                    parsed,
                    session.Client.Services.ListAsync(parsed.GetValue(status), cancellationToken),
                    cancellationToken
                );
                if (session.Output.IsJson)
                    session.Output.Json(services, CliJson.Default.IReadOnlyListServiceInfo);
                else
                    session.Output.Table(
                        parsed.GetValue(status) is { } wanted
                            ? $"No service is {wanted}."
                            : "No services here: 'fairlead services add' registers one, 'fairlead services import' a file, a bundle or one of a registry.",
                        ServiceView.Columns,
                        services.Select(ServiceView.Row)
                    );
                return ExitCode.Ok;
            }
        );
    }

    private static Command Show(GatewayVerbs verbs)
    {
        var name = NameArgument();
        var command = verbs.Verb(
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
        command.Aliases.Add("info");
        return command;
    }

    private static Command Start(GatewayVerbs verbs) =>
        Change(
            verbs,
            "start",
            "Start services and wait until they run.",
            [],
            async (session, _, before, cancellationToken) =>
                (
                    await session.Client.Services.StartAsync(before.Id, cancellationToken),
                    // One that runs already is done; an old error is not the answer to this start.
                    before.Status == ServiceStatus.Error
                        ? before
                        : null
                )
        );

    private static Command Stop(GatewayVerbs verbs)
    {
        var force = new Option<bool>("--force") { Description = "End them at once instead of asking them first" };
        return Change(
            verbs,
            "stop",
            "Stop services until they are started again, and wait until they are gone.",
            [force],
            async (session, parsed, before, cancellationToken) =>
                (
                    await session.Client.Services.StopAsync(before.Id, parsed.GetValue(force), cancellationToken),
                    before.Status == ServiceStatus.Error ? before : null
                ),
            // In reverse order of registration (S-13).
            reverse: true
        );
    }

    private static Command Restart(GatewayVerbs verbs) =>
        Change(
            verbs,
            "restart",
            "Stop and start services, and wait until they run.",
            [],
            async (session, _, before, cancellationToken) =>
                (await session.Client.Services.RestartAsync(before.Id, cancellationToken), before)
        );

    private static Command Change(
        GatewayVerbs verbs,
        string verb,
        string description,
        IReadOnlyList<Option> options,
        Func<Session, ParseResult, ServiceInfo, CancellationToken, Task<(ServiceInfo, ServiceInfo?)>> ask,
        bool reverse = false
    )
    {
        var names = new ServiceNames();
        var wait = new WaitOptions();
        return names.On(
            verbs.Verb(
                verb,
                description,
                [.. names.Symbols, .. options, .. wait.All],
                async (session, parsed, cancellationToken) =>
                {
                    var services = await names.FindAsync(session, parsed, cancellationToken);
                    List<(ServiceInfo, ServiceInfo?)> asked = [];
                    foreach (var service in reverse ? services.Reverse() : services)
                        asked.Add(await ask(session, parsed, service, cancellationToken));
                    return await wait.FinishAsync(session, parsed, asked, names.IsSingle(parsed), cancellationToken);
                }
            )
        );
    }

    private static Command Remove(GatewayVerbs verbs)
    {
        var names = new ServiceNames();
        var confirm = new ConfirmOption();
        return names.On(
            verbs.Verb(
                "remove",
                "Stop and remove services; their tools leave all groups.",
                [.. names.Symbols, confirm.Option],
                async (session, parsed, cancellationToken) =>
                {
                    var services = await names.FindAsync(session, parsed, cancellationToken);
                    if (services.Count > 0)
                        await confirm.AskAsync(
                            session,
                            parsed,
                            $"This removes {string.Join(", ", services.Select(s => s.Name))}, also from all groups.",
                            cancellationToken
                        );
                    List<ServiceInfo> removed = [];
                    foreach (var service in services.Reverse())
                        removed.Add(await session.Client.Services.DeleteAsync(service.Id, cancellationToken));
                    if (!session.Output.IsJson)
                        removed.ForEach(service => session.Output.Line($"{service.Name} is removed"));
                    else if (names.IsSingle(parsed))
                        session.Output.Json(removed[0], CliJson.Default.ServiceInfo);
                    else
                        session.Output.Json(removed, CliJson.Default.IReadOnlyListServiceInfo);
                    return ExitCode.Ok;
                }
            )
        );
    }
}
