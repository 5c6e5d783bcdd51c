using System.CommandLine;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary><c>fairlead services …</c></summary>
internal static class ServicesCommands
{
    // What the gateway waits at most in one request.
    private static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(90);

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
            OpenApiCommand.Build(verbs),
            RegistryCommands.Search(verbs),
            DefinitionCommands.Export(verbs),
            Start(verbs),
            Stop(verbs),
            Restart(verbs),
            ServiceHealthCommands.Check(verbs),
            ServiceHealthCommands.Health(verbs),
            ServiceHealthCommands.Events(verbs),
            ServiceHealthCommands.Wait(verbs),
            ServiceHealthCommands.Logs(verbs),
            Remove(verbs),
            CapabilityCommands.List(verbs),
            CapabilityCommands.Changes(verbs),
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
            "Start services and what they depend on, dependencies first, and wait until they run.",
            [],
            static (session, _, services, _, cancellationToken) =>
                session.Client.Services.StartSeveralAsync(Ids(services), TimeSpan.Zero, cancellationToken),
            // One that runs already is done; an old error is not the answer to this start.
            static before =>
                before.Status == ServiceStatus.Error
        );

    private static Command Stop(GatewayVerbs verbs)
    {
        var force = new Option<bool>("--force") { Description = "End them at once instead of asking them first" };
        return Change(
            verbs,
            "stop",
            "Stop services until they are started again, those that depend on others first, and wait until they are gone.",
            [force],
            (session, parsed, services, limit, cancellationToken) =>
                StopAsync(session, services, parsed.GetValue(force), limit, cancellationToken),
            static before => before.Status == ServiceStatus.Error
        );
    }

    private static Command Restart(GatewayVerbs verbs) =>
        Change(
            verbs,
            "restart",
            "Stop and start services, in the order of their dependencies, and wait until they run.",
            [],
            static async (session, _, services, limit, cancellationToken) =>
            {
                if (services is [var only])
                {
                    await session.Client.Services.RestartAsync(only.Id, cancellationToken);
                    return [];
                }
                await StopAsync(session, services, force: false, limit, cancellationToken);
                return await session.Client.Services.StartSeveralAsync(Ids(services), TimeSpan.Zero, cancellationToken);
            },
            static _ => true
        );

    private static Task<IReadOnlyList<ServiceOutcome>> StopAsync(
        Session session,
        IReadOnlyList<ServiceInfo> services,
        bool force,
        TimeSpan limit,
        CancellationToken cancellationToken
    ) =>
        session.Output.WhileAsync(
            $"Stopping {string.Join(", ", services.Select(s => s.Name))}",
            _ =>
                session.Client.Services.StopSeveralAsync(
                    Ids(services),
                    force,
                    limit < LongestStop ? limit : LongestStop,
                    cancellationToken
                )
        );

    private static List<string> Ids(IReadOnlyList<ServiceInfo> services) => [.. services.Select(s => s.Id)];

    /// <param name="verbs">Makes the command.</param>
    /// <param name="verb">Its name.</param>
    /// <param name="description">Its help.</param>
    /// <param name="options">Its own options.</param>
    /// <param name="ask">
    /// Asks the gateway; gets the services as they were and how long to wait. Its outcomes tell the order of the result.
    /// </param>
    /// <param name="isLeft">Whether a service in a state is to be seen in another one before it is done.</param>
    private static Command Change(
        GatewayVerbs verbs,
        string verb,
        string description,
        IReadOnlyList<Option> options,
        Func<
            Session,
            ParseResult,
            IReadOnlyList<ServiceInfo>,
            TimeSpan,
            CancellationToken,
            Task<IReadOnlyList<ServiceOutcome>>
        > ask,
        Func<ServiceInfo, bool> isLeft
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
                    if (services.Count > 0)
                    {
                        var outcomes = await ask(session, parsed, services, wait.Limit(parsed), cancellationToken);
                        var order = outcomes.Select(o => o.Name).ToList();
                        services = [.. services.OrderBy(s => order.IndexOf(s.Name))];
                    }
                    var asked = await Task.WhenAll(
                        services.Select(async before =>
                            (
                                (ServiceInfo)await session.Client.Services.GetAsync(before.Id, cancellationToken),
                                isLeft(before) ? before : null
                            )
                        )
                    );
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
