using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;

namespace Fairlead.Client.Rest;

/// <summary>
/// Follows a stream of the gateway. What comes before the first answer is thrown; after that a lost connection is made
/// again, after the last event seen, until the gateway refuses or says that there is no more.
/// </summary>
internal sealed class RestFollower(HttpClient http, Uri root, AccessTokenProvider token, FairleadClientOptions options)
{
    // Three beats of the gateway.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <param name="path">The stream as it begins.</param>
    /// <param name="resume">The stream after the event of an id.</param>
    /// <param name="interrupted">Told what broke the connection, once, and null when it is back.</param>
    /// <param name="cancellationToken">Ends the following.</param>
    public async IAsyncEnumerable<string> FollowAsync(
        string path,
        Func<string, string> resume,
        IProgress<Exception?>? interrupted,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var at = path;
        var wasOpen = false;
        var isBroken = false;
        var pause = TimeSpan.FromMilliseconds(250);
        while (true)
        {
            Exception broken;
            await using (var events = OpenAsync(at, cancellationToken).GetAsyncEnumerator(cancellationToken))
            {
                while (true)
                {
                    bool more;
                    try
                    {
                        more = await events.MoveNextAsync();
                    }
                    catch (Exception e) when (wasOpen && IsPassing(e))
                    {
                        broken = e;
                        break;
                    }
                    if (!more)
                    {
                        broken = new IOException("The gateway ended the stream.");
                        break;
                    }
                    wasOpen = true;
                    pause = TimeSpan.FromMilliseconds(250);
                    if (isBroken)
                        interrupted?.Report(null);
                    isBroken = false;
                    var item = events.Current;
                    if (item.EventId is { } id)
                        at = resume(id);
                    if (item.EventType != "beat")
                        yield return item.Data;
                }
            }
            if (!isBroken)
                interrupted?.Report(broken);
            isBroken = true;
            await Task.Delay(pause, options.Time, cancellationToken);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private async IAsyncEnumerable<SseItem<string>> OpenAsync(
        string path,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        using var silence = new CancellationTokenSource(options.RestTimeout, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(root, path));
        if (await token(cancellationToken) is { Length: > 0 } value)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", value);
        request.Headers.Accept.ParseAdd("text/event-stream");
        using var response = await HeardAsync(
            http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token),
            cancellationToken
        );
        if (response.Content.Headers.ContentType?.MediaType != "text/event-stream")
        {
            await RestConnection.ReadAsync(response, ClientJson.Default.EnvelopeIgnored, either.Token);
            throw RestConnection.NotTheGateway(response.StatusCode);
        }
        var body = await response.Content.ReadAsStreamAsync(either.Token);
        await using (body)
        {
            await using var events = SseParser
                .Create(body)
                .EnumerateAsync(either.Token)
                .GetAsyncEnumerator(either.Token);
            while (true)
            {
                silence.CancelAfter(Silence);
                if (!await HeardAsync(events.MoveNextAsync().AsTask(), cancellationToken))
                    yield break;
                yield return events.Current;
            }
        }
    }

    private static async Task<T> HeardAsync<T>(Task<T> answer, CancellationToken cancellationToken)
    {
        try
        {
            return await answer;
        }
        catch (OperationCanceledException failure) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException("The gateway said nothing for too long.", failure);
        }
    }

    /// <summary>What a gateway that restarts, or a net that blinks, looks like.</summary>
    private static bool IsPassing(Exception failure) =>
        failure is HttpRequestException or IOException or TimeoutException
        || failure is FairleadApiException { Status: HttpStatusCode.ServiceUnavailable or HttpStatusCode.BadGateway };
}
