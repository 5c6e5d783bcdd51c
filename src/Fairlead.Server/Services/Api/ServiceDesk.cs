using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Services.Dialects;
using Fairlead.Server.Services.Health;
using Fairlead.Server.Services.Supervision;
using Fairlead.Server.Services.Trust;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Api;

/// <summary>What the endpoints share: finding a service, showing it, waiting for it, asking how it is.</summary>
internal sealed class ServiceDesk(
    StoreWatcher store,
    ServiceSlots slots,
    ReconcileLoop loop,
    HealthBook health,
    ServicesOptions options,
    TimeProvider time
)
{
    private static readonly TimeSpan PingLimit = TimeSpan.FromSeconds(5);

    public StoreSnapshot Now => store.Current;

    /// <summary>By id, else by name.</summary>
    public ServiceConfig? Find(string idOrName) =>
        Now.Services.FirstOrDefault(s => s.Id.Value == idOrName)
        ?? Now.Services.FirstOrDefault(s => s.Name == idOrName);

    /// <summary>A status by its name in the API (S-06).</summary>
    public static string Wire(ServiceStatus status) => JsonNamingPolicy.SnakeCaseLower.ConvertName(status.ToString());

    /// <summary>The finer view of the same (C-07).</summary>
    public static string Wire(ServiceHealth health) => JsonNamingPolicy.SnakeCaseLower.ConvertName(health.ToString());

    public static string Wire(TrustPolicy trust) => JsonNamingPolicy.SnakeCaseLower.ConvertName(trust.ToString());

    public static string Wire(ServiceTransport transport) => FairleadDialect.Wire(transport);

    public ServiceState State(ServiceConfig service) => slots.Get(service.Id).State;

    public ServiceLog Log(ServiceConfig service) => slots.Get(service.Id).Log;

    public ServiceView View(ServiceConfig service)
    {
        var state = State(service);
        return new ServiceView
        {
            Id = service.Id.Value,
            Name = service.Name,
            Enabled = service.Enabled,
            Transport = Wire(service.Definition.Transport),
            Status = Wire(state.Status),
            Health = Wire(state.Health),
            Healthy = state.Status == ServiceStatus.Running,
            Reason = state.Reason,
            Since = state.Since.UtcDateTime,
            Attempts = state.Attempts,
            NextTry = state.NextTry?.UtcDateTime,
            Era = Revisions.TryParse(service.KnownRevision, out var revision)
                ? JsonNamingPolicy.SnakeCaseLower.ConvertName(revision.Era().ToString())
                : null,
            Revision = service.KnownRevision,
            Tools = Now.Catalogue.Count(i => i.Service == service.Id && i.Kind == ItemKind.Tool),
            Held =
                Now.Catalogue.Count(i => i.Service == service.Id && i.State != ItemState.Served)
                + (service.IsHeld ? 1 : 0),
            IsHeld = service.IsHeld,
            IsAsleep = state.IsAsleep,
            IsSkipped = state.IsSkipped,
        };
    }

    public ServiceDetailView Detail(ServiceConfig service)
    {
        var view = View(service);
        var definition = service.Definition;
        return new ServiceDetailView
        {
            Id = view.Id,
            Name = view.Name,
            Enabled = view.Enabled,
            Transport = view.Transport,
            Status = view.Status,
            Health = view.Health,
            Healthy = view.Healthy,
            Reason = view.Reason,
            Since = view.Since,
            Attempts = view.Attempts,
            NextTry = view.NextTry,
            Era = view.Era,
            Revision = view.Revision,
            Tools = view.Tools,
            Held = view.Held,
            IsHeld = view.IsHeld,
            IsAsleep = view.IsAsleep,
            IsSkipped = view.IsSkipped,
            AllowPrivate = definition.AllowPrivate,
            TrustPublicCache = definition.TrustPublicCache,
            Trust = definition.Trust is { } trust ? Wire(trust) : null,
            Command = definition.Command,
            Args = ShownValues.OfArgs(definition.Args),
            Env = definition.Env.ToDictionary(e => e.Key, e => ShownValues.OfValue(e.Value)),
            Cwd = definition.Cwd,
            Url = definition.Url is { } url ? ShownValues.OfText(url) : null,
            Headers = definition.Headers.ToDictionary(h => h.Key, h => ShownValues.OfValue(h.Value)),
            TimeoutSeconds = definition.TimeoutSeconds,
            DependsOn = definition.DependsOn,
            Lazy = definition.Lazy,
            IdleSeconds = definition.IdleSeconds,
            MaxMemoryMb = definition.MaxMemoryMb,
            Nice = definition.Nice,
            RestartOnError = definition.RestartOnError,
            MaxRestarts = definition.MaxRestarts,
            RestartDelaySeconds = definition.RestartDelaySeconds,
            Metrics = HealthViews.Of(health.Of(service.Id).Metrics(options.Health.Window)),
            ToolDefinitions = [.. Tools(service.Id).Select(i => Json(i.Definition))],
            LastErrorLines = loop.Find(service.Id)?.LastErrorLines ?? [],
        };
    }

    public IEnumerable<CatalogueItem> Tools(ServiceId service) =>
        Now.Catalogue.Where(i => i.Service == service && i.Kind == ItemKind.Tool);

    public static JsonElement Json(ReadOnlyMemory<byte> definition)
    {
        using var document = JsonDocument.Parse(definition);
        return document.RootElement.Clone();
    }

    /// <summary>Waits until the service's state fits.</summary>
    /// <returns>False when it did not within the limit.</returns>
    public async Task<bool> UntilAsync(
        ServiceConfig service,
        Func<ServiceState, bool> fits,
        TimeSpan within,
        CancellationToken cancellationToken
    )
    {
        var slot = slots.Get(service.Id);
        var changed = new Signal();
        void OnChanged(ServiceSlot _) => changed.Set();
        using var limit = new CancellationTokenSource(within, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        slot.Changed += OnChanged;
        try
        {
            while (!fits(slot.State))
                await changed.WaitAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
        finally
        {
            slot.Changed -= OnChanged;
        }
    }

    /// <summary>Asks a running service for a sign of life (S-12).</summary>
    public async Task<CheckView> CheckAsync(ServiceConfig service, CancellationToken cancellationToken)
    {
        var state = State(service);
        var probe = state.Channel is { } channel
            ? await Probe.SendAsync(channel, PingLimit, time, cancellationToken)
            : new ProbeResult(false, default, state.Reason);
        return new CheckView
        {
            Id = service.Id.Value,
            Name = service.Name,
            Status = Wire(state.Status),
            Healthy = probe.Answered,
            Reason = probe.Error ?? "answers",
            ResponseMs = probe.Answered ? Math.Round(probe.Took.TotalMilliseconds, 3) : null,
        };
    }
}
