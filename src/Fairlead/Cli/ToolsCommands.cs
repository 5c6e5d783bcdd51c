using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary><c>fairlead tools …</c>: tools as a client of a group sees them.</summary>
internal static class ToolsCommands
{
    public static Command Build(Terminal terminal)
    {
        var verbs = new GatewayVerbs(terminal);
        return new Command("tools", "Tools of a group, as its clients see them.")
        {
            List(verbs),
            Call(verbs),
            ToolSettingsCommand.Show(verbs),
            ToolSettingsCommand.Update(verbs),
            ToolSettingsCommand.SetEnabled(verbs, true),
            ToolSettingsCommand.SetEnabled(verbs, false),
        };
    }

    public static Option<string?> GroupOption() =>
        new("--group")
        {
            Description = "Server code of the group [the group of FAIRLEAD_KEY, else default]",
            HelpName = "CODE",
        };

    private static Command List(GatewayVerbs verbs)
    {
        var group = GroupOption();
        return verbs.Verb(
            "list",
            "List the tools of a group.",
            [group],
            async (session, parsed, cancellationToken) =>
            {
                var mcp = await GroupKeys.ConnectAsync(session, parsed.GetValue(group), cancellationToken);
                var tools = await mcp.ListToolsAsync(cancellationToken);
                if (session.Output.IsJson)
                {
                    session.Output.Json(
                        [.. tools.Select(t => new ListedTool(t.Name, t.Title, t.Description, t.InputSchema))],
                        CliJson.Default.IReadOnlyListListedTool
                    );
                }
                else
                {
                    session.Output.Table(
                        "The group publishes no tools.",
                        ["NAME", "DESCRIPTION"],
                        tools.Select(t => new[] { t.Name, FirstSentence(t.Description ?? t.Title ?? "") })
                    );
                }
                return ExitCode.Ok;
            }
        );
    }

    private static Command Call(GatewayVerbs verbs)
    {
        var input = new ToolInput("Name of the tool in the group");
        var command = verbs.Verb(
            "call",
            "Call a tool and print what it answers.",
            input.All,
            async (session, parsed, cancellationToken) =>
            {
                var (mcp, tool, given) = await input.ReadAsync(session, parsed, cancellationToken);
                return Print(session, tool, await CallAsync(session, mcp, tool, given, cancellationToken));
            }
        );
        command.Validators.Add(input.Validate);
        return command;
    }

    private static Task<McpToolResult> CallAsync(
        Session session,
        FairleadMcpClient mcp,
        string tool,
        JsonElement arguments,
        CancellationToken cancellationToken
    ) =>
        session.Output.WhileAsync(
            $"Calling {tool}",
            tell => mcp.CallToolAsync(tool, arguments, new Steps(tool, tell), cancellationToken)
        );

    private static int Print(Session session, string tool, McpToolResult result)
    {
        if (session.Output.IsJson)
        {
            session.Output.Json(
                new(tool, result.IsError, result.Content, result.StructuredContent),
                CliJson.Default.CalledTool
            );
        }
        else
        {
            var lines = result.Content.EnumerateArray().Select(Describe).ToList();
            if (lines.Count == 0 && result.StructuredContent is { } structured)
                lines.Add(structured.GetRawText());
            // A failure is no result: a script that reads standard output must not take it for one.
            lines.ForEach(result.IsError ? session.Output.Note : session.Output.Line);
        }
        if (result.IsError)
            session.Output.Problem(ExitCode.ServiceFailed, $"The tool {tool} reported an error.");
        return result.IsError ? ExitCode.ServiceFailed : ExitCode.Ok;
    }

    /// <summary>A content block as a line for people.</summary>
    public static string Describe(JsonElement block)
    {
        var type = Text(block, "type");
        return type switch
        {
            "text" => Text(block, "text"),
            "image" or "audio" => $"[{type} {Text(block, "mimeType")}, {Text(block, "data").Length * 3 / 4} bytes]",
            "resource_link" => $"[resource {Text(block, "uri")}]",
            "resource" when block.TryGetProperty("resource", out var resource) => Text(resource, "text")
                is { Length: > 0 } text
                ? text
                : $"[resource {Text(resource, "uri")}]",
            _ => block.GetRawText(),
        };
    }

    private static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : "";

    public static string FirstSentence(string text)
    {
        var line = text.AsSpan().Trim();
        var end = line.IndexOfAny('\n', '\r');
        if (end >= 0)
            line = line[..end];
        var stop = line.IndexOf(". ");
        return (stop >= 0 ? line[..(stop + 1)] : line).ToString();
    }

    /// <summary>Progress as words, told at once and in order.</summary>
    private sealed class Steps(string tool, Action<string> tell) : IProgress<McpProgress>
    {
        public void Report(McpProgress value)
        {
            var done = value.Progress.ToString("0.##", CultureInfo.InvariantCulture);
            var total = value.Total is { } t ? $" of {t.ToString("0.##", CultureInfo.InvariantCulture)}" : "";
            tell(value.Message is { Length: > 0 } m ? $"{tool}: {done}{total} {m}" : $"{tool}: {done}{total}");
        }
    }
}
