using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary>Finds groups and their keys with the administrator's token.</summary>
internal static class GroupKeys
{
    /// <exception cref="CliFailure">There is no such group.</exception>
    public static async Task<(GroupInfo Group, string Key)> FindAsync(
        Session session,
        string group,
        CancellationToken cancellationToken
    )
    {
        var found = await FindGroupAsync(session, group, cancellationToken);
        return (found, await session.Client.Groups.ReadKeyAsync(found.Id, cancellationToken));
    }

    /// <summary>By server code, id or name.</summary>
    /// <exception cref="CliFailure">There is no such group.</exception>
    public static async Task<GroupInfo> FindGroupAsync(
        Session session,
        string group,
        CancellationToken cancellationToken
    )
    {
        if (await session.Client.Groups.FindAsync(group, cancellationToken) is { } found)
            return found;
        List<string> codes = [];
        await foreach (var one in session.Client.Groups.ListAsync(cancellationToken))
            codes.Add(one.ServerCode);
        throw new CliFailure(
            ExitCode.NotFound,
            $"There is no group '{group}'.",
            codes.Count == 0 ? "This gateway has no groups yet." : $"There are: {string.Join(", ", codes)}."
        );
    }

    /// <summary>
    /// The MCP endpoint of a group: with FAIRLEAD_KEY the key alone decides unless a group is named, else the key is
    /// looked up, and the administrator is named as the calling user.
    /// </summary>
    public static async Task<FairleadMcpClient> ConnectAsync(
        Session session,
        string? group,
        CancellationToken cancellationToken
    )
    {
        if (session.Terminal.Variable("FAIRLEAD_KEY") is { } given)
            return session.Client.Mcp(given, group);
        var (found, key) = await FindAsync(session, group ?? "default", cancellationToken);
        return session.Client.Mcp(key, found.ServerCode, await session.AccessTokenAsync(cancellationToken));
    }
}
