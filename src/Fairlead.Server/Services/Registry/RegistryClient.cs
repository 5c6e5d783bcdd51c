using System.Text.Json;
using Fairlead.Server.Services.Channels;

namespace Fairlead.Server.Services.Registry;

/// <summary>The registry cannot be asked, or has no such thing.</summary>
internal sealed class RegistryException(string code, string message, Exception? inner = null)
    : IOException(message, inner)
{
    /// <summary>Of the REST error table.</summary>
    public string Code { get; } = code;
}

/// <summary>
/// Reads a registry that speaks the API of 2025-12-01 (contracts.md section 5.1), through the guarded HTTP client: no
/// cookies, no private addresses unless allowed, answers of bounded size.
/// </summary>
internal sealed class RegistryClient(ServicesOptions options, TimeProvider time) : IDisposable
{
    /// <summary>Largest answer, 8 MiB.</summary>
    public const int MaxBytes = 8 * 1024 * 1024;

    private const int MostRedirects = 5;

    private readonly HttpMessageInvoker http = GuardedHttp.Create(
        options.Channels with
        {
            RefusePrivateAddresses = !options.Registry.AllowPrivate,
        }
    );

    /// <summary>A page of servers.</summary>
    /// <exception cref="RegistryException">There is no registry, or it does not answer as one.</exception>
    public Task<JsonElement> SearchAsync(
        string? search,
        string? cursor,
        int limit,
        CancellationToken cancellationToken
    ) =>
        GetAsync(
            $"servers?limit={limit}"
                + (search is null ? "" : $"&search={Uri.EscapeDataString(search)}")
                + (cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}"),
            cancellationToken
        );

    /// <inheritdoc cref="SearchAsync"/>
    public Task<JsonElement> VersionsAsync(string name, CancellationToken cancellationToken) =>
        GetAsync($"servers/{Uri.EscapeDataString(name)}/versions", cancellationToken);

    /// <summary>The <c>server.json</c> of one version; null takes the latest.</summary>
    /// <exception cref="RegistryException">There is no registry, no such server, or no answer.</exception>
    public Task<JsonElement> ReadAsync(string name, string? version, CancellationToken cancellationToken) =>
        GetAsync(
            $"servers/{Uri.EscapeDataString(name)}/versions/{Uri.EscapeDataString(version ?? "latest")}",
            cancellationToken
        );

    /// <summary>
    /// Downloads a bundle; the caller counts its bytes and checks its digest. Redirects are followed here, because files
    /// of releases are kept elsewhere: each address is checked as the first one, and none goes back to plain HTTP.
    /// </summary>
    /// <exception cref="RegistryException">It cannot be had.</exception>
    public async Task<T> DownloadAsync<T>(
        Uri url,
        Func<Stream, CancellationToken, Task<T>> read,
        CancellationToken cancellationToken
    )
    {
        using var limit = new CancellationTokenSource(options.Registry.DownloadTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var response = await FollowAsync(url, either.Token);
            await using var body = await response.Content.ReadAsStreamAsync(either.Token);
            return await read(body, either.Token);
        }
        catch (HttpIOException e)
        {
            throw new RegistryException("SERVICE_UNAVAILABLE", $"The download from {url.Host} broke off.", e);
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested)
        {
            throw new RegistryException(
                "SERVICE_UNAVAILABLE",
                $"The download from {url.Host} takes longer than {options.Registry.DownloadTimeout.TotalSeconds:0} s.",
                e
            );
        }
    }

    public void Dispose() => http.Dispose();

    private async Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken)
    {
        if (options.Registry.Url is not { } root)
            throw new RegistryException(
                "CONFIG_NOT_FOUND",
                "No registry is configured: set Services:Registry:Url to its address."
            );
        var url = new Uri($"{root.AbsoluteUri.TrimEnd('/')}/v0.1/{path}");
        using var limit = new CancellationTokenSource(options.Registry.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var response = Successful(await AskAsync(url, either.Token), url);
            await using var body = await response.Content.ReadAsStreamAsync(either.Token);
            var buffer = new byte[MaxBytes + 1];
            var length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, either.Token);
            if (length > MaxBytes)
                throw new RegistryException(
                    "SERVICE_UNAVAILABLE",
                    $"The registry's answer is larger than {MaxBytes} bytes."
                );
            using var document = JsonDocument.Parse(buffer.AsMemory(0, length));
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw new RegistryException("SERVICE_UNAVAILABLE", "The registry's answer is no JSON.", e);
        }
        catch (IOException e) when (e is not RegistryException)
        {
            throw new RegistryException("SERVICE_UNAVAILABLE", "The registry's answer broke off.", e);
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested)
        {
            throw new RegistryException(
                "SERVICE_UNAVAILABLE",
                $"The registry does not answer within {options.Registry.Timeout.TotalSeconds:0} s.",
                e
            );
        }
    }

    private async Task<HttpResponseMessage> FollowAsync(Uri url, CancellationToken cancellationToken)
    {
        for (var hop = 0; hop <= MostRedirects; hop++)
        {
            var response = await AskAsync(url, cancellationToken);
            if (response.Headers.Location is not { } next || (int)response.StatusCode is < 300 or > 399)
                return Successful(response, url);
            response.Dispose();
            next = new Uri(url, next);
            if (next.Scheme != "https" && next.Scheme != url.Scheme)
                throw new RegistryException("SERVICE_UNAVAILABLE", $"{url.Host} redirects to a {next.Scheme} address.");
            url = next;
        }
        throw new RegistryException("SERVICE_UNAVAILABLE", $"{url.Host} redirects more than {MostRedirects} times.");
    }

    private async Task<HttpResponseMessage> AskAsync(Uri url, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        try
        {
            return await http.SendAsync(request, cancellationToken);
        }
        catch (Exception e)
            when (e is HttpRequestException or IOException
                || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested)
            )
        {
            var why =
                e is OperationCanceledException ? "no connection in time"
                : (e as AddressRefusedException ?? e.InnerException as AddressRefusedException) is { } refused
                    ? refused.Message.TrimEnd('.') + " (private ones are with Services:Registry:AllowPrivate)"
                : (e.InnerException ?? e).Message;
            throw new RegistryException("SERVICE_UNAVAILABLE", $"{url.Host} cannot be reached: {why.TrimEnd('.')}.", e);
        }
    }

    private static HttpResponseMessage Successful(HttpResponseMessage response, Uri url)
    {
        if (response.IsSuccessStatusCode)
            return response;
        var status = (int)response.StatusCode;
        response.Dispose();
        throw status == 404
            ? new RegistryException("NOT_FOUND", $"{url.Host} has no such server, version or file.")
            : new RegistryException("SERVICE_UNAVAILABLE", $"{url.Host} answers with status {status}.");
    }
}
