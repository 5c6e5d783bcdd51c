using System.Collections.Concurrent;
using Fairlead.Server.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Services.Health;

/// <summary>How much an event concerns people.</summary>
internal enum EventLevel
{
    /// <summary>As intended.</summary>
    Info,

    /// <summary>It may pass by itself.</summary>
    Warning,

    /// <summary>Somebody should look (S-14, S-20).</summary>
    Alert,
}

/// <summary>Something that happened to a service; ids grow, also across restarts of the gateway.</summary>
internal sealed record ServiceEvent(
    long Id,
    DateTimeOffset At,
    ServiceId Service,
    string Name,
    EventLevel Level,
    ServicePhase From,
    ServicePhase To,
    string Why
);

/// <summary>
/// What happened to the services: every change of phase, and what people have to be told. Kept short in memory; written
/// to the log; handed to whoever listens (S-14).
/// </summary>
internal sealed partial class ServiceJournal
{
    /// <summary>Events kept of each service.</summary>
    public const int Kept = 50;

    /// <summary>Events kept of all services together, for those who follow them.</summary>
    public const int KeptOfAll = 1_000;

    private readonly FollowedList<ServiceEvent> all;
    private readonly StoreWatcher store;
    private readonly TimeProvider time;
    private readonly ILogger<ServiceJournal> logger;
    private readonly ConcurrentDictionary<ServiceId, Book> books = new();

    public ServiceJournal(ServiceSlots slots, StoreWatcher store, TimeProvider time, ILogger<ServiceJournal> logger)
    {
        this.store = store;
        this.time = time;
        this.logger = logger;
        all = new FollowedList<ServiceEvent>(time, KeptOfAll);
        slots.Changed += OnChanged;
    }

    /// <summary>Raised with each event, on the thread that caused it; handlers must not wait.</summary>
    public event Action<ServiceEvent>? Added;

    /// <summary>The last events of a service, oldest first.</summary>
    public IReadOnlyList<ServiceEvent> Of(ServiceId id)
    {
        if (!books.TryGetValue(id, out var book))
            return [];
        lock (book)
            return [.. book.Events];
    }

    /// <summary>The last events of all services, oldest first.</summary>
    public IReadOnlyList<ServiceEvent> Last(int most) => all.Last(most);

    /// <summary>The id before the last <paramref name="most"/> events.</summary>
    public long IdBefore(int most) => all.IdBefore(most);

    /// <summary>The events after one, oldest first; waits until there is one.</summary>
    public Task<IReadOnlyList<ServiceEvent>> AfterAsync(long id, CancellationToken cancellationToken) =>
        all.AfterAsync(id, cancellationToken);

    public void Forget(ServiceId id) => books.TryRemove(id, out _);

    /// <summary>A service is not restarted any more, or only rarely: recovery has failed (S-20).</summary>
    public void GivenUp(ServiceConfig config, string why)
    {
        var book = books.GetOrAdd(config.Id, static _ => new Book());
        Add(book, config.Id, EventLevel.Alert, ServicePhase.Failed, ServicePhase.Failed, why);
    }

    private void OnChanged(ServiceSlot slot)
    {
        var book = books.GetOrAdd(slot.Id, static _ => new Book());
        var state = slot.State;
        ServicePhase from;
        lock (book)
        {
            if (book.Last == state.Phase)
                return;
            (from, book.Last) = (book.Last, state.Phase);
        }
        Add(book, slot.Id, Level(from, state.Phase), from, state.Phase, state.Reason);
    }

    private static EventLevel Level(ServicePhase from, ServicePhase to) =>
        to switch
        {
            ServicePhase.CircuitOpen => EventLevel.Alert,
            ServicePhase.Failed when from != ServicePhase.Startup => EventLevel.Alert,
            ServicePhase.Failed or ServicePhase.Degraded => EventLevel.Warning,
            _ => EventLevel.Info,
        };

    private void Add(Book book, ServiceId id, EventLevel level, ServicePhase from, ServicePhase to, string why)
    {
        var name = store.Current.Services.FirstOrDefault(s => s.Id == id)?.Name ?? id.Value;
        var added = all.Add(number => new ServiceEvent(number, time.GetUtcNow(), id, name, level, from, to, why));
        lock (book)
        {
            book.Events.Enqueue(added);
            while (book.Events.Count > Kept)
                book.Events.Dequeue();
        }
        Log(
            level switch
            {
                EventLevel.Alert => LogLevel.Error,
                EventLevel.Warning => LogLevel.Warning,
                _ => to is ServicePhase.Healthy or ServicePhase.Stopped ? LogLevel.Information : LogLevel.Debug,
            },
            name,
            to.Status(),
            why
        );
        Added?.Invoke(added);
    }

    [LoggerMessage(Message = "Service {Service} is {Status}: {Reason}")]
    private partial void Log(LogLevel level, string service, ServiceStatus status, string reason);

    private sealed class Book
    {
        public ServicePhase Last { get; set; } = ServicePhase.Init;
        public Queue<ServiceEvent> Events { get; } = new();
    }
}
