using Fairlead.Server.Services.Trust;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Secrets;

namespace Fairlead.Server.Services.Import;

/// <summary>What an import would do: entries in the file's order, and the dialect they were written in.</summary>
internal sealed record ImportPlan(string Format, IReadOnlyList<ImportEntry> Entries)
{
    /// <summary>All secrets of it, by name.</summary>
    public IReadOnlyDictionary<string, string> Secrets =>
        Entries.SelectMany(e => e.Secrets).DistinctBy(s => s.Key).ToDictionary();
}

/// <summary>Brings the services of a file into the store: all of them, or none when one is wrong.</summary>
internal sealed class ServiceImport(
    ServiceStore store,
    SecretStore secrets,
    StoreWatcher watcher,
    Preflight preflight,
    LaunchRules rules,
    TrustOptions trust
)
{
    /// <summary>
    /// What an import would do: entries with their names (one that comes twice gets a suffix), problems, what they lack
    /// here, and what becomes of each. The same file again changes nothing. Nothing is changed or started.
    /// </summary>
    /// <exception cref="FormatException">The text is none of the known forms.</exception>
    public ImportPlan Plan(string text, ImportChoices choices) => Plan(ImportReader.Read(text, choices), choices);

    /// <inheritdoc cref="Plan(string, ImportChoices)"/>
    public ImportPlan Plan(ImportDocument document, ImportChoices choices)
    {
        if (InputValues.Unknown(document, choices.Values).FirstOrDefault() is { } odd)
            throw new FormatException($"Nothing asks for the value {odd}");
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var inputs = new InputValues(document.Inputs, choices.Values, watcher.Current.Secrets.ContainsKey);
        return new ImportPlan(
            document.Format,
            WithDependencies([
                .. document.Entries.Select(e =>
                    Decide(Prepare(Known(e with { Name = Free(e.Name, taken) }, choices), inputs), choices)
                ),
            ])
        );
    }

    /// <summary>Does what was planned, all or nothing.</summary>
    public Task<StoreResult<ServiceConfig[]>> ImportAsync(ImportPlan plan, CancellationToken cancellationToken) =>
        store.PutAllAsync(
            [.. plan.Entries.Where(e => e.Action == ImportAction.Add).Select(Draft)],
            [.. plan.Entries.Where(e => e.Action == ImportAction.Update).Select(Draft)],
            plan.Secrets,
            cancellationToken
        );

    /// <summary>What a file would register in an empty store.</summary>
    /// <exception cref="StoreException">The text or an entry is wrong; the message names entry and field.</exception>
    public (IReadOnlyList<ServiceDraft> Services, IReadOnlyDictionary<string, string> Secrets) Drafts(
        string text,
        string? fileName
    )
    {
        ImportPlan plan;
        try
        {
            plan = Plan(text, new ImportChoices { FileName = fileName, IsOperators = true });
        }
        catch (FormatException e)
        {
            throw new StoreException(e.Message, e);
        }
        var wrong = plan
            .Entries.SelectMany(e =>
                e.Problems.Select(p => $"{e.Name}: {p.Field} {p.Message}")
                    .Concat(e.Needs.Where(n => n.Required).Select(n => $"{e.Name}: a value is needed: {n.Message}"))
            )
            .ToList();
        if (wrong.Count > 0)
            throw new StoreException(string.Join("; ", wrong));
        return ([.. plan.Entries.Select(Draft)], plan.Secrets);
    }

    /// <summary>Services of a file by the names it gives them, and which of these the store does not have.</summary>
    /// <exception cref="StoreException">The text or an entry is wrong; the message names entry and field.</exception>
    public (int Count, IReadOnlyList<string> Missing) Compare(string text, string? fileName)
    {
        var names = Drafts(text, fileName).Services.Select(s => s.Name).ToList();
        return (names.Count, [.. names.Where(n => Find(n) is null)]);
    }

    // Only of the whole can be told whether what they depend on is there and makes no circle (S-15).
    private List<ImportEntry> WithDependencies(List<ImportEntry> entries)
    {
        var given = entries.ToDictionary(e => e.Name, e => e.Definition, StringComparer.OrdinalIgnoreCase);
        if (ServiceRules.CheckDependencies(given, watcher.Current.Services) is not { } wrong)
            return entries;
        return
        [
            .. entries.Select(e => e.Name == wrong.Name ? e with { Problems = [.. e.Problems, wrong.Problem] } : e),
        ];
    }

    private ServiceConfig? Find(string name) =>
        watcher.Current.Services.FirstOrDefault(s => s.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    // A registered service keeps its own spelling.
    private ImportEntry Known(ImportEntry read, ImportChoices choices)
    {
        var entry =
            choices.AllowPrivate is { } allow && read.Definition.Url is not null
                ? read with
                {
                    Definition = read.Definition with { AllowPrivate = allow },
                }
                : read;
        return Find(entry.Name) is not { } known
            ? entry
            : entry with
            {
                Name = known.Name,
                // Other clients' files do not speak of trust: what was said of it here stays.
                Definition = entry.Definition with
                {
                    Trust = entry.Definition.Trust ?? known.Definition.Trust,
                    AllowPrivate = entry.Definition.AllowPrivate ?? known.Definition.AllowPrivate,
                    TrustPublicCache = known.Definition.TrustPublicCache,
                },
            };
    }

    private ImportEntry Prepare(ImportEntry entry, InputValues inputs)
    {
        var finder = new SecretFinder(entry.Name, name => FreeSecret(name, entry.Name));
        var filled = inputs.Fill(entry, finder);
        var definition = finder.Move(filled.Definition);
        // The placeholder of a template is no secret to be kept, but one to be set.
        var found = finder.Found.Where(s => !Preflight.IsPlaceholder(s.Value)).ToDictionary();
        return filled with
        {
            Definition = definition,
            Secrets = found,
            Needs =
            [
                .. filled.Needs,
                .. preflight.Check(definition, n => found.ContainsKey(n) || watcher.Current.Secrets.ContainsKey(n)),
            ],
        };
    }

    // A secret that another service uses stays that service's.
    private string FreeSecret(string name, string service)
    {
        var free = name;
        for (
            var n = 2;
            watcher.Current.Secrets.ContainsKey(free)
                && secrets.UsersOf(free) is { Count: > 0 } users
                && !users.Contains(service);
            n++
        )
            free = $"{name}-{n}";
        return free;
    }

    private ImportEntry Decide(ImportEntry entry, ImportChoices choices)
    {
        var known = Find(entry.Name);
        var decided = known is null
            ? entry
            : entry with
            {
                Action =
                    IsSame(known, entry) ? ImportAction.Unchanged
                    : choices.Update ? ImportAction.Update
                    : ImportAction.Conflict,
            };
        return choices.IsOperators || entry.Problems.Count > 0
            ? decided
            : decided with
            {
                Problems =
                [
                    .. rules.Check(known?.Definition, entry.Definition),
                    .. CheckTrust(known, entry),
                    .. CheckPrivate(known, entry, choices),
                ],
            };
    }

    // The same for what the gateway may reach.
    private IEnumerable<ServiceProblem> CheckPrivate(ServiceConfig? known, ImportEntry entry, ImportChoices choices)
    {
        if (
            rules.RefusesPrivate
            && entry.Definition.AllowPrivate == true
            && choices.AllowPrivate != true
            && known?.Definition.AllowPrivate != true
        )
            yield return new("allowPrivate", "is not a file's to say: say it beside the file (--allow-private)");
    }

    // Who wrote the file is whom a review is there for.
    private IEnumerable<ServiceProblem> CheckTrust(ServiceConfig? known, ImportEntry entry)
    {
        var due = known?.Definition.Trust ?? trust.Default;
        if (entry.Definition.Trust is { } said && Strictness(said) < Strictness(due))
            yield return new("trust", "asks for less review than there is now; change it afterwards, not by a file");
    }

    private static int Strictness(TrustPolicy policy) =>
        policy switch
        {
            TrustPolicy.Review => 2,
            TrustPolicy.Auto => 1,
            _ => 0,
        };

    private bool IsSame(ServiceConfig known, ImportEntry entry) =>
        StoreJson.Write(known.Definition).AsSpan().SequenceEqual(StoreJson.Write(entry.Definition))
        && entry.Secrets.All(s => secrets.Find(s.Key) == s.Value);

    private static ServiceDraft Draft(ImportEntry entry) => new(entry.Name, entry.Definition, entry.Enabled);

    private static string Free(string name, HashSet<string> taken)
    {
        var free = name;
        for (var n = 2; !taken.Add(free); n++)
        {
            var suffix = $"-{n}";
            free = name[..Math.Min(name.Length, 64 - suffix.Length)] + suffix;
        }
        return free;
    }
}
