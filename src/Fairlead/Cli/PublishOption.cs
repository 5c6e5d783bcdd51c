using System.CommandLine;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary><c>--group</c> of commands that register services: publishes their tools there at once.</summary>
internal sealed class PublishOption
{
    public Option<string?> Option { get; } =
        new("--group")
        {
            Description = "Publish its tools in this group (server code, id or name)",
            HelpName = "GROUP",
        };

    /// <summary>The group, found before anything is changed; null when none is asked for.</summary>
    public async Task<GroupInfo?> FindAsync(Session session, ParseResult parsed, CancellationToken cancellationToken) =>
        parsed.GetValue(Option) is { } group ? await GroupKeys.FindGroupAsync(session, group, cancellationToken) : null;

    /// <summary>Publishes, or tells how to.</summary>
    public static async Task PublishAsync(
        Session session,
        GroupInfo? group,
        IEnumerable<string> services,
        CancellationToken cancellationToken
    )
    {
        if (group is null)
        {
            session.Output.Note("Not published yet: --group GROUP offers the tools to the clients of a group.");
            return;
        }
        foreach (var service in services)
            await session.Client.Groups.PublishAsync(group.Id, service, cancellationToken);
    }
}
