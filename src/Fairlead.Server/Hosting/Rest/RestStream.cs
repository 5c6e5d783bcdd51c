using Fairlead.Server.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Fairlead.Server.Hosting.Rest;

/// <summary>
/// One event of a stream: a client that was cut off goes on after its id. Without <paramref name="Json"/> it is a beat that
/// only says so: what comes first, where nothing is to be shown yet.
/// </summary>
internal readonly record struct StreamItem(long Id, string? Json);

/// <summary>
/// An answer of server-sent events that goes on until its reader leaves, the gateway stops or the access token dies.
/// What follows is asked for only when everything before was taken: a slow reader costs no memory.
/// </summary>
/// <param name="next">Waits until there is more; null ends the stream.</param>
internal sealed class RestStream(Func<CancellationToken, Task<IReadOnlyList<StreamItem>?>> next) : IResult
{
    public const string MediaType = "text/event-stream";

    public static bool IsAskedFor(HttpContext http) =>
        http.Request.Headers.Accept.ToString().Contains(MediaType, StringComparison.OrdinalIgnoreCase);

    /// <summary>A stream of a list that is added to: first where it begins, then what comes after.</summary>
    /// <param name="at">The id before the first item.</param>
    /// <param name="after">Gives what comes after an id, oldest first and never nothing; waits for it.</param>
    /// <param name="view">An item as it is sent.</param>
    /// <param name="isOver">Whether the list is no more: what it says last is not sent. Null: never.</param>
    public static RestStream Following<T>(
        long at,
        Func<long, CancellationToken, Task<IReadOnlyList<T>>> after,
        Func<T, StreamItem> view,
        Func<bool>? isOver = null
    )
    {
        var begun = false;
        return new RestStream(async cancellationToken =>
        {
            if (!begun)
            {
                begun = true;
                return [new StreamItem(at, null)];
            }
            List<StreamItem> newer = [.. (await after(at, cancellationToken)).Select(view)];
            at = newer[^1].Id;
            return isOver?.Invoke() == true ? null : newer;
        });
    }

    public Task ExecuteAsync(HttpContext httpContext) =>
        httpContext.RequestServices.GetRequiredService<RestStreams>().RunAsync(httpContext, next);
}

/// <summary>All such streams: their number is bounded, and none holds up a stop.</summary>
internal sealed class RestStreams(TokenReader tokens, IHostApplicationLifetime host, TimeProvider time)
{
    /// <summary>Streams at once; more are refused.</summary>
    public const int Most = 64;

    // A reader that hears nothing for three of these takes the connection for dead.
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(15);
    private const string BeatEvent = "event: beat\ndata: {}\n\n";
    private int open;

    public async Task RunAsync(HttpContext http, Func<CancellationToken, Task<IReadOnlyList<StreamItem>?>> next)
    {
        try
        {
            if (Interlocked.Increment(ref open) > Most)
            {
                await RestResult.Fail("RATE_LIMIT_EXCEEDED", "Too many streams are open.").WriteAsync(http);
                return;
            }
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(
                http.RequestAborted,
                host.ApplicationStopping
            );
            try
            {
                await SendAsync(http, next, ended.Token);
            }
            finally
            {
                // What waits for news is not to go on without its stream.
                await ended.CancelAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The reader left, or the gateway stops.
        }
        finally
        {
            Interlocked.Decrement(ref open);
        }
    }

    private async Task SendAsync(
        HttpContext http,
        Func<CancellationToken, Task<IReadOnlyList<StreamItem>?>> next,
        CancellationToken cancellationToken
    )
    {
        http.Response.ContentType = RestStream.MediaType;
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        Task<IReadOnlyList<StreamItem>?>? waiting = null;
        await WriteAsync(http, BeatEvent, cancellationToken);
        while (true)
        {
            waiting ??= next(cancellationToken);
            IReadOnlyList<StreamItem>? items = [];
            try
            {
                items = await waiting.WaitAsync(Beat, time, cancellationToken);
                waiting = null;
            }
            catch (TimeoutException)
            {
                // Nothing new: only the beat.
            }
            // Looked at before each write: a token that died meanwhile gets nothing any more.
            if (items is null || !IsSignedIn(http))
                return;
            await WriteAsync(
                http,
                items.Count == 0 ? BeatEvent : string.Concat(items.Select(Event)),
                cancellationToken
            );
        }
    }

    private static string Event(StreamItem item) =>
        item.Json is null ? $"id: {item.Id}\n{BeatEvent}" : $"id: {item.Id}\ndata: {item.Json}\n\n";

    private bool IsSignedIn(HttpContext http) =>
        http.Request.Headers.Authorization.ToString().Split(' ') is [_, var token]
        && tokens.TryRead(token, out _, out _);

    private static async Task WriteAsync(HttpContext http, string text, CancellationToken cancellationToken)
    {
        await http.Response.WriteAsync(text, cancellationToken);
        await http.Response.Body.FlushAsync(cancellationToken);
    }
}
