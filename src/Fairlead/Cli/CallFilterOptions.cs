using System.CommandLine;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary>The options that say which calls are wanted.</summary>
internal sealed class CallFilterOptions
{
    private readonly Option<string?> service = Text("--service", "SERVICE", "Only calls of this service (name or id)");
    private readonly Option<string?> group = Text(
        "--group",
        "GROUP",
        "Only calls through this group (code, id or name)"
    );
    private readonly Option<string?> tool = Text(
        "--tool",
        "NAME",
        "Only calls of this tool, prompt or resource, by its name in the group"
    );

    private readonly Option<string?> method = Text(
        "--method",
        "METHOD",
        "Only this MCP method, for example tools/call"
    );

    private readonly Option<string?> status = Text(
        "--status",
        "ok|failed",
        "Only calls that succeeded, or that failed"
    );
    private readonly Option<string?> caller = Text(
        "--caller",
        "NAME",
        "Only calls of clients that call themselves this"
    );
    private readonly Option<string?> user = Text("--user", "ID", "Only calls made for the user with this id");

    private readonly Option<string?> text = Text(
        "--text",
        "TEXT",
        "Only calls with this in method, name, caller, user, error or logged body, in any case"
    );

    public CallFilterOptions() => status.AcceptOnlyFromAmong("ok", "failed");

    public IReadOnlyList<Option> All => [service, group, tool, method, status, caller, user, text];

    /// <exception cref="CliFailure">There is no such service or group.</exception>
    public CallFilter Read(ParseResult parsed, CallNames names) =>
        new()
        {
            ServiceId = parsed.GetValue(service) is { } one ? names.ServiceId(one) : null,
            GroupId = parsed.GetValue(group) is { } other ? names.GroupId(other) : null,
            ToolName = parsed.GetValue(tool),
            Method = parsed.GetValue(method),
            Success = parsed.GetValue(status) is { } wanted ? wanted == "ok" : null,
            CallerAppId = parsed.GetValue(caller),
            UserId = parsed.GetValue(user),
            Text = parsed.GetValue(text),
        };

    private static Option<string?> Text(string name, string help, string description) =>
        new(name) { Description = description, HelpName = help };
}
