using System.Globalization;
using Fairlead.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Fairlead.Server.Automation.Registration;

internal sealed record DayView(string Day, int Registrations, int Successful, int Failed);

/// <param name="Name">The step.</param>
/// <param name="Done">Runs in which it was done.</param>
/// <param name="Failed">Runs in which it failed.</param>
/// <param name="Skipped">Runs in which it was left out.</param>
/// <param name="AverageMs">Its time, of all of them.</param>
internal sealed record StepFigure(string Name, int Done, int Failed, int Skipped, double AverageMs);

internal sealed record ErrorView(string RunId, string State, string Error, DateTimeOffset At);

/// <summary>Everything that is counted of registrations, from the tables; rates are percent with 2 decimals.</summary>
internal sealed record Figures(
    int Total,
    int Successful,
    int Failed,
    int Running,
    int Skipped,
    double SuccessRate,
    double AverageResponseMs,
    IReadOnlyList<StepFigure> Steps,
    IReadOnlyList<DayView> Days,
    IReadOnlyList<ErrorView> RecentErrors,
    Kpis Kpis
);

/// <summary>Of the last 30 days, but for the first, which is of all.</summary>
/// <param name="FirstResponseWithin5Min">Part of the new customers who were greeted within 5 minutes, in percent.</param>
/// <param name="Conversion7Days">Part of the customers who said something within 7 days.</param>
/// <param name="Satisfaction">Mean rating of welcomes, 1 to 5; 0 without any.</param>
/// <param name="ClaimedWithin10Min">Part of the claimed conversations that were claimed within 10 minutes.</param>
internal sealed record Kpis(
    double FirstResponseWithin5Min,
    double Conversion7Days,
    double Satisfaction,
    double ClaimedWithin10Min
);

/// <summary>Computes them.</summary>
internal sealed class RegistrationFigures(StoreWriter writer, TimeProvider time)
{
    private static readonly TimeSpan Looked = TimeSpan.FromDays(30);
    private const int ShownDays = 7;
    private const int ShownErrors = 10;
    private const long Day = 86_400_000;
    private const long FirstResponse = 5 * 60_000;

    /// <param name="cancellationToken">Gives up.</param>
    public Task<Figures> ReadAsync(CancellationToken cancellationToken) =>
        writer.ReadAsync(db => ReadAsync(db, cancellationToken), cancellationToken);

    private async Task<Figures> ReadAsync(FairleadDb db, CancellationToken cancellationToken)
    {
        var runs = db.Runs.AsNoTracking().Where(static r => r.Automation == RegistrationFeature.Automation);
        var states = await runs.GroupBy(static r => r.State)
            .Select(static g => new { g.Key, Count = g.Count() })
            .ToDictionaryAsync(static g => g.Key, static g => g.Count, cancellationToken);
        var (done, dead) = (states.GetValueOrDefault(RunRow.Done), states.GetValueOrDefault(RunRow.Dead));
        var steps = db
            .Steps.AsNoTracking()
            .Join(runs, static s => s.RunId, static r => r.Id, static (s, r) => new { s, r });
        var welcomes = steps.Where(static x => x.s.Name == "welcome_sent" && x.s.State == StepRow.Done);
        var welcomed = await welcomes.CountAsync(cancellationToken);
        var average =
            welcomed == 0
                ? 0
                : await welcomes.AverageAsync(static x => (double)(x.s.EndedAt - x.r.CreatedAt), cancellationToken);
        var quick = await welcomes.CountAsync(
            static x => x.s.EndedAt - x.r.CreatedAt <= FirstResponse,
            cancellationToken
        );
        var byStep = await steps
            .GroupBy(static x => new { x.s.Name, x.s.State })
            .Select(static g => new
            {
                g.Key.Name,
                g.Key.State,
                Count = g.Count(),
                Ms = g.Sum(static x => x.s.DurationMs),
            })
            .ToListAsync(cancellationToken);
        var since = (time.GetUtcNow().ToUnixTimeMilliseconds() / Day - ShownDays + 1) * Day;
        var days = await runs.Where(r => r.CreatedAt >= since)
            .GroupBy(static r => new { Day = r.CreatedAt / Day, r.State })
            .Select(static g => new
            {
                g.Key.Day,
                g.Key.State,
                Count = g.Count(),
            })
            .ToListAsync(cancellationToken);
        var errors = await runs.Where(static r => r.Error != null)
            .OrderByDescending(static r => r.Id)
            .Take(ShownErrors)
            .Select(static r => new
            {
                r.Id,
                r.State,
                r.Error,
                r.CreatedAt,
                r.FinishedAt,
            })
            .ToListAsync(cancellationToken);
        return new Figures(
            states.Values.Sum(),
            done,
            dead,
            states.GetValueOrDefault(RunRow.Running),
            states.GetValueOrDefault(RunRow.Skipped),
            Percent(done, done + dead),
            Math.Round(average, 1),
            [
                .. byStep
                    .GroupBy(static s => s.Name, StringComparer.Ordinal)
                    .Select(static g => new StepFigure(
                        g.Key,
                        g.Where(static s => s.State == StepRow.Done).Sum(static s => s.Count),
                        g.Where(static s => s.State == StepRow.Failed).Sum(static s => s.Count),
                        g.Where(static s => s.State == StepRow.Skipped).Sum(static s => s.Count),
                        Math.Round((double)g.Sum(static s => s.Ms) / g.Sum(static s => s.Count), 1)
                    )),
            ],
            [
                .. Enumerable
                    .Range(0, ShownDays)
                    .Select(i => since / Day + i)
                    .Select(day => new DayView(
                        DateTimeOffset.FromUnixTimeMilliseconds(day * Day).UtcDateTime.ToString("yyyy-MM-dd"),
                        days.Where(d => d.Day == day).Sum(static d => d.Count),
                        days.Where(d => d.Day == day && d.State == RunRow.Done).Sum(static d => d.Count),
                        days.Where(d => d.Day == day && d.State == RunRow.Dead).Sum(static d => d.Count)
                    )),
            ],
            [
                .. errors.Select(static e => new ErrorView(
                    e.Id,
                    e.State,
                    e.Error!,
                    DateTimeOffset.FromUnixTimeMilliseconds(e.FinishedAt ?? e.CreatedAt)
                )),
            ],
            await KpisAsync(db, Percent(quick, done + dead), cancellationToken)
        );
    }

    private async Task<Kpis> KpisAsync(FairleadDb db, double quick, CancellationToken cancellationToken)
    {
        // Ids are in the order of time, which SQLite cannot compare.
        var since = FirstId(time.GetUtcNow() - Looked);
        var customers = await db
            .Conversations.AsNoTracking()
            .Where(c => c.EffectKey != null && string.Compare(c.Id, since) >= 0)
            .Select(static c => new
            {
                c.UserId,
                c.CreatedAt,
                c.ClaimedAt,
            })
            .ToListAsync(cancellationToken);
        var said = await db
            .Messages.AsNoTracking()
            .Where(m => m.Role == MessageRow.Customer && m.SenderId != null && string.Compare(m.Id, since) >= 0)
            .GroupBy(static m => m.SenderId!)
            .Select(static g => new { g.Key, First = g.Min(static m => m.Id) })
            .ToDictionaryAsync(static g => g.Key, static g => g.First!, cancellationToken);
        var talked = customers.Count(c =>
            said.TryGetValue(c.UserId, out var first) && At(first) - c.CreatedAt <= TimeSpan.FromDays(7)
        );
        var ratings = await db
            .Feedback.AsNoTracking()
            .Join(
                db.Messages.Where(m => m.EffectKey != null && string.Compare(m.Id, since) >= 0),
                static f => f.MessageId,
                static m => m.Id,
                static (f, _) => f.Rating
            )
            .ToListAsync(cancellationToken);
        var claimed = customers.Where(static c => c.ClaimedAt is not null).ToList();
        return new Kpis(
            quick,
            Percent(talked, customers.Count),
            ratings.Count == 0 ? 0 : Math.Round(ratings.Average(), 2),
            Percent(claimed.Count(static c => c.ClaimedAt - c.CreatedAt <= TimeSpan.FromMinutes(10)), claimed.Count)
        );
    }

    private static string FirstId(DateTimeOffset time) =>
        time.ToUnixTimeMilliseconds().ToString("x12", CultureInfo.InvariantCulture).Insert(8, "-");

    private static DateTimeOffset At(string id) =>
        DateTimeOffset.FromUnixTimeMilliseconds(
            Convert.ToInt64(id.Replace("-", "", StringComparison.Ordinal)[..12], 16)
        );

    private static double Percent(int part, int of) => of == 0 ? 0 : Math.Round(100.0 * part / of, 2);
}
