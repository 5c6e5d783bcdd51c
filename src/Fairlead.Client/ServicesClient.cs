using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Fairlead.Client.Rest;

namespace Fairlead.Client;

/// <summary>Upstream MCP servers (requirements S-01 … S-12). A service is named by its name or id.</summary>
public sealed partial class ServicesClient
{
    private readonly RestConnection rest;
    private readonly RestFollower follower;
    private readonly FairleadClientOptions options;

    internal ServicesClient(RestConnection rest, RestFollower follower, FairleadClientOptions options)
    {
        this.rest = rest;
        this.follower = follower;
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

    /// <summary>
    /// Registers the services of a client's configuration, all or none (<c>mcpServers</c> and its kin, S-03). The same
    /// again changes nothing.
    /// </summary>
    /// <param name="content">The file's text; comments and trailing commas are fine.</param>
    /// <param name="importing">What is said beside it; null takes it as it is.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <exception cref="FairleadApiException">
    /// <c>CONFIG_INVALID</c> for a text that holds no services, <c>SERVICE_CONFIGURATION_INVALID</c> for a service that
    /// is wrong, <c>MISSING_PARAMETER</c> for a value that is needed, <c>SERVICE_ALREADY_EXISTS</c> for one that is
    /// registered with another definition.
    /// </exception>
    public Task<ImportResult> ImportAsync(
        string content,
        ImportOptions? importing = null,
        CancellationToken cancellationToken = default
    ) =>
        rest.SendAsync(
            HttpMethod.Post,
            "services/import",
            RestConnection.Json(ImportRequest.Of(content, importing), ClientJson.Default.ImportRequest),
            ClientJson.Default.EnvelopeImportResult,
            cancellationToken
        );

    /// <summary>Registers the operations of an OpenAPI document as the tools of one service .</summary>
    /// <param name="draft">The document and what is said beside it.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <exception cref="FairleadApiException">
    /// <c>MISSING_PARAMETER</c> or <c>INVALID_PARAMETER</c> names what of the draft is wrong,
    /// <c>SERVICE_ALREADY_EXISTS</c> a service of that name that is not to be updated.
    /// </exception>
    public Task<OpenApiResult> ImportOpenApiAsync(OpenApiDraft draft, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(draft);
        return rest.SendAsync(
            HttpMethod.Post,
            "services/openapi",
            RestConnection.Json(draft, ClientJson.Default.OpenApiDraft),
            ClientJson.Default.EnvelopeOpenApiResult,
            cancellationToken
        );
    }

    /// <summary>Unpacks an MCPB bundle on the gateway's machine and registers its service.</summary>
    /// <param name="bundle">The bundle, from its place on; it is closed.</param>
    /// <param name="importing">What is said beside it; null takes it as it is.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <exception cref="FairleadApiException">
    /// As <see cref="ImportAsync"/>; <c>CONFIG_INVALID</c> names the entry of a bundle that must not be unpacked.
    /// </exception>
    public async Task<ImportResult> InstallAsync(
        Stream bundle,
        ImportOptions? importing = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(bundle);
        using var form = new MultipartFormDataContent
        {
            { RestConnection.Json(ImportRequest.Of(null, importing), ClientJson.Default.ImportRequest), "request" },
            { new StreamContent(bundle), "file", "bundle.mcpb" },
        };
        return await rest.SendAsync(
            HttpMethod.Post,
            "services/import/bundle",
            form,
            ClientJson.Default.EnvelopeImportResult,
            cancellationToken
        );
    }

    /// <summary>Definitions of services as a client's file, without secrets.</summary>
    /// <param name="format">Name of the format; null takes the gateway's own.</param>
    /// <param name="service">Name or id of one; null: all.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public Task<ServiceExport> ExportAsync(
        string? format = null,
        string? service = null,
        CancellationToken cancellationToken = default
    ) =>
        rest.GetAsync(
            "services/export?format="
                + Uri.EscapeDataString(format ?? "fairlead")
                + (service is null ? "" : $"&service={Uri.EscapeDataString(service)}"),
            ClientJson.Default.EnvelopeServiceExport,
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

    /// <summary>
    /// The last lines of a service's standard error and its states with their reasons, oldest first; 0 to 500 of them.
    /// </summary>
    public async Task<IReadOnlyList<ServiceLogLine>> ListLogsAsync(
        string service,
        int lines = 50,
        CancellationToken cancellationToken = default
    ) =>
        (
            await rest.GetAsync(
                $"{Path(service)}/logs?lines={lines}",
                ClientJson.Default.EnvelopeServiceLogPage,
                cancellationToken
            )
        ).Lines;

    /// <summary>The same as they are written; a lost connection is made again and goes on where it was cut.</summary>
    /// <param name="service">Name or id.</param>
    /// <param name="lines">How many of the lines there are come first, 0 to 500.</param>
    /// <param name="interrupted">Told what broke the connection, and null when it is back.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    /// <exception cref="FairleadApiException">The gateway refused, also later: the service was removed.</exception>
    public async IAsyncEnumerable<ServiceLogLine> FollowLogsAsync(
        string service,
        int lines = 50,
        IProgress<Exception?>? interrupted = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        var path = $"{Path(service)}/logs";
        await foreach (
            var json in follower.FollowAsync(
                $"{path}?lines={lines}",
                id => $"{path}?after_id={id}",
                interrupted,
                cancellationToken
            )
        )
            yield return JsonSerializer.Deserialize(json, ClientJson.Default.ServiceLogLine)!;
    }

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

    /// <summary>Waits until a service is in a state, and gives it as it is then, or as it is when the time is over.</summary>
    /// <param name="service">Name or id.</param>
    /// <param name="status">One of <see cref="ServiceStatus"/>.</param>
    /// <param name="timeout">Longest wait.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task<ServiceInfo> WaitForAsync(
        string service,
        string status,
        TimeSpan timeout,
        CancellationToken cancellationToken = default
    )
    {
        var since = options.Time.GetTimestamp();
        while (true)
        {
            var left = timeout - options.Time.GetElapsedTime(since);
            // Well within what a request may take.
            var turn = TimeSpan.FromSeconds(Math.Clamp(left.TotalSeconds, 0, options.RestTimeout.TotalSeconds / 2));
            try
            {
                return await rest.GetAsync(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{Path(service)}/wait?status={Uri.EscapeDataString(status)}&timeout={turn.TotalSeconds:0.###}"
                    ),
                    ClientJson.Default.EnvelopeServiceInfo,
                    cancellationToken
                );
            }
            catch (FairleadApiException late) when (late.Code == "SERVICE_TIMEOUT")
            {
                if (left <= turn)
                    return await GetAsync(service, cancellationToken);
            }
        }
    }

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
