using System.CommandLine;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary><c>fairlead login</c> and <c>logout</c>.</summary>
internal static class LoginCommands
{
    public static Command Login(Terminal terminal)
    {
        var user = new Option<string?>("--user")
        {
            Description = "Name to sign in with [FAIRLEAD_ADMIN_USER, else admin]",
            HelpName = "NAME",
        };
        return new GatewayVerbs(terminal).Verb(
            "login",
            "Sign in to a gateway and keep the token. The password is asked for, or read from standard input.",
            [user],
            async (session, parsed, cancellationToken) =>
            {
                var name = parsed.GetValue(user) ?? terminal.Variable("FAIRLEAD_ADMIN_USER") ?? "admin";
                using var anonymous = new FairleadClient(session.Server);
                // Nobody should type a password for a gateway that is not there.
                await anonymous.PingAsync(cancellationToken);
                var password = await PasswordAsync(session, name, cancellationToken);
                var token = await anonymous.SignInAsync(name, password, cancellationToken);
                var until = terminal.Time.GetUtcNow().AddSeconds(token.ExpiresIn);
                new TokenFile(terminal).Set(session.Server, new(name, token.Value, until));
                var signedIn = new SignedIn(CliFailure.Show(session.Server), name, until);
                if (session.Output.IsJson)
                    session.Output.Json(signedIn, CliJson.Default.SignedIn);
                else
                    session.Output.Note(
                        $"Signed in to {signedIn.Server} as {name}, until {until.ToLocalTime():HH:mm}."
                    );
                return ExitCode.Ok;
            }
        );
    }

    public static Command Logout(Terminal terminal) =>
        new GatewayVerbs(terminal).Verb(
            "logout",
            "Revoke the kept token and forget it.",
            [],
            async (session, _, cancellationToken) =>
            {
                var file = new TokenFile(terminal);
                if (file.Find(session.Server) is { } token)
                {
                    using var client = new FairleadClient(session.Server, _ => new(token));
                    // Forgotten first: a gateway that is gone must not keep the token here.
                    file.Remove(session.Server);
                    await client.SignOutAsync(cancellationToken);
                }
                else
                {
                    file.Remove(session.Server);
                }
                session.Output.Note($"Signed out of {CliFailure.Show(session.Server)}.");
                return ExitCode.Ok;
            }
        );

    private static async Task<string> PasswordAsync(Session session, string user, CancellationToken cancellationToken)
    {
        var password = session.Terminal.AskHidden is { } ask
            ? ask($"Password of {user} at {CliFailure.Show(session.Server)}: ")
            : await session.Terminal.In.ReadLineAsync(cancellationToken);
        return password is { Length: > 0 }
            ? password
            : throw new CliFailure(ExitCode.WrongUsage, "No password was given.", "Type it, or pipe it in.");
    }
}
