using System.CommandLine;
using Fairlead.Client;
using Fairlead.Serve;
using Fairlead.Server.Hosting;

namespace Fairlead.Cli;

/// <summary><c>fairlead users …</c></summary>
internal static class UsersCommands
{
    public static Command Build(Terminal terminal)
    {
        var verbs = new GatewayVerbs(terminal);
        return new Command("users", "Users: who may sign in, and as what.")
        {
            List(verbs),
            Show(verbs),
            Add(verbs),
            Role(verbs),
            SetPassword(verbs, terminal),
            SetEnabled(verbs, true),
            SetEnabled(verbs, false),
            Remove(verbs),
        };
    }

    private static Argument<string> NameArgument() => new("NAME") { Description = "Name or id of the user" };

    private static Option<string?> TierOption() =>
        new("--tier") { Description = "Tier, for groups that ask for one; '' takes it away", HelpName = "TIER" };

    private static Command List(GatewayVerbs verbs)
    {
        var page = new PageOptions();
        return verbs.Verb(
            "list",
            "List the users.",
            page.All,
            async (session, parsed, cancellationToken) =>
            {
                var users = await page.TakeAsync(
                    parsed,
                    session.Client.Users.ListAsync(cancellationToken),
                    cancellationToken
                );
                if (session.Output.IsJson)
                    session.Output.Json(users, CliJson.Default.IReadOnlyListUserInfo);
                else
                    session.Output.Table(
                        "No users here.",
                        ["NAME", "ROLES", "TIER", "ENABLED"],
                        users.Select(u =>
                            new[] { u.Username, string.Join(", ", u.Roles), u.Tier ?? "", GroupView.YesNo(u.Enabled) }
                        )
                    );
                return ExitCode.Ok;
            }
        );
    }

    private static Command Show(GatewayVerbs verbs)
    {
        var name = NameArgument();
        return verbs.Verb(
            "show",
            "Show one user.",
            [name],
            async (session, parsed, cancellationToken) =>
            {
                var user = await session.Client.Users.GetAsync(parsed.GetRequiredValue(name), cancellationToken);
                if (session.Output.IsJson)
                    session.Output.Json(user, CliJson.Default.UserInfo);
                else
                    session.Output.Facts([
                        ("name", user.Username),
                        ("id", user.Id),
                        ("roles", string.Join(", ", user.Roles)),
                        ("tier", user.Tier),
                        ("enabled", GroupView.YesNo(user.Enabled)),
                        ("made", ServiceView.Time(user.CreatedAt)),
                        ("changed", ServiceView.Time(user.UpdatedAt)),
                    ]);
                return ExitCode.Ok;
            }
        );
    }

    private static Command Add(GatewayVerbs verbs)
    {
        var name = new Argument<string>("NAME") { Description = "Unique name: 1 to 50 letters, digits or . _ @ + -" };
        var roles = new Option<string[]>("--role")
        {
            Description = "A role; admin administers the gateway; may be repeated",
            HelpName = "ROLE",
        };
        var tier = TierOption();
        return verbs.Verb(
            "add",
            "Make a user. The password is asked for, or read from standard input.",
            [name, roles, tier],
            async (session, parsed, cancellationToken) =>
            {
                var user = parsed.GetRequiredValue(name);
                var made = await session.Client.Users.AddAsync(
                    new UserDraft
                    {
                        Username = user,
                        Password = await Passwords.AskNewAsync(session.Terminal, user, cancellationToken),
                        Roles = parsed.GetValue(roles) ?? [],
                        Tier = parsed.GetValue(tier),
                    },
                    cancellationToken
                );
                return Print(session, made, "is made");
            }
        );
    }

    private static Command Role(GatewayVerbs verbs)
    {
        var name = NameArgument();
        var roles = new Argument<string[]>("ROLE")
        {
            Description = "All roles the user is to have",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var none = new Option<bool>("--none") { Description = "Take all roles away" };
        var tier = TierOption();
        var command = verbs.Verb(
            "role",
            "Give a user exactly these roles. The user is signed out everywhere.",
            [name, roles, none, tier],
            async (session, parsed, cancellationToken) =>
            {
                var given = parsed.GetValue(roles) ?? [];
                var changed = await session.Client.Users.UpdateAsync(
                    parsed.GetRequiredValue(name),
                    new UserChange
                    {
                        Roles = given.Length > 0 || parsed.GetValue(none) ? given : null,
                        Tier = parsed.GetValue(tier),
                    },
                    cancellationToken
                );
                return Print(
                    session,
                    changed,
                    changed.Roles.Count > 0 ? $"is {string.Join(", ", changed.Roles)}" : "has no roles"
                );
            }
        );
        command.Validators.Add(result =>
        {
            var some = result.GetResult(roles) is { Tokens.Count: > 0 };
            if (some && result.GetValue(none))
                result.AddError("Give roles or --none, not both.");
            else if (!some && !result.GetValue(none) && result.GetResult(tier) is null)
                result.AddError("Say which roles: users role NAME ROLE…, or --none.");
        });
        return command;
    }

    private static Command SetPassword(GatewayVerbs verbs, Terminal terminal)
    {
        var name = NameArgument();
        var data = new Option<string>("--data")
        {
            Description = "Work on the store in this folder itself, with no gateway asked: the way back in",
            HelpName = "DIR",
        };
        var config = new Option<string>("--config")
        {
            Description = "Likewise, on the store of the gateway that is started with this JSON file of settings",
            HelpName = "FILE",
        };
        var command = verbs.Verb(
            "set-password",
            "Give a user a new password, which signs the user out everywhere. It is asked for, or read from standard input.",
            [name, data, config],
            async (session, parsed, cancellationToken) =>
            {
                var user = parsed.GetRequiredValue(name);
                if (parsed.GetValue(data) is not null || parsed.GetValue(config) is not null)
                    return await OnStoreAsync(
                        session,
                        user,
                        parsed.GetValue(data),
                        parsed.GetValue(config),
                        cancellationToken
                    );
                // Nobody should type a password for a user who is not there.
                var found = await session.Client.Users.GetAsync(user, cancellationToken);
                var password = await Passwords.AskNewAsync(terminal, found.Username, cancellationToken);
                var changed = await session.Client.Users.SetPasswordAsync(found.Id, password, cancellationToken);
                if (session.Output.IsJson)
                    session.Output.Json(changed, CliJson.Default.UserInfo);
                else
                    session.Output.Note($"The password of {changed.Username} was changed.");
                return ExitCode.Ok;
            }
        );
        return command;
    }

    private static async Task<int> OnStoreAsync(
        Session session,
        string user,
        string? data,
        string? config,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var settings = new ServeSettings("", data, McpConfig: null, config, StdioGroup: null);
            await LocalStore.SetPasswordAsync(
                settings.Load(),
                user,
                await Passwords.AskNewAsync(session.Terminal, user, cancellationToken),
                cancellationToken
            );
        }
        catch (Exception e) when (e is not CliFailure && StartFailure.Explain(e) is { } line)
        {
            throw new CliFailure(ExitCode.Failed, line);
        }
        session.Output.Note($"The password of {user} was changed.");
        return ExitCode.Ok;
    }

    private static Command SetEnabled(GatewayVerbs verbs, bool enabled)
    {
        var name = NameArgument();
        return verbs.Verb(
            enabled ? "enable" : "disable",
            enabled ? "Let a user sign in again." : "Keep a user from signing in, and sign the user out everywhere.",
            [name],
            async (session, parsed, cancellationToken) =>
                Print(
                    session,
                    await session.Client.Users.SetEnabledAsync(
                        parsed.GetRequiredValue(name),
                        enabled,
                        cancellationToken
                    ),
                    enabled ? "is enabled" : "is disabled"
                )
        );
    }

    private static Command Remove(GatewayVerbs verbs)
    {
        var name = NameArgument();
        var confirm = new ConfirmOption();
        return verbs.Verb(
            "remove",
            "Remove a user, and sign the user out everywhere.",
            [name, confirm.Option],
            async (session, parsed, cancellationToken) =>
            {
                var user = await session.Client.Users.GetAsync(parsed.GetRequiredValue(name), cancellationToken);
                await confirm.AskAsync(session, parsed, $"This removes the user {user.Username}.", cancellationToken);
                return Print(session, await session.Client.Users.RemoveAsync(user.Id, cancellationToken), "is removed");
            }
        );
    }

    private static int Print(Session session, UserInfo user, string what)
    {
        if (session.Output.IsJson)
            session.Output.Json(user, CliJson.Default.UserInfo);
        else
            session.Output.Line($"{user.Username} {what}");
        return ExitCode.Ok;
    }
}
