using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Fairlead.Client.Rest;

/// <summary>Sends REST requests and takes envelopes apart.</summary>
internal sealed class RestConnection(
    HttpClient http,
    Uri root,
    AccessTokenProvider token,
    FairleadClientOptions options
)
{
    private const int PageSize = 200;
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    public Task<T> GetAsync<T>(string path, JsonTypeInfo<Envelope<T>> type, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, path, null, type, cancellationToken);

    public async Task<T> SendAsync<T>(
        HttpMethod method,
        string path,
        HttpContent? body,
        JsonTypeInfo<Envelope<T>> type,
        CancellationToken cancellationToken
    ) => Data(await ExchangeAsync(method, path, body, type, anonymous: false, cancellationToken));

    /// <summary>A POST without access token: signing in.</summary>
    public async Task<T> SendAnonymousAsync<T>(
        string path,
        HttpContent body,
        JsonTypeInfo<Envelope<T>> type,
        CancellationToken cancellationToken
    ) => Data(await ExchangeAsync(HttpMethod.Post, path, body, type, anonymous: true, cancellationToken));

    /// <summary>All rows of a list, a page at a time as they are asked for.</summary>
    public async IAsyncEnumerable<T> PagesAsync<T>(
        string path,
        JsonTypeInfo<Envelope<IReadOnlyList<T>>> type,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var separator = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        for (var page = 1; ; page++)
        {
            var envelope = await ExchangeAsync(
                HttpMethod.Get,
                $"{path}{separator}page={page}&page_size={PageSize}",
                null,
                type,
                anonymous: false,
                cancellationToken
            );
            foreach (var row in Data(envelope))
                yield return row;
            if (envelope.Pagination is not { HasNext: true })
                yield break;
        }
    }

    /// <summary>Asks for a health address, which has no envelope.</summary>
    public async Task PingAsync(Uri address, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        var status = await LimitedAsync(
            async limited =>
            {
                using var response = await SendAsync(request, limited);
                return response.StatusCode;
            },
            cancellationToken
        );
        if (status != HttpStatusCode.OK)
            throw NotTheGateway(status);
    }

    public static HttpContent Json<T>(T value, JsonTypeInfo<T> type)
    {
        var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(value, type));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }

    private async Task<Envelope<T>> ExchangeAsync<T>(
        HttpMethod method,
        string path,
        HttpContent? body,
        JsonTypeInfo<Envelope<T>> type,
        bool anonymous,
        CancellationToken cancellationToken
    )
    {
        using (body)
            return await LimitedAsync(
                async limited =>
                {
                    while (true)
                    {
                        using var request = new HttpRequestMessage(method, new Uri(root, path)) { Content = body };
                        if (!anonymous && await token(limited) is { Length: > 0 } value)
                            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", value);
                        try
                        {
                            using var response = await SendAsync(request, limited);
                            return await ReadAsync(response, type, limited);
                        }
                        catch (FairleadApiException refused) when (PauseOf(refused, body) is { } pause)
                        {
                            await Task.Delay(pause, options.Time, limited);
                        }
                        finally
                        {
                            // It would go with the request, and may be needed again.
                            request.Content = null;
                        }
                    }
                },
                cancellationToken
            );
    }

    // Refused before anything was done, because this address asks often (I-26): so it may be asked again. A body that is
    // read from somewhere can be sent once only.
    private static TimeSpan? PauseOf(FairleadApiException refused, HttpContent? body) =>
        refused is { Status: HttpStatusCode.TooManyRequests, RetryAfter: { } wait }
        && wait <= LongestPause
        && body is null or ByteArrayContent
        && refused.Details.GetValueOrDefault("limited") == "requests of this address"
            ? wait
            : null;

    private Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        return http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    private async Task<T> LimitedAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.RestTimeout, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await work(either.Token);
        }
        catch (OperationCanceledException failure) when (limit.IsCancellationRequested)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new TimeoutException(
                $"The gateway did not answer within {options.RestTimeout.TotalSeconds:0.#} s.",
                failure
            );
        }
    }

    internal static async Task<Envelope<T>> ReadAsync<T>(
        HttpResponseMessage response,
        JsonTypeInfo<Envelope<T>> type,
        CancellationToken cancellationToken
    )
    {
        Envelope<T>? envelope = null;
        if (response.Content.Headers.ContentType?.MediaType == "application/json")
        {
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            await using (stream)
            {
                try
                {
                    envelope = await JsonSerializer.DeserializeAsync(stream, type, cancellationToken);
                }
                catch (JsonException)
                {
                    // Said below, with the status.
                }
            }
        }
        if (envelope is { Error: { } error })
        {
            throw new FairleadApiException(response.StatusCode, error.Code, error.Message)
            {
                Field = error.Field,
                Details = error.Details ?? [],
                RequestId = envelope.RequestId,
                RetryAfter = response.Headers.RetryAfter?.Delta,
            };
        }
        return envelope is { Success: true } && response.IsSuccessStatusCode
            ? envelope
            : throw NotTheGateway(response.StatusCode);
    }

    private static T Data<T>(Envelope<T> envelope) => envelope.Data ?? throw NotTheGateway(HttpStatusCode.OK);

    internal static FairleadApiException NotTheGateway(HttpStatusCode status) =>
        new(
            status,
            FairleadApiException.NotTheGateway,
            $"The answer (HTTP {(int)status}) is not a Fairlead gateway's of this version."
        );
}
