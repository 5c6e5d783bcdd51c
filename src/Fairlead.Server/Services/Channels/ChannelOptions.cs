namespace Fairlead.Server.Services.Channels;

/// <summary>Limits of the connections to services (security.md section 2).</summary>
internal sealed record ChannelOptions
{
    /// <summary>Largest message taken from a service, in bytes; 8 MiB.</summary>
    public int MaxMessageBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>How long a connect may take; 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long <c>server/discover</c> waits before <c>initialize</c> is tried as well; 3 s. Some legacy services never
    /// answer anything before <c>initialize</c>.
    /// </summary>
    public TimeSpan DiscoverPatience { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The whole handshake; 60 s, because <c>npx</c> may first install a package.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Whether services in private and loopback networks are refused; on for services that do not say otherwise
    /// (<see cref="ServicesOptions.Channels"/>). Link-local addresses and cloud metadata are always refused.
    /// </summary>
    public bool RefusePrivateAddresses { get; init; }

    /// <summary>Failed attempts in a row to resume a cut stream before its call fails; 5.</summary>
    public int ResumeAttempts { get; init; } = 5;

    /// <summary>Pause before resuming a stream whose service named none; 1 s. A named one is kept, up to 1 min.</summary>
    public TimeSpan ResumePause { get; init; } = TimeSpan.FromSeconds(1);
}
