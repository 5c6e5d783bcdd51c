using System.CommandLine;
using System.Text.Json;

namespace Fairlead.Cli;

/// <summary><c>fairlead prompts …</c>: prompts as a client of a group sees them.</summary>
internal static class PromptsCommands
{
    public static Command Build(Terminal terminal)
    {
        var verbs = new GatewayVerbs(terminal);
        return new Command("prompts", "Prompts of a group, as its clients see them.") { List(verbs), Get(verbs) };
    }

    private static Command List(GatewayVerbs verbs)
    {
        var group = ToolsCommands.GroupOption();
        return verbs.Verb(
            "list",
            "List the prompts of a group.",
            [group],
            async (session, parsed, cancellationToken) =>
            {
                var mcp = await GroupKeys.ConnectAsync(session, parsed.GetValue(group), cancellationToken);
                Items.Print(
                    session.Output,
                    await mcp.ListPromptsAsync(cancellationToken),
                    "The group publishes no prompts.",
                    ["NAME", "ARGUMENTS", "DESCRIPTION"],
                    static p => [Items.Text(p, "name"), Arguments(p), Items.About(p)]
                );
                return ExitCode.Ok;
            }
        );
    }

    private static Command Get(GatewayVerbs verbs)
    {
        var name = new Argument<string>("NAME") { Description = "Name of the prompt in the group" };
        var pairs = PairOption.Create("--arg", "One argument; may be repeated");
        var group = ToolsCommands.GroupOption();
        var command = verbs.Verb(
            "get",
            "Fill in a prompt and print its messages.",
            [name, pairs, group],
            async (session, parsed, cancellationToken) =>
            {
                var mcp = await GroupKeys.ConnectAsync(session, parsed.GetValue(group), cancellationToken);
                var values = PairOption.Split(parsed.GetValue(pairs));
                var result = await mcp.GetPromptAsync(parsed.GetRequiredValue(name), values, cancellationToken);
                if (session.Output.IsJson)
                    session.Output.Json(result, CliJson.Default.JsonElement);
                else
                    foreach (var message in result.GetProperty("messages").EnumerateArray())
                        session.Output.Line(
                            $"{Items.Text(message, "role")}: {ToolsCommands.Describe(message.GetProperty("content"))}"
                        );
                return ExitCode.Ok;
            }
        );
        command.Validators.Add(result =>
        {
            HashSet<string> seen = [];
            foreach (var pair in result.GetResult(pairs)?.Tokens.Select(t => t.Value) ?? [])
            {
                if (!seen.Add(pair.Split('=')[0]))
                    result.AddError($"--arg: '{pair}' names an argument a second time.");
            }
        });
        return command;
    }

    private static string Arguments(JsonElement prompt) =>
        prompt.TryGetProperty("arguments", out var all) && all.ValueKind == JsonValueKind.Array
            ? string.Join(
                ", ",
                all.EnumerateArray()
                    .Select(a =>
                        a.TryGetProperty("required", out var required) && required.ValueKind == JsonValueKind.True
                            ? Items.Text(a, "name")
                            : $"[{Items.Text(a, "name")}]"
                    )
            )
            : "";
}
