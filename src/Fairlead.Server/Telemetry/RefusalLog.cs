using System.Net;
using System.Text.Json;
using Fairlead.Server.Hosting.Limits;
using Fairlead.Server.Telemetry.Redact;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Telemetry;

/// <summary>Somebody was refused.</summary>
/// <param name="Action">Which face: <c>mcp.refused</c>, <c>access.refused</c>, or the endpoint's name.</param>
/// <param name="Reason">Code of the error that was answered.</param>
/// <param name="From">Where it came from.</param>
/// <param name="Resource">What was asked for.</param>
/// <param name="UserId">Who, where a token proved it.</param>
internal readonly record struct Refusal(
    string Action,
    string Reason,
    IPAddress? From,
    string Resource,
    string? UserId = null
)
{
    public const string Mcp = "mcp.refused";
    public const string Rest = "access.refused";

    public static Refusal Of(HttpContext http, string action, string reason, string? userId = null) =>
        new(action, reason, http.Connection.RemoteIpAddress, $"{http.Request.Method} {http.Request.Path}", userId);
}

/// <summary>Hands a refusal to the audit; never waits.</summary>
internal delegate void NoteRefusal(in Refusal refusal);

/// <summary>
/// Refusals in the audit trail, at a rate no stranger decides: of each kind (action, reason, source) the first is written
/// at once, what follows as one record a minute with its count. Handing over takes a dictionary look-up; the rows are
/// written by a loop of its own. Memory and rows are bounded: beyond a number of sources all others are counted as one.
/// </summary>
internal sealed partial class RefusalLog(AuditLog audit, TimeProvider time, ILogger<RefusalLog> logger)
    : BackgroundService
{
    /// <summary>Kinds told apart at the same time.</summary>
    public const int MaxKinds = 200;
    private const string ManySources = "many";
    private const int LongestResource = 300;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);
    private readonly Lock gate = new();
    private readonly Dictionary<Kind, Tally> tallies = [];
    private readonly SemaphoreSlim wake = new(0, 1);

    // Who asks for what is due gets it written, also what another has just taken.
    private readonly SemaphoreSlim writing = new(1, 1);

    public void Note(in Refusal refusal)
    {
        var kind = new Kind(refusal.Action, refusal.Reason, ClientAddress.Of(refusal.From));
        lock (gate)
        {
            if (!tallies.TryGetValue(kind, out var tally))
            {
                if (tallies.Count >= MaxKinds)
                    kind = kind with { Source = ManySources };
                if (!tallies.TryGetValue(kind, out tally))
                    tallies[kind] = tally = new Tally();
            }
            if (tally.Count++ == 0)
                (tally.First, tally.Since) = (refusal with { Resource = Shown(refusal.Resource) }, time.GetUtcNow());
            if (tally.Written is null && wake.CurrentCount == 0)
                wake.Release();
        }
    }

    /// <summary>Writes what is due now; with <paramref name="all"/> also what would wait for its minute to end.</summary>
    public async Task WriteDueAsync(bool all, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(CancellationToken.None);
        try
        {
            await WriteAllDueAsync(all, cancellationToken);
        }
        finally
        {
            writing.Release();
        }
    }

    private async Task WriteAllDueAsync(bool all, CancellationToken cancellationToken)
    {
        foreach (var (kind, tally) in Due(all))
        {
            int count;
            DateTimeOffset since;
            AuditRecord record;
            lock (gate)
            {
                (count, since) = (tally.Count, tally.Since);
                record = Record(kind, tally);
                tally.Count = 0;
                tally.Written = time.GetTimestamp();
            }
            try
            {
                await audit.WriteRefusalAsync(record, cancellationToken);
            }
            catch (Exception failure)
            {
                // Counted again: told when the store is back.
                lock (gate)
                    (tally.Count, tally.Since) = (tally.Count + count, since);
                if (failure is not OperationCanceledException)
                    LogFailed(failure, count);
                return;
            }
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await WriteDueAsync(all: true, CancellationToken.None);
    }

    public override void Dispose()
    {
        wake.Dispose();
        writing.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                using var next = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                await Task.WhenAny(Task.Delay(Look, time, next.Token), wake.WaitAsync(next.Token));
                await next.CancelAsync();
                stoppingToken.ThrowIfCancellationRequested();
                await WriteDueAsync(all: false, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is counted is written by the stop.
        }
    }

    private List<KeyValuePair<Kind, Tally>> Due(bool all)
    {
        lock (gate)
        {
            var due = new List<KeyValuePair<Kind, Tally>>();
            foreach (var entry in tallies)
            {
                var isOver = entry.Value.Written is not { } written || time.GetElapsedTime(written) >= Window;
                if (entry.Value.Count == 0 && isOver)
                    tallies.Remove(entry.Key);
                else if (entry.Value.Count > 0 && (all || isOver))
                    due.Add(entry);
            }
            return due;
        }
    }

    private AuditRecord Record(Kind kind, Tally tally) =>
        new()
        {
            At = time.GetUtcNow(),
            UserId = tally.First.UserId ?? "anonymous",
            Action = kind.Action,
            Resource = tally.First.Resource,
            Result = kind.Reason,
            IpAddress = kind.Source,
            Details = tally.Count == 1 ? null : Details(tally.Count, tally.Since),
        };

    private static string Details(int count, DateTimeOffset since)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text))
        {
            json.WriteStartObject();
            json.WriteNumber("count"u8, count);
            json.WriteString("since"u8, since.UtcDateTime);
            json.WriteEndObject();
        }
        return System.Text.Encoding.UTF8.GetString(text.ToArray());
    }

    // A path may hold a key that was put into the wrong place.
    private static string Shown(string resource) =>
        TextMask.Apply(resource.Length > LongestResource ? resource[..LongestResource] + "…" : resource)!;

    [LoggerMessage(Level = LogLevel.Error, Message = "{Count} refusals could not be written to the audit trail yet")]
    private partial void LogFailed(Exception failure, int count);

    private readonly record struct Kind(string Action, string Reason, string? Source);

    private sealed class Tally
    {
        /// <summary>Refusals not written yet.</summary>
        public int Count { get; set; }

        /// <summary>When the first of them came.</summary>
        public DateTimeOffset Since { get; set; }

        /// <summary>When the last row was written; null before the first.</summary>
        public long? Written { get; set; }
        public Refusal First { get; set; }
    }
}
