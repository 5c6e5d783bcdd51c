using Fairlead.Client.Rest;

namespace Fairlead.Client;

/// <summary>
/// Secrets of services: definitions refer to them as <c>${secret:NAME}</c>. Values go in and never come out.
/// </summary>
public sealed class SecretsClient
{
    private readonly RestConnection rest;

    internal SecretsClient(RestConnection rest) => this.rest = rest;

    /// <summary>All secrets by name, fetched a page at a time.</summary>
    public IAsyncEnumerable<SecretInfo> ListAsync(CancellationToken cancellationToken = default) =>
        rest.PagesAsync("secrets", ClientJson.Default.EnvelopeIReadOnlyListSecretInfo, cancellationToken);

    /// <summary>Sets a secret, 1 to 32768 characters; services that use it are started again.</summary>
    public Task<SecretInfo> SetAsync(string name, string value, CancellationToken cancellationToken = default) =>
        rest.SendAsync(
            HttpMethod.Put,
            Path(name),
            RestConnection.Json(new SecretValue(value), ClientJson.Default.SecretValue),
            ClientJson.Default.EnvelopeSecretInfo,
            cancellationToken
        );

    /// <summary>Removes a secret.</summary>
    /// <exception cref="FairleadApiException"><c>CONFLICT</c> while a service uses it.</exception>
    public Task<SecretInfo> RemoveAsync(string name, CancellationToken cancellationToken = default) =>
        rest.SendAsync(HttpMethod.Delete, Path(name), null, ClientJson.Default.EnvelopeSecretInfo, cancellationToken);

    private static string Path(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return $"secrets/{Uri.EscapeDataString(name)}";
    }
}

/// <summary>A secret, without its value.</summary>
/// <param name="Name">Its name.</param>
/// <param name="UpdatedAt">When it was set, UTC.</param>
/// <param name="UsedBy">Names of the services that use it.</param>
public sealed record SecretInfo(string Name, DateTimeOffset UpdatedAt, IReadOnlyList<string> UsedBy);

internal sealed record SecretValue(string Value);
