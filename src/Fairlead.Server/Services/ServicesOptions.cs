using Fairlead.Server.Services.Bundles;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Services.Health;
using Fairlead.Server.Services.Registry;
using Fairlead.Server.Services.Supervision;
using Fairlead.Server.Services.Trust;

namespace Fairlead.Server.Services;

/// <summary>How services are kept alive (security.md section 5 "Upstream crash").</summary>
internal sealed record ServicesOptions
{
    /// <summary>Private and loopback addresses are refused unless a service's own <c>allowPrivate</c> says otherwise.</summary>
    public ChannelOptions Channels { get; init; } = new() { RefusePrivateAddresses = true };

    public LaunchOptions Launch { get; init; } = new();

    public RecoveryOptions Recovery { get; init; } = new();

    public HealthOptions Health { get; init; } = new();

    public BundleOptions Bundles { get; init; } = new();

    public RegistryOptions Registry { get; init; } = new();

    /// <summary>
    /// Programs that start at the same time; 4. Each holds its turn until it speaks, at most 2 s: a hundred at once would
    /// starve each other and the calls, and those that hang keep nobody waiting.
    /// </summary>
    public int ConcurrentStarts { get; init; } = 4;

    /// <summary>How long a lazy service is unused before it is ended; 10 min. A service's own <c>idleSeconds</c> wins.</summary>
    public TimeSpan IdleTime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Shortest time between two readings of a service's lists; 1 s (security.md section 5 "Notification flood").</summary>
    public TimeSpan RefreshInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Lists are read again after this time, whether the service said that they changed or not; 5 min (contracts.md §4.5).
    /// </summary>
    public TimeSpan ListAge { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a new service's names wait for new services before it in the configuration; 3 s.</summary>
    public TimeSpan NamingPatience { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long one list request may take; 30 s.</summary>
    public TimeSpan ListTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Most items taken of one kind; 10,000.</summary>
    public int MostItems { get; init; } = 10_000;

    /// <summary>Most pages read of one list; 1,000.</summary>
    public int MostPages { get; init; } = 1_000;

    /// <summary>
    /// Most bytes of definitions taken of one service, all lists together; 64 MiB. What exceeds it is left out and the
    /// service's state says so.
    /// </summary>
    public long MostListBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>How long calls in flight at an HTTP service may go on after its stop; 5 s.</summary>
    public TimeSpan StopTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the stop of all services may take at shutdown; 15 s.</summary>
    public TimeSpan ShutdownLimit { get; init; } = TimeSpan.FromSeconds(15);
}
