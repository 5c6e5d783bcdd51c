namespace Fairlead.Server.Services.Bundles;

/// <summary>Limits of bundles (contracts.md section 5.2).</summary>
internal sealed record BundleOptions
{
    /// <summary>Largest bundle, in bytes; 128 MiB.</summary>
    public long MaxBytes { get; init; } = 128 * 1024 * 1024;

    /// <summary>Most bytes a bundle may unpack to; 512 MiB.</summary>
    public long MaxUnpackedBytes { get; init; } = 512 * 1024 * 1024;

    /// <summary>Most files and folders in a bundle; 20,000.</summary>
    public int MaxEntries { get; init; } = 20_000;

    /// <summary>Most times its packed size that a file above 1 MiB may unpack to; 200.</summary>
    public int MaxRatio { get; init; } = 200;
}

/// <summary>A bundle is refused; the message says what is wrong with which part of it.</summary>
internal sealed class BundleException(string field, string message, Exception? inner = null)
    : FormatException(message, inner)
{
    /// <summary>The entry of the archive, or the member of the manifest.</summary>
    public string Field { get; } = field;
}
