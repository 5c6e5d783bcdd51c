using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace Fairlead.Client.Store;

/// <summary>
/// The store, or one agent's part of it: document 002's verbs and mcpstore's (requirement S-12, contracts.md section 4.1).
/// For an agent a service of another one is unknown.
/// </summary>
/// <remarks>Throws what <see cref="FairleadClient"/> throws.</remarks>
public sealed class McpStoreScope
{
    private static readonly TimeSpan UsualWait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);
    private readonly FairleadClient client;
    private readonly string code;
    private readonly bool isAgent;
    private FairleadMcpClient? mcp;

    // A name that is known needs no look at the others.
    private IReadOnlyList<PublishedTool> tools = [];

    internal McpStoreScope(FairleadClient client, string code, bool isAgent)
    {
        this.client = client;
        this.code = code;
        this.isAgent = isAgent;
    }

    /// <summary>Registers a service and starts it (S-01); for an agent it is published in its group.</summary>
    public async Task<ServiceDetail> AddServiceAsync(
        ServiceDraft service,
        CancellationToken cancellationToken = default
    )
    {
        var added = await client.Services.AddAsync(service, cancellationToken);
        await PublishAsync([added.Name], cancellationToken);
        return added;
    }

    /// <summary>
    /// Registers the services of a JSON text: <c>{"mcpServers": …}</c>, a map by name, a list, or one service with its
    /// <c>name</c> (S-02, S-03). The same again changes nothing.
    /// </summary>
    public async Task<ImportResult> AddServiceAsync(string json, CancellationToken cancellationToken = default)
    {
        var result = await client.Services.ImportAsync(json, cancellationToken: cancellationToken);
        await PublishAsync([.. result.Services.Select(s => s.Name)], cancellationToken);
        return result;
    }

    /// <summary>The services in order of registration.</summary>
    public async IAsyncEnumerable<ServiceInfo> ListServicesAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        var members = isAgent ? await MembersAsync(cancellationToken) : null;
        await foreach (var service in client.Services.ListAsync(cancellationToken: cancellationToken))
        {
            if (members?.Contains(service.Name) ?? true)
                yield return service;
        }
    }

    /// <summary>One service with its definition and tools.</summary>
    public async Task<ServiceDetail> GetServiceInfoAsync(string name, CancellationToken cancellationToken = default)
    {
        await KnownAsync(name, cancellationToken);
        return await client.Services.GetAsync(name, cancellationToken);
    }

    /// <summary>A service's status, one of <see cref="ServiceStatus"/>.</summary>
    public async Task<string> GetServiceStatusAsync(string name, CancellationToken cancellationToken = default) =>
        (await GetServiceInfoAsync(name, cancellationToken)).Status;

    /// <summary>Starts a service and what it depends on (S-08); one that runs stays as it is.</summary>
    /// <returns>Whether it runs, once that is known.</returns>
    public async Task<bool> StartServiceAsync(string name, CancellationToken cancellationToken = default)
    {
        await KnownAsync(name, cancellationToken);
        var outcomes = await client.Services.StartSeveralAsync([name], null, cancellationToken);
        return outcomes.Single(o => o.Name == name).Ok;
    }

    /// <summary>Stops a service until it is started again (S-09).</summary>
    /// <param name="name">Its name.</param>
    /// <param name="force">Ends it at once instead of asking it first.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Whether it is down.</returns>
    public async Task<bool> StopServiceAsync(
        string name,
        bool force = false,
        CancellationToken cancellationToken = default
    )
    {
        await KnownAsync(name, cancellationToken);
        return (await client.Services.StopSeveralAsync([name], force, null, cancellationToken))[0].Ok;
    }

    /// <summary>Stops and starts a service (S-10).</summary>
    /// <returns>Whether it runs again.</returns>
    public async Task<bool> RestartServiceAsync(string name, CancellationToken cancellationToken = default)
    {
        await KnownAsync(name, cancellationToken);
        var outcomes = await client.Services.RestartSeveralAsync([name], false, null, cancellationToken);
        return outcomes.Single(o => o.Name == name).Ok;
    }

    /// <summary>Starts all services, dependencies first (S-15).</summary>
    /// <returns>Whether each runs, in the order of the starts.</returns>
    public async Task<IReadOnlyList<ServiceOutcome>> StartAllAsync(CancellationToken cancellationToken = default) =>
        await client.Services.StartSeveralAsync(await AllAsync(cancellationToken), null, cancellationToken);

    /// <summary>Stops all services in reverse order (S-13).</summary>
    public async Task<IReadOnlyList<ServiceOutcome>> StopAllAsync(CancellationToken cancellationToken = default) =>
        await client.Services.StopSeveralAsync(await AllAsync(cancellationToken), false, null, cancellationToken);

    /// <summary>Ends the connection to a service until it is started again: <see cref="StopServiceAsync"/> in mcpstore's words.</summary>
    public Task<bool> DisconnectServiceAsync(string name, CancellationToken cancellationToken = default) =>
        StopServiceAsync(name, force: false, cancellationToken);

    /// <summary>Changes a service; what is null stays as it is.</summary>
    public async Task<ServiceDetail> UpdateServiceAsync(
        string name,
        ServiceDefinition change,
        CancellationToken cancellationToken = default
    )
    {
        await KnownAsync(name, cancellationToken);
        return await client.Services.UpdateAsync(name, change, cancellationToken);
    }

    /// <summary>Takes a service out of an agent's part; of the store it is stopped and removed (S-11).</summary>
    public async Task DeleteServiceAsync(string name, CancellationToken cancellationToken = default)
    {
        await KnownAsync(name, cancellationToken);
        if (isAgent)
            await client.Groups.UnpublishAsync((await GroupAsync(cancellationToken)).Id, name, cancellationToken);
        else
            await client.Services.DeleteAsync(name, cancellationToken);
    }

    /// <summary>Waits until a service is in a state.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="status">
    /// Of either vocabulary: one of <see cref="ServiceStatus"/> or of <see cref="ServiceInfo.Health"/>; <c>ready</c> is also
    /// reached by <c>healthy</c>.
    /// </param>
    /// <param name="timeout">Longest wait; null: 10 s.</param>
    /// <param name="throwOnTimeout">Throws a <see cref="TimeoutException"/> instead of returning false.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task<bool> WaitServiceAsync(
        string name,
        string status = "healthy",
        TimeSpan? timeout = null,
        bool throwOnTimeout = false,
        CancellationToken cancellationToken = default
    )
    {
        var since = client.Time.GetTimestamp();
        while (true)
        {
            var now = await GetServiceInfoAsync(name, cancellationToken);
            if (now.Status == status || now.Health == status || (status == "ready" && now.Health == "healthy"))
                return true;
            if (client.Time.GetElapsedTime(since) < (timeout ?? UsualWait))
                await Task.Delay(Look, client.Time, cancellationToken);
            else if (throwOnTimeout)
                throw new TimeoutException($"{name} is {now.Status} ({now.Health}) and not {status}: {now.Reason}");
            else
                return false;
        }
    }

    /// <summary>Asks the services for a sign of life (S-12).</summary>
    public async Task<IReadOnlyList<ServiceCheck>> CheckServicesAsync(CancellationToken cancellationToken = default)
    {
        var checks = await client.Services.CheckAllAsync(cancellationToken);
        if (!isAgent)
            return checks;
        var members = await MembersAsync(cancellationToken);
        return [.. checks.Where(c => members.Contains(c.Name))];
    }

    /// <summary>The services as a client's configuration, without secrets.</summary>
    public async Task<string> ShowMcpJsonAsync(CancellationToken cancellationToken = default)
    {
        if (!isAgent)
            return await ExportAsync(null, cancellationToken);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteStartObject("mcpServers"u8);
            foreach (var name in await MembersAsync(cancellationToken))
            {
                using var one = JsonDocument.Parse(await ExportAsync(name, cancellationToken));
                foreach (var service in one.RootElement.GetProperty("mcpServers"u8).EnumerateObject())
                    service.WriteTo(json);
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>The tools that can be called here.</summary>
    public async Task<IReadOnlyList<McpTool>> ListToolsAsync(CancellationToken cancellationToken = default) =>
        await (await McpAsync(cancellationToken)).ListToolsAsync(cancellationToken);

    /// <summary>Calls a tool.</summary>
    /// <param name="name">
    /// Its name; <c>service_tool</c>, <c>service.tool</c> and a part that only one tool's name contains are understood, too.
    /// </param>
    /// <param name="arguments">A JSON object; default is none.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ArgumentException">No tool or several are meant; the message suggests some.</exception>
    public async Task<McpToolResult> CallToolAsync(
        string name,
        JsonElement arguments = default,
        IProgress<McpProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (!tools.Any(t => t.ToolName == name))
            tools = await PublishedAsync(cancellationToken);
        var found = ToolNames.Resolve(name, tools);
        return await (await McpAsync(cancellationToken)).CallToolAsync(found, arguments, progress, cancellationToken);
    }

    /// <summary><see cref="CallToolAsync"/> by its other name.</summary>
    public Task<McpToolResult> UseToolAsync(
        string name,
        JsonElement arguments = default,
        CancellationToken cancellationToken = default
    ) => CallToolAsync(name, arguments, null, cancellationToken);

    private async Task<string> ExportAsync(string? service, CancellationToken cancellationToken) =>
        (await client.Services.ExportAsync("claude-desktop", service, cancellationToken)).Content;

    private async Task<IReadOnlyList<PublishedTool>> PublishedAsync(CancellationToken cancellationToken)
    {
        List<PublishedTool> published = [];
        var group = await GroupAsync(cancellationToken);
        await foreach (var tool in client.Tools.ListAsync(group.Id, cancellationToken))
        {
            if (tool.Enabled)
                published.Add(tool);
        }
        return published;
    }

    private async Task PublishAsync(IReadOnlyList<string> services, CancellationToken cancellationToken)
    {
        if (!isAgent)
            return;
        var group = await GroupAsync(cancellationToken);
        foreach (var service in services)
            await client.Groups.PublishAsync(group.Id, service, cancellationToken);
    }

    private async Task<IReadOnlyList<string>?> AllAsync(CancellationToken cancellationToken) =>
        isAgent ? [.. await MembersAsync(cancellationToken)] : null;

    private async Task KnownAsync(string name, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (isAgent && !(await MembersAsync(cancellationToken)).Contains(name))
            throw new KeyNotFoundException($"{code} has no service {name}.");
    }

    private async Task<HashSet<string>> MembersAsync(CancellationToken cancellationToken) =>
        [.. (await GroupAsync(cancellationToken)).Services.Select(s => s.Name)];

    private async Task<GroupInfo> GroupAsync(CancellationToken cancellationToken) =>
        await client.Groups.FindAsync(code, cancellationToken)
        ?? throw new KeyNotFoundException($"There is no group {code}.");

    private async Task<FairleadMcpClient> McpAsync(CancellationToken cancellationToken)
    {
        if (mcp is not null)
            return mcp;
        var group = await GroupAsync(cancellationToken);
        return mcp = client.Mcp(await client.Groups.ReadKeyAsync(group.Id, cancellationToken), group.ServerCode);
    }
}
