using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Fairlead.Server.Live;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry.Redact;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Automation.Notices;

/// <summary>
/// Brings notices to people: to who is connected, live; to who is not, by push. What fails is tried again and in the end
/// told in the log; it stays among the unread notices in any case.
/// </summary>
internal sealed partial class NoticeDelivery(
    NoticeStore store,
    LiveNotifier live,
    OutboundHttp http,
    NoticeOptions options,
    StoreWatcher watcher,
    TimeProvider time,
    ILogger<NoticeDelivery> logger
) : BackgroundService
{
    private const int AtOnce = 100;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);
    private readonly SemaphoreSlim wake = new(0, 1);
    private string? told;

    /// <summary>Lets it look at once.</summary>
    public void Wake()
    {
        try
        {
            wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // A look is due already.
        }
    }

    public override Task StartAsync(CancellationToken cancellationToken) =>
        watcher.WhenOpenAsync(base.StartAsync, cancellationToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            if (await DeliverAsync(stoppingToken) == AtOnce)
                continue;
            using var next = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            await Task.WhenAny(Task.Delay(Poll, time, next.Token), wake.WaitAsync(next.Token));
            await next.CancelAsync();
        }
    }

    public override void Dispose()
    {
        wake.Dispose();
        base.Dispose();
    }

    private async Task<int> DeliverAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (!await store.IsAnyDueAsync(cancellationToken))
                return 0;
            var due = await store.ClaimAsync(AtOnce, cancellationToken);
            await Parallel.ForEachAsync(
                due,
                new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellationToken },
                async (row, stop) => await DeliverAsync(row, stop)
            );
            told = null;
            return due.Count;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return 0;
        }
        catch (Exception failure)
        {
            if (told != failure.Message)
                LogStuck(failure.Message);
            told = failure.Message;
            return 0;
        }
    }

    private async Task DeliverAsync(NotificationRow row, CancellationToken cancellationToken)
    {
        if (row.Channel == NotificationRow.Live)
        {
            var text = Encoding.UTF8.GetBytes(row.Payload);
            var isGone = live.IsAlone && !live.SendHere(row.UserId, text);
            if (!live.IsAlone)
                await live.SendAsync(row.UserId, text);
            if (!isGone)
            {
                await store.NoteAsync(row, NotificationRow.Live, null, cancellationToken);
                return;
            }
        }
        var problem = options.PushUrl is { } url ? await PushAsync(url, row, cancellationToken) : null;
        if (problem is not null)
            LogFailed(row.Id, row.Attempts, problem);
        await store.NoteAsync(row, NotificationRow.Push, problem, cancellationToken);
    }

    private async Task<string?> PushAsync(Uri url, NotificationRow row, CancellationToken cancellationToken)
    {
        try
        {
            var notice = JsonSerializer.Deserialize(row.Payload, NoticeJson.Default.NoticePayload)!;
            var push = new PushPayload(notice.Title, notice.Message, notice.ConversationId, row.UserId);
            using var content = new ByteArrayContent(
                JsonSerializer.SerializeToUtf8Bytes(push, NoticeJson.Default.PushPayload)
            );
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var limit = new CancellationTokenSource(options.PushTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
            using var answer = await http.Client.PostAsync(url, content, either.Token);
            return answer.IsSuccessStatusCode ? null : $"The push was answered {(int)answer.StatusCode}.";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return "The push took too long.";
        }
        catch (HttpRequestException failure)
        {
            return TextMask.Apply(failure.Message);
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Notice {NoticeId} was not delivered at attempt {Attempt}: {Problem}"
    )]
    private partial void LogFailed(string noticeId, int attempt, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Notices wait: {Problem}")]
    private partial void LogStuck(string problem);
}
