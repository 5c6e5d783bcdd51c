namespace Fairlead.Client.Store;

/// <summary>
/// The gateway in the words of document 002 and of mcpstore (contracts.md section 4.1): a store of services with start and
/// stop verbs, and agents that each have a part of it. An agent is a group: what is added for it is published there and
/// called with its key.
/// </summary>
/// <param name="client">Signed in as an administrator; stays the caller's.</param>
/// <param name="storeGroup">Server code of the group whose tools the store itself calls; its default is <c>default</c>.</param>
public sealed class McpStore(FairleadClient client, string storeGroup = "default")
{
    /// <summary>Everything.</summary>
    public McpStoreScope ForStore() => new(client, storeGroup, isAgent: false);

    /// <summary>The part of one agent.</summary>
    /// <param name="agentId">Server code, id or name of its group.</param>
    public McpStoreScope ForAgent(string agentId)
    {
        ArgumentException.ThrowIfNullOrEmpty(agentId);
        return new(client, agentId, isAgent: true);
    }

    /// <summary>All agents, which are the groups, in order of their making.</summary>
    public IAsyncEnumerable<GroupInfo> ListAgentsAsync(CancellationToken cancellationToken = default) =>
        client.Groups.ListAsync(cancellationToken);
}
