using System.CommandLine;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary><c>fairlead services add</c></summary>
internal static class AddCommand
{
    public static Command Build(GatewayVerbs verbs)
    {
        var name = new Argument<string>("NAME") { Description = "Unique name: 1 to 64 of A-Z a-z 0-9 _ -" };
        var program = new Argument<string[]>("COMMAND")
        {
            Description = "Program and arguments of a stdio service, after --",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var url = new Option<string?>("--url") { Description = "Address of an HTTP service", HelpName = "URL" };
        var env = Pairs(
            "--env",
            "Environment variable of the program; ${NAME} is taken from the gateway's; may be repeated"
        );
        var headers = Pairs("--header", "Header sent with every request; ${NAME} as above; may be repeated");
        var cwd = new Option<string?>("--cwd") { Description = "Working directory of the program", HelpName = "DIR" };
        var publish = new PublishOption();
        var wait = new WaitOptions();
        var command = verbs.Verb(
            "add",
            "Register a service and wait until it runs: by its address, or by its program after --.",
            [name, program, url, env, headers, cwd, publish.Option, .. wait.All],
            async (session, parsed, cancellationToken) =>
            {
                var words = parsed.GetValue(program) ?? [];
                var group = await publish.FindAsync(session, parsed, cancellationToken);
                var asked = await session.Client.Services.AddAsync(
                    new ServiceDraft
                    {
                        Name = parsed.GetRequiredValue(name),
                        Command = words.Length > 0 ? words[0] : null,
                        Args = words.Length > 1 ? words[1..] : null,
                        Url = parsed.GetValue(url),
                        Env = Split(parsed.GetValue(env)),
                        Headers = Split(parsed.GetValue(headers)),
                        Cwd = parsed.GetValue(cwd) is { } folder ? Path.GetFullPath(folder) : null,
                    },
                    cancellationToken
                );
                await PublishOption.PublishAsync(session, group, [asked.Id], cancellationToken);
                return await wait.FinishAsync(session, parsed, asked, before: null, cancellationToken);
            }
        );
        command.Validators.Add(result =>
        {
            var byUrl = result.GetResult(url) is { Tokens.Count: > 0 };
            var byProgram = result.GetResult(program) is { Tokens.Count: > 0 };
            if (byUrl == byProgram)
                result.AddError(
                    byUrl
                        ? "Give --url or a program, not both."
                        : "Give --url URL, or a program: services add NAME -- COMMAND ARGS…"
                );
            else if (
                byUrl
                && (result.GetResult(env) is { Tokens.Count: > 0 } || result.GetResult(cwd) is { Tokens.Count: > 0 })
            )
                result.AddError("--env and --cwd are for programs; a service at a --url takes --header.");
            else if (byProgram && result.GetResult(headers) is { Tokens.Count: > 0 })
                result.AddError("--header is for services at a --url; a program takes --env.");
        });
        return command;
    }

    private static Option<string[]> Pairs(string name, string description)
    {
        var option = new Option<string[]>(name) { Description = description, HelpName = "NAME=VALUE" };
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => t.Value.IndexOf('=', StringComparison.Ordinal) <= 0))
                result.AddError($"{name}: '{token.Value}' is not NAME=VALUE.");
        });
        return option;
    }

    private static Dictionary<string, string>? Split(string[]? pairs)
    {
        if (pairs is not { Length: > 0 })
            return null;
        var values = new Dictionary<string, string>();
        foreach (var pair in pairs)
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            values[pair[..at]] = pair[(at + 1)..];
        }
        return values;
    }
}
