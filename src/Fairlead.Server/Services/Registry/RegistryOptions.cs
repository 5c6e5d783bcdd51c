namespace Fairlead.Server.Services.Registry;

/// <summary>The registry that services are looked up in.</summary>
internal sealed record RegistryOptions
{
    /// <summary>Its address, to which <c>/v0.1/servers</c> is added; null: there is none, and nothing is asked.</summary>
    public Uri? Url { get; init; }

    /// <summary>Whether it, and bundles it names, may be in a private network; off.</summary>
    public bool AllowPrivate { get; init; }

    /// <summary>How long an answer may take; 30 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the download of a bundle may take; 5 min.</summary>
    public TimeSpan DownloadTimeout { get; init; } = TimeSpan.FromMinutes(5);
}
