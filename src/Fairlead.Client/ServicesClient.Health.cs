using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Fairlead.Client.Rest;

namespace Fairlead.Client;

/// <content>Several services at once, and how services do.</content>
public sealed partial class ServicesClient
{
    /// <summary>
    /// Starts services and all they depend on, dependencies first, and waits for the outcome of each; what depends on one
    /// that fails is skipped (S-15, S-16).
    /// </summary>
    /// <param name="services">Names or ids; null: all.</param>
    /// <param name="timeout">How long to wait, at most 120 s; null: 30 s.</param>
    /// <param name="cancellationToken">Ends the waiting, not the starts.</param>
    /// <returns>The outcomes in the order of the starts.</returns>
    public Task<IReadOnlyList<ServiceOutcome>> StartSeveralAsync(
        IReadOnlyList<string>? services = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default
    ) => SeveralAsync("start", services, false, timeout, cancellationToken);

    /// <summary>Stops services one after the other, in reverse order of their starts (S-13).</summary>
    /// <param name="services">Names or ids; null: all.</param>
    /// <param name="force">Ends them at once instead of asking them first.</param>
    /// <param name="timeout">How long to wait, at most 120 s; null: 30 s.</param>
    /// <param name="cancellationToken">Ends the waiting, and what was not begun.</param>
    /// <returns>The outcomes in the order of the stops.</returns>
    public Task<IReadOnlyList<ServiceOutcome>> StopSeveralAsync(
        IReadOnlyList<string>? services = null,
        bool force = false,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default
    ) => SeveralAsync("stop", services, force, timeout, cancellationToken);

    /// <summary>Stops services in reverse order and starts them again.</summary>
    /// <param name="services">Names or ids; null: all.</param>
    /// <param name="force">Ends them at once instead of asking them first.</param>
    /// <param name="timeout">How long to wait for the stops, and again for the starts, at most 120 s; null: 30 s.</param>
    /// <param name="cancellationToken">Ends the waiting, and what was not begun.</param>
    /// <returns>The outcomes in the order of the starts.</returns>
    public Task<IReadOnlyList<ServiceOutcome>> RestartSeveralAsync(
        IReadOnlyList<string>? services = null,
        bool force = false,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default
    ) => SeveralAsync("restart", services, force, timeout, cancellationToken);

    /// <summary>How a service does and did.</summary>
    /// <param name="service">Name or id.</param>
    /// <param name="window">What <see cref="ServiceHealth.Metrics"/> look at, at most a day; null: 300 s.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public Task<ServiceHealth> GetHealthAsync(
        string service,
        TimeSpan? window = null,
        CancellationToken cancellationToken = default
    ) =>
        rest.GetAsync(
            window is { } w
                ? string.Create(CultureInfo.InvariantCulture, $"{Path(service)}/health?window={w.TotalSeconds:0.###}")
                : $"{Path(service)}/health",
            ClientJson.Default.EnvelopeServiceHealth,
            cancellationToken
        );

    /// <summary>What happened lately, oldest first.</summary>
    /// <param name="service">Name or id, its last 50; null: the last <paramref name="last"/> of all services.</param>
    /// <param name="last">0 to 1000.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public Task<IReadOnlyList<ServiceEvent>> ListEventsAsync(
        string? service = null,
        int last = 50,
        CancellationToken cancellationToken = default
    ) =>
        rest.GetAsync(
            service is null ? $"services/events?last={last}" : $"{Path(service)}/events",
            ClientJson.Default.EnvelopeIReadOnlyListServiceEvent,
            cancellationToken
        );

    /// <summary>What happens to all services; a lost connection is made again and goes on where it was cut.</summary>
    /// <param name="last">How many of the events there are come first, 0 to 1000.</param>
    /// <param name="interrupted">Told what broke the connection, and null when it is back.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public async IAsyncEnumerable<ServiceEvent> FollowEventsAsync(
        int last = 0,
        IProgress<Exception?>? interrupted = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        await foreach (
            var json in follower.FollowAsync(
                $"services/events?last={last}",
                static id => $"services/events?after_id={id}",
                interrupted,
                cancellationToken
            )
        )
            yield return JsonSerializer.Deserialize(json, ClientJson.Default.ServiceEvent)!;
    }

    /// <summary>What services offer, published or not, fetched a page at a time.</summary>
    /// <param name="service">Name or id; null: of all.</param>
    /// <param name="kind">One of <see cref="Capability.Kind"/>; null: all.</param>
    /// <param name="state">One of <see cref="Capability.State"/>; null: all.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public IAsyncEnumerable<Capability> ListCapabilitiesAsync(
        string? service = null,
        string? kind = null,
        string? state = null,
        CancellationToken cancellationToken = default
    ) =>
        rest.PagesAsync(
            WithQuery("capabilities", ("service", service), ("kind", kind), ("state", state)),
            ClientJson.Default.EnvelopeIReadOnlyListCapability,
            cancellationToken
        );

    /// <summary>What became of the lists of services, the newest first; the last 100 readings of each service.</summary>
    /// <param name="service">Name or id; null: of all.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public IAsyncEnumerable<CapabilityChange> ListCapabilityChangesAsync(
        string? service = null,
        CancellationToken cancellationToken = default
    ) =>
        rest.PagesAsync(
            WithQuery("capabilities/changes", ("service", service)),
            ClientJson.Default.EnvelopeIReadOnlyListCapabilityChange,
            cancellationToken
        );

    private static string WithQuery(string path, params (string Name, string? Value)[] query)
    {
        var given = query
            .Where(q => q.Value is not null)
            .Select(q => $"{q.Name}={Uri.EscapeDataString(q.Value!)}")
            .ToList();
        return given.Count == 0 ? path : $"{path}?{string.Join('&', given)}";
    }

    private Task<IReadOnlyList<ServiceOutcome>> SeveralAsync(
        string verb,
        IReadOnlyList<string>? services,
        bool force,
        TimeSpan? timeout,
        CancellationToken cancellationToken
    ) =>
        SendAsync(
            HttpMethod.Post,
            $"services/{verb}",
            RestConnection.Json(
                new SeveralRequest(services, services is null, force, timeout?.TotalSeconds),
                ClientJson.Default.SeveralRequest
            ),
            ClientJson.Default.EnvelopeIReadOnlyListServiceOutcome,
            cancellationToken
        );
}
