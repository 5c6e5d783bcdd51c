using System.Runtime.CompilerServices;
using Fairlead.Client.Rest;

namespace Fairlead.Client;

/// <summary>The registry of servers that the gateway is configured with, asked through the gateway.</summary>
/// <remarks>
/// Every method is refused with <c>CONFIG_NOT_FOUND</c> where none is configured, and with <c>SERVICE_UNAVAILABLE</c>
/// where it does not answer.
/// </remarks>
public sealed class RegistryClient
{
    private readonly RestConnection rest;

    internal RegistryClient(RestConnection rest) => this.rest = rest;

    /// <summary>Servers whose name holds a text, in their latest version; fetched a page at a time.</summary>
    /// <param name="text">Part of the name; null: all.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public async IAsyncEnumerable<RegistryServer> SearchAsync(
        string? text,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        var search = text is null ? "" : $"&search={Uri.EscapeDataString(text)}";
        string? cursor = null;
        do
        {
            var page = await rest.GetAsync(
                $"registry/servers?limit=100{search}"
                    + (cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}"),
                ClientJson.Default.EnvelopeRegistryPage,
                cancellationToken
            );
            foreach (var server in page.Servers)
                yield return server;
            cursor = page.NextCursor;
        } while (cursor is not null);
    }

    /// <summary>The versions of a server.</summary>
    /// <param name="name">Its full name, <c>NAMESPACE/NAME</c>.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public async Task<IReadOnlyList<RegistryServer>> VersionsAsync(
        string name,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var page = await rest.GetAsync(
            $"registry/servers/{Uri.EscapeDataString(name)}/versions",
            ClientJson.Default.EnvelopeRegistryPage,
            cancellationToken
        );
        return page.Servers;
    }

    /// <summary>Registers a server as a service; a bundle is downloaded and its digest verified.</summary>
    /// <param name="name">Its full name, <c>NAMESPACE/NAME</c>.</param>
    /// <param name="version">Null takes the latest.</param>
    /// <param name="importing">What is said beside it; file name and format mean nothing here.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public Task<ImportResult> ImportAsync(
        string name,
        string? version = null,
        ImportOptions? importing = null,
        CancellationToken cancellationToken = default
    ) =>
        rest.SendAsync(
            HttpMethod.Post,
            "registry/import",
            RestConnection.Json(
                new RegistryImport(
                    name,
                    version,
                    importing?.Pick,
                    importing?.Values,
                    importing?.DryRun ?? false,
                    importing?.Update ?? false,
                    importing?.AllowPrivate
                ),
                ClientJson.Default.RegistryImport
            ),
            ClientJson.Default.EnvelopeImportResult,
            cancellationToken
        );
}

/// <summary>A server of a registry, in one version.</summary>
public sealed record RegistryServer
{
    /// <summary>Full name, <c>NAMESPACE/NAME</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Title for people.</summary>
    public string? Title { get; init; }

    /// <summary>What it is for.</summary>
    public required string Description { get; init; }

    /// <summary>Version.</summary>
    public string? Version { get; init; }

    /// <summary><c>active</c>, <c>deprecated</c> or <c>deleted</c>; null where the registry does not say.</summary>
    public string? Status { get; init; }

    /// <summary>Kinds of packages it has: <c>npm</c>, <c>pypi</c>, <c>nuget</c>, <c>oci</c>, <c>mcpb</c> …</summary>
    public required IReadOnlyList<string> Packages { get; init; }

    /// <summary>Addresses it is served at.</summary>
    public required IReadOnlyList<string> Remotes { get; init; }
}

internal sealed record RegistryPage(IReadOnlyList<RegistryServer> Servers, string? NextCursor);

internal sealed record RegistryImport(
    string Name,
    string? Version,
    string? Pick,
    IReadOnlyDictionary<string, string>? Values,
    bool DryRun,
    bool Update,
    bool? AllowPrivate
);
