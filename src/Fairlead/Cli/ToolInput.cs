using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary>Which tool of which group, and its arguments, as every command that calls one takes them.</summary>
internal sealed class ToolInput(string nameDescription)
{
    private readonly Argument<string> name = new("NAME") { Description = nameDescription };

    private readonly Option<string[]> pairs = new("--arg")
    {
        Description = "One argument, typed as the tool's schema says; may be repeated",
        HelpName = "NAME=VALUE",
    };

    private readonly Option<string?> whole = new("--args")
    {
        Description = "All arguments as one JSON object; - reads it from standard input",
        HelpName = "JSON",
    };

    private readonly Option<string?> group = ToolsCommands.GroupOption();

    public IReadOnlyList<Symbol> All => [name, pairs, whole, group];

    /// <summary>Refuses arguments that are given in both ways.</summary>
    public void Validate(CommandResult result)
    {
        if (result.GetResult(pairs) is { Tokens.Count: > 0 } && result.GetResult(whole) is { Tokens.Count: > 0 })
            result.AddError("Give the arguments by --arg or by --args, not by both.");
    }

    /// <summary>The group's endpoint, the tool and its arguments.</summary>
    /// <exception cref="CliFailure">There is no such tool, or an argument does not fit.</exception>
    public async Task<(FairleadMcpClient Mcp, string Tool, JsonElement Arguments)> ReadAsync(
        Session session,
        ParseResult parsed,
        CancellationToken cancellationToken
    )
    {
        var tool = parsed.GetRequiredValue(name);
        var given = parsed.GetValue(whole) is { } json
            ? ToolArguments.Parse(json == "-" ? await session.Terminal.In.ReadToEndAsync(cancellationToken) : json)
            : default;
        var mcp = await GroupKeys.ConnectAsync(session, parsed.GetValue(group), cancellationToken);
        if (parsed.GetValue(pairs) is { Length: > 0 } typed)
        {
            var tools = await mcp.ListToolsAsync(cancellationToken);
            var schema =
                tools.FirstOrDefault(t => t.Name == tool)?.InputSchema
                ?? await FindAsync(mcp, tools, tool, cancellationToken)
                ?? throw NoTool(tool, tools);
            given = ToolArguments.Build(typed, schema);
            if (ToolArguments.Unknown(given, schema) is { } unknown)
                session.Output.Note(unknown);
        }
        return (mcp, tool, given);
    }

    // A group of many lists two tools, which know the others; a name by itself is the best hit for its own words.
    private static async Task<JsonElement?> FindAsync(
        FairleadMcpClient mcp,
        IReadOnlyList<McpTool> tools,
        string name,
        CancellationToken cancellationToken
    )
    {
        if (!tools.Select(t => t.Name).SequenceEqual(["find_tools", "call_tool"]))
            return null;
        var query = JsonSerializer.SerializeToElement(name, CliJson.Default.String);
        var found = await mcp.CallToolAsync(
            "find_tools",
            JsonElement.Parse($$"""{"query":{{query.GetRawText()}},"limit":1}"""),
            cancellationToken: cancellationToken
        );
        return
            found.StructuredContent is { } page
            && page.GetProperty("tools").EnumerateArray().FirstOrDefault() is { ValueKind: JsonValueKind.Object } first
            && first.GetProperty("name").GetString() == name
            ? first.GetProperty("inputSchema")
            : null;
    }

    private static CliFailure NoTool(string name, IReadOnlyList<McpTool> tools)
    {
        var near = tools
            .Select(t => t.Name)
            .Where(n =>
                n.Contains(name, StringComparison.OrdinalIgnoreCase)
                || name.Contains(n, StringComparison.OrdinalIgnoreCase)
            )
            .Take(5)
            .ToList();
        return new CliFailure(
            ExitCode.NotFound,
            $"The group has no tool '{name}'.",
            near.Count > 0 ? $"Did you mean {string.Join(", ", near)}?" : "See 'fairlead tools list'."
        );
    }
}
