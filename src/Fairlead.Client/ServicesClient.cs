using System.Text.Json.Serialization.Metadata;
using Fairlead.Client.Rest;

namespace Fairlead.Client;

/// <summary>Upstream MCP servers (requirements S-01 … S-12). A service is named by its name or id.</summary>
public sealed class ServicesClient
{
    private readonly RestConnection rest;
    private readonly FairleadClientOptions options;

    internal ServicesClient(RestConnection rest, FairleadClientOptions options)
    {
        this.rest = rest;
        this.options = options;
    }

    /// <summary>Services in order of registration, fetched a page at a time.</summary>
    /// <param name="status">Only those in this state, one of <see cref="ServiceStatus"/>; null: all.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public IAsyncEnumerable<ServiceInfo> ListAsync(
        string? status = null,
        CancellationToken cancellationToken = default
    ) =>
        rest.PagesAsync(
            status is null ? "services" : $"services?status={Uri.EscapeDataString(status)}",
            ClientJson.Default.EnvelopeIReadOnlyListServiceInfo,
            cancellationToken
        );

    /// <summary>One service.</summary>
    public Task<ServiceDetail> GetAsync(string service, CancellationToken cancellationToken = default) =>
        rest.GetAsync(Path(service), ClientJson.Default.EnvelopeServiceDetail, cancellationToken);

    /// <summary>Registers a service; the gateway starts it at once (S-01). Wait for it with <see cref="WaitAsync"/>.</summary>
    /// <exception cref="FairleadApiException">
    /// <c>SERVICE_ALREADY_EXISTS</c> for a taken name, <c>SERVICE_CONFIGURATION_INVALID</c> with the member that is wrong.
    /// </exception>
    public Task<ServiceDetail> AddAsync(ServiceDraft service, CancellationToken cancellationToken = default) =>
        rest.SendAsync(
            HttpMethod.Post,
            "services",
            RestConnection.Json(service, ClientJson.Default.ServiceDraft),
            ClientJson.Default.EnvelopeServiceDetail,
            cancellationToken
        );

    /// <summary>Registers the services of a client's configuration, all or none (<c>mcpServers</c> and its kin, S-03).</summary>
    /// <param name="content">The file's text; comments and trailing commas are fine.</param>
    /// <param name="dryRun">Only tells what would happen, problems included.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <exception cref="FairleadApiException">
    /// <c>CONFIG_INVALID</c> for a text that holds no services, <c>SERVICE_CONFIGURATION_INVALID</c> for a service that
    /// is wrong.
    /// </exception>
    public Task<ImportResult> ImportAsync(
        string content,
        bool dryRun = false,
        CancellationToken cancellationToken = default
    ) =>
        rest.SendAsync(
            HttpMethod.Post,
            "services/import",
            RestConnection.Json(new ImportRequest(content, dryRun), ClientJson.Default.ImportRequest),
            ClientJson.Default.EnvelopeImportResult,
            cancellationToken
        );

    /// <summary>Changes a service; what is null stays as it is. It is restarted when it must be.</summary>
    public Task<ServiceDetail> UpdateAsync(
        string service,
        ServiceDefinition change,
        CancellationToken cancellationToken = default
    ) =>
        rest.SendAsync(
            HttpMethod.Put,
            Path(service),
            RestConnection.Json(change, ClientJson.Default.ServiceDefinition),
            ClientJson.Default.EnvelopeServiceDetail,
            cancellationToken
        );

    /// <summary>Stops and removes a service (S-11). Its published names stay its own.</summary>
    public Task<ServiceInfo> DeleteAsync(string service, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, Path(service), null, ClientJson.Default.EnvelopeServiceInfo, cancellationToken);

    /// <summary>Asks for a service to run (S-08); one that waits for its next try is tried now.</summary>
    public Task<ServiceInfo> StartAsync(string service, CancellationToken cancellationToken = default) =>
        PostAsync(service, "start", null, ClientJson.Default.EnvelopeServiceInfo, cancellationToken);

    /// <summary>Stops a service until it is started again (S-09); returns when it is down, or after 10 s.</summary>
    /// <param name="service">Name or id.</param>
    /// <param name="force">Ends it at once instead of asking it first.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public Task<ServiceInfo> StopAsync(
        string service,
        bool force = false,
        CancellationToken cancellationToken = default
    ) =>
        PostAsync(
            service,
            "stop",
            RestConnection.Json(new StopRequest(force), ClientJson.Default.StopRequest),
            ClientJson.Default.EnvelopeServiceInfo,
            cancellationToken
        );

    /// <summary>Stops and starts a service (S-10).</summary>
    public Task<ServiceInfo> RestartAsync(string service, CancellationToken cancellationToken = default) =>
        PostAsync(service, "restart", null, ClientJson.Default.EnvelopeServiceInfo, cancellationToken);

    /// <summary>Asks a service for a sign of life (S-12).</summary>
    public Task<ServiceCheck> CheckAsync(string service, CancellationToken cancellationToken = default) =>
        PostAsync(service, "check", null, ClientJson.Default.EnvelopeServiceCheck, cancellationToken);

    /// <summary>Asks every service for a sign of life (S-12).</summary>
    public Task<IReadOnlyList<ServiceCheck>> CheckAllAsync(CancellationToken cancellationToken = default) =>
        rest.GetAsync("services/check", ClientJson.Default.EnvelopeIReadOnlyListServiceCheck, cancellationToken);

    /// <summary>Tools of a service, or of all, whether a group publishes them or not (S-12).</summary>
    /// <param name="service">Name or id; null: of all.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public IAsyncEnumerable<ServiceTool> ListToolsAsync(
        string? service = null,
        CancellationToken cancellationToken = default
    ) =>
        rest.PagesAsync(
            service is null ? "tools" : $"tools?service={Uri.EscapeDataString(service)}",
            ClientJson.Default.EnvelopeIReadOnlyListServiceTool,
            cancellationToken
        );

    /// <summary>Waits until a service is where it is meant to be, or failed to get there.</summary>
    /// <param name="service">Name or id.</param>
    /// <param name="before">
    /// What it was before it was asked to start or restart: that same state seen again does not count. Null counts any.
    /// </param>
    /// <param name="progress">Told each look.</param>
    /// <param name="cancellationToken">Ends the waiting, not the service.</param>
    public async Task<ServiceDetail> WaitAsync(
        string service,
        ServiceInfo? before = null,
        IProgress<ServiceInfo>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        while (true)
        {
            var now = await GetAsync(service, cancellationToken);
            progress?.Report(now);
            if (now.IsSettled && (now.Status, now.Since) != (before?.Status, before?.Since))
                return now;
            await Task.Delay(options.PollInterval, options.Time, cancellationToken);
        }
    }

    private Task<T> PostAsync<T>(
        string service,
        string verb,
        HttpContent? body,
        JsonTypeInfo<Envelope<T>> type,
        CancellationToken cancellationToken
    ) => SendAsync(HttpMethod.Post, $"{Path(service)}/{verb}", body, type, cancellationToken);

    private Task<T> SendAsync<T>(
        HttpMethod method,
        string path,
        HttpContent? body,
        JsonTypeInfo<Envelope<T>> type,
        CancellationToken cancellationToken
    ) => rest.SendAsync(method, path, body, type, cancellationToken);

    private static string Path(string service)
    {
        ArgumentException.ThrowIfNullOrEmpty(service);
        return $"services/{Uri.EscapeDataString(service)}";
    }
}
