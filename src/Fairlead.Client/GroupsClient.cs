using Fairlead.Client.Rest;

namespace Fairlead.Client;

/// <summary>Groups: logical MCP servers with their own key (requirements A-13, A-47 … A-53).</summary>
/// <remarks>Where a method takes a group, its id is meant; <see cref="FindAsync"/> finds it by code or name.</remarks>
public sealed class GroupsClient
{
    private readonly RestConnection rest;

    internal GroupsClient(RestConnection rest) => this.rest = rest;

    /// <summary>All groups, fetched a page at a time (A-50).</summary>
    public IAsyncEnumerable<GroupInfo> ListAsync(CancellationToken cancellationToken = default) =>
        rest.PagesAsync("mcp/groups", ClientJson.Default.EnvelopeIReadOnlyListGroupInfo, cancellationToken);

    /// <summary>The group with this server code, id or name, in this order; null when there is none.</summary>
    public async Task<GroupInfo?> FindAsync(string codeIdOrName, CancellationToken cancellationToken = default)
    {
        List<GroupInfo> all = [];
        await foreach (var group in ListAsync(cancellationToken))
            all.Add(group);
        return all.Find(g => g.ServerCode == codeIdOrName)
            ?? all.Find(g => g.Id == codeIdOrName)
            ?? all.Find(g => g.Name == codeIdOrName);
    }

    /// <summary>One group.</summary>
    public Task<GroupInfo> GetAsync(string id, CancellationToken cancellationToken = default) =>
        rest.GetAsync(Path(id), ClientJson.Default.EnvelopeGroupInfo, cancellationToken);

    /// <summary>Makes a group; the answer holds its key in <see cref="GroupInfo.ApiKey"/> (A-51).</summary>
    /// <exception cref="FairleadApiException"><c>GROUP_ALREADY_EXISTS</c> for a taken name or code.</exception>
    public Task<GroupInfo> CreateAsync(GroupDraft group, CancellationToken cancellationToken = default) =>
        rest.SendAsync(
            HttpMethod.Post,
            "mcp/groups",
            RestConnection.Json(group, ClientJson.Default.GroupDraft),
            ClientJson.Default.EnvelopeGroupInfo,
            cancellationToken
        );

    /// <summary>Changes a group; what is null stays as it is.</summary>
    public Task<GroupInfo> UpdateAsync(string id, GroupChange change, CancellationToken cancellationToken = default) =>
        rest.SendAsync(
            HttpMethod.Put,
            Path(id),
            RestConnection.Json(change, ClientJson.Default.GroupChange),
            ClientJson.Default.EnvelopeGroupInfo,
            cancellationToken
        );

    /// <summary>Deletes a group with its key.</summary>
    public Task<GroupInfo> DeleteAsync(string id, CancellationToken cancellationToken = default) =>
        rest.SendAsync(HttpMethod.Delete, Path(id), null, ClientJson.Default.EnvelopeGroupInfo, cancellationToken);

    /// <summary>Lets calls in, or refuses them; the key stays.</summary>
    public Task<GroupInfo> SetEnabledAsync(string id, bool enabled, CancellationToken cancellationToken = default) =>
        rest.SendAsync(
            HttpMethod.Post,
            $"{Path(id)}/{(enabled ? "enable" : "disable")}",
            null,
            ClientJson.Default.EnvelopeGroupInfo,
            cancellationToken
        );

    /// <summary>Publishes the tools of a service (id or name) in a group.</summary>
    public Task<GroupInfo> PublishAsync(string id, string service, CancellationToken cancellationToken = default) =>
        rest.SendAsync(
            HttpMethod.Put,
            $"{Path(id)}/services/{Uri.EscapeDataString(service)}",
            null,
            ClientJson.Default.EnvelopeGroupInfo,
            cancellationToken
        );

    /// <summary>Takes a service out of a group.</summary>
    public Task<GroupInfo> UnpublishAsync(string id, string service, CancellationToken cancellationToken = default) =>
        rest.SendAsync(
            HttpMethod.Delete,
            $"{Path(id)}/services/{Uri.EscapeDataString(service)}",
            null,
            ClientJson.Default.EnvelopeGroupInfo,
            cancellationToken
        );

    /// <summary>The group's key; each view is audited (A-48, A-52).</summary>
    /// <exception cref="FairleadApiException"><c>KEY_VIEW_DISABLED</c> where keys are shown only when made.</exception>
    public async Task<string> ReadKeyAsync(string id, CancellationToken cancellationToken = default) =>
        (await rest.GetAsync($"{Path(id)}/api-key", ClientJson.Default.EnvelopeGroupKey, cancellationToken)).ApiKey;

    /// <summary>Gives the group a new key (A-49, A-53).</summary>
    /// <param name="id">The group.</param>
    /// <param name="grace">How long the old key still works, at most 7 days; default not at all.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>The new key.</returns>
    public async Task<string> RegenerateKeyAsync(
        string id,
        TimeSpan grace = default,
        CancellationToken cancellationToken = default
    ) =>
        (
            await rest.SendAsync(
                HttpMethod.Post,
                $"{Path(id)}/regenerate-key",
                RestConnection.Json(new KeyGrace((int)grace.TotalSeconds), ClientJson.Default.KeyGrace),
                ClientJson.Default.EnvelopeGroupKey,
                cancellationToken
            )
        ).ApiKey;

    private static string Path(string id)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        return $"mcp/groups/{Uri.EscapeDataString(id)}";
    }
}
