using Fairlead.Server.Services.Trust;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Storage;

/// <summary>
/// Every definition a service was ever seen with, by its hash, and what was decided on it (security.md section 4.1). A hash
/// that was approved stays so: a change back to it is served again.
/// </summary>
internal sealed partial class PinStore(TrustOptions options, TimeProvider time, ILogger<PinStore> logger)
{
    /// <summary>Definitions kept of one item; of those beyond it the oldest that are not in force go.</summary>
    public const int MostOfOne = 20;

    /// <summary>The policy of a service.</summary>
    public TrustPolicy PolicyOf(ServiceDefinition? definition) => definition?.Trust ?? options.Default;

    /// <summary>
    /// Notes that these are a service's definitions now, decides on those not seen before, and tells which may be served.
    /// A part of a larger change; the caller saves.
    /// </summary>
    public async Task<Dictionary<(string Kind, string Name), ItemState>> SeeAsync(
        FairleadDb db,
        ServiceId service,
        TrustPolicy policy,
        IReadOnlyCollection<PinnedDefinition> pins,
        Func<string, bool> kinds,
        CancellationToken cancellationToken
    )
    {
        var known = (await KnownAsync(db, service, cancellationToken))
            .Where(k => kinds(k.Kind))
            .ToLookup(k => (k.Kind, k.Name));
        var states = new Dictionary<(string, string), ItemState>();
        foreach (var pin in pins)
        {
            var rows = known[(pin.Kind, pin.Name)].ToList();
            var wasApproved = rows.Exists(r => r.State == PinState.Approved);
            // What follows on a rejection is no first sight, either: else another comma would undo it.
            var isChange = rows.Exists(r => r.State != PinState.Held);
            var state = rows.Find(r => r.Hash == pin.Hash)?.State ?? Add(db, service, policy, pin, isChange);
            Prune(db, rows, pin.Hash);
            states[(pin.Kind, pin.Name)] =
                state == PinState.Approved ? ItemState.Served
                : wasApproved ? ItemState.Held
                : ItemState.Pending;
        }
        var now = pins.Select(p => (p.Kind, p.Name, p.Hash)).ToHashSet();
        foreach (var row in known.SelectMany(k => k))
        {
            if (row.IsCurrent != now.Contains((row.Kind, row.Name, row.Hash)))
                Touch(db, row.Id, r => r.IsCurrent = !row.IsCurrent, nameof(DefinitionRow.IsCurrent));
        }
        return states;
    }

    /// <summary>
    /// The same for what is started. An approval is kept in the service's own row, so that whoever starts it needs no
    /// second look.
    /// </summary>
    /// <param name="db">The change.</param>
    /// <param name="row">The service; saved already.</param>
    /// <param name="definition">What it is to be started from.</param>
    /// <param name="policy">The stricter of the policies before and after.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task SeeLaunchAsync(
        FairleadDb db,
        ServiceRow row,
        ServiceDefinition definition,
        TrustPolicy policy,
        CancellationToken cancellationToken
    )
    {
        var pin = PinnedDefinition.OfLaunch(definition);
        var states = await SeeAsync(
            db,
            new ServiceId(row.Id),
            // Who may change it may approve it; under review that is a step of its own.
            policy == TrustPolicy.Auto
                ? TrustPolicy.Open
                : policy,
            [pin],
            static kind => kind == PinnedKind.Launch,
            cancellationToken
        );
        if (states.Values.Single() == ItemState.Served)
            row.LaunchHash = pin.Hash;
        else
            row.LaunchHash ??= "";
    }

    /// <summary>A service is removed: whoever registers it again sees it for the first time.</summary>
    public static async Task ForgetAsync(FairleadDb db, ServiceId service, CancellationToken cancellationToken) =>
        db.Definitions.RemoveRange((await KnownAsync(db, service, cancellationToken)).Select(known => Stub(known.Id)));

    private PinState Add(FairleadDb db, ServiceId service, TrustPolicy policy, PinnedDefinition pin, bool isChange)
    {
        var text = pin.Text();
        var findings = pin.Kind == PinnedKind.Launch ? LaunchScan.Of(text) : TextScan.Of(text);
        var level = options.LevelOf(findings);
        var isApproved = level is null or FindingLevel.Log && Approves(policy, isChange);
        var now = time.GetUtcNow();
        db.Definitions.Add(
            new DefinitionRow
            {
                Id = NewId.At(time),
                ServiceId = service.Value,
                Kind = pin.Kind,
                Name = pin.Name,
                Hash = pin.Hash,
                Text = System.Text.Encoding.UTF8.GetString(text),
                Findings = StoreJson.Write([.. findings]),
                State = isApproved ? PinState.Approved : PinState.Held,
                IsCurrent = true,
                SeenAt = now,
                DecidedAt = isApproved ? now : null,
                DecidedBy = isApproved ? $"policy:{policy}".ToLowerInvariant() : null,
            }
        );
        if (!isApproved)
            LogHeld(pin.Kind, pin.Name, service, isChange ? "it changed" : "it is new", findings.Count);
        else if (isChange || findings.Count > 0)
            LogSeen(pin.Kind, pin.Name, service, isChange ? "changed" : "new", findings.Count);
        return isApproved ? PinState.Approved : PinState.Held;
    }

    private static bool Approves(TrustPolicy policy, bool isChange) =>
        policy == TrustPolicy.Open || (policy == TrustPolicy.Auto && !isChange);

    // A service that is another each time must not fill the store.
    private static void Prune(FairleadDb db, List<Known> rows, string hash)
    {
        var approved = rows.FindLast(r => r.State == PinState.Approved);
        var rejected = rows.FindLast(r => r.State == PinState.Rejected);
        var free = rows.Where(r => r != approved && r != rejected && !r.IsCurrent && r.Hash != hash).ToList();
        foreach (var row in free.Take(rows.Count + 1 - MostOfOne))
            db.Remove(Stub(row.Id));
    }

    private static Task<List<Known>> KnownAsync(
        FairleadDb db,
        ServiceId service,
        CancellationToken cancellationToken
    ) =>
        // Not the texts: a service may have megabytes of them.
        db
            .Definitions.Where(row => row.ServiceId == service.Value)
            .OrderBy(row => row.Id)
            .Select(row => new Known(row.Id, row.Kind, row.Name, row.Hash, row.State, row.IsCurrent))
            .ToListAsync(cancellationToken);

    private static void Touch(FairleadDb db, string id, Action<DefinitionRow> change, string property)
    {
        var row = Stub(id);
        db.Attach(row);
        change(row);
        db.Entry(row).Property(property).IsModified = true;
    }

    private static DefinitionRow Stub(string id) =>
        new()
        {
            Id = id,
            ServiceId = "",
            Kind = "",
            Name = "",
            Hash = "",
            Text = "",
            Findings = "",
            State = default,
        };

    private sealed record Known(string Id, string Kind, string Name, string Hash, PinState State, bool IsCurrent);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Kind} '{Name}' of service {Service} is held for review: {Why}; {Findings} findings"
    )]
    private partial void LogHeld(string kind, string name, ServiceId service, string why, int findings);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "{Kind} '{Name}' of service {Service} is {Why} and approved by policy; {Findings} findings"
    )]
    private partial void LogSeen(string kind, string name, ServiceId service, string why, int findings);
}
