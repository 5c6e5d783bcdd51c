using System.CommandLine;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary><c>fairlead services capabilities</c> and <c>changes</c>.</summary>
internal static class CapabilityCommands
{
    public static Command List(GatewayVerbs verbs)
    {
        var name = NameArgument();
        var kind = Choice("--kind", "Only of this kind", "KIND", "tool", "prompt", "resource", "resource_template");
        var state = Choice("--state", "Only in this state", "STATE", "served", "held", "pending");
        var page = new PageOptions();
        return verbs.Verb(
            "capabilities",
            "List what services offer: tools, prompts, resources and resource templates, published or not.",
            [name, kind, state, .. page.All],
            async (session, parsed, cancellationToken) =>
            {
                var found = await page.TakeAsync(
                    parsed,
                    session.Client.Services.ListCapabilitiesAsync(
                        parsed.GetValue(name),
                        parsed.GetValue(kind),
                        parsed.GetValue(state),
                        cancellationToken
                    ),
                    cancellationToken
                );
                if (session.Output.IsJson)
                    session.Output.Json(found, CliJson.Default.IReadOnlyListCapability);
                else
                    session.Output.Table(
                        "Nothing of that kind is offered.",
                        ["SERVICE", "KIND", "NAME", "STATE", "CHANGED"],
                        found.Select(c =>
                            (string[])
                                [c.Service, c.Kind, c.Name, c.State, c.ChangedAt is { } at ? ServiceView.Time(at) : ""]
                        )
                    );
                return ExitCode.Ok;
            }
        );
    }

    public static Command Changes(GatewayVerbs verbs)
    {
        var name = NameArgument();
        var page = new PageOptions();
        return verbs.Verb(
            "changes",
            "List what became of the lists of services, the newest first.",
            [name, .. page.All],
            async (session, parsed, cancellationToken) =>
            {
                var found = await page.TakeAsync(
                    parsed,
                    session.Client.Services.ListCapabilityChangesAsync(parsed.GetValue(name), cancellationToken),
                    cancellationToken
                );
                if (session.Output.IsJson)
                    session.Output.Json(found, CliJson.Default.IReadOnlyListCapabilityChange);
                else
                    session.Output.Table(
                        "No list has changed yet.",
                        ["AT", "SERVICE", "CHANGE"],
                        found.Select(c =>
                            (string[])
                                [
                                    ServiceView.Time(c.At),
                                    c.Service,
                                    string.Join(
                                        ", ",
                                        [
                                            .. c.Added.Select(n => "+ " + n),
                                            .. c.Changed.Select(n => "~ " + n),
                                            .. c.Removed.Select(n => "- " + n),
                                        ]
                                    ),
                                ]
                        )
                    );
                return ExitCode.Ok;
            }
        );
    }

    private static Argument<string?> NameArgument() =>
        new("NAME") { Description = "Name or id of the service [all]", Arity = ArgumentArity.ZeroOrOne };

    private static Option<string?> Choice(string name, string description, string help, params string[] values)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = help };
        option.AcceptOnlyFromAmong(values);
        return option;
    }
}
