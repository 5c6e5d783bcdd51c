using Fairlead.Server.Storage;

namespace Fairlead.Server.Tools.Samples;

/// <summary>What is stored of a customer, and the rules that make a picture of it. Pure.</summary>
internal sealed class CustomerFacts(
    UserRow user,
    IReadOnlyList<DateTimeOffset> said,
    IReadOnlyList<SampleTreatmentRow> treatments,
    IReadOnlyList<SampleProjectRow> projects,
    DateTimeOffset now
)
{
    private const int Vip = 20_000;
    private const double ChurnDays = 180;
    private static readonly TimeSpan Recent = TimeSpan.FromDays(90);
    private static readonly TimeSpan NewFor = TimeSpan.FromDays(30);

    private int Spent => treatments.Where(t => t.State == SampleTreatmentRow.Done).Sum(t => t.Price);

    private int Planned => treatments.Where(t => t.State == SampleTreatmentRow.Planned).Sum(t => t.Price);

    private int CountOf(string state) => treatments.Count(t => t.State == state);

    private DateTimeOffset LastSeen => said.Concat(treatments.Select(t => t.UpdatedAt)).Append(user.CreatedAt).Max();

    private string Segment =>
        Spent >= Vip ? "vip"
        : now - user.CreatedAt < NewFor && CountOf(SampleTreatmentRow.Done) == 0 ? "new"
        : now - LastSeen < Recent ? "active"
        : "dormant";

    private string Pattern =>
        CountOf(SampleTreatmentRow.Done) > 0 ? "treated"
        : CountOf(SampleTreatmentRow.Planned) > 0 ? "planning"
        : said.Count > 0 ? "asking"
        : "silent";

    private int Engagement => Math.Min(100, (said.Count(at => now - at < Recent) * 5) + (treatments.Count * 15));

    private double Churn => Math.Round(1 - Math.Exp(-Math.Max(0, (now - LastSeen).TotalDays) / ChurnDays), 3);

    private string Risk =>
        treatments.Count == 0 ? "unknown"
        : CountOf(SampleTreatmentRow.Cancelled) * 2 >= treatments.Count ? "high"
        : CountOf(SampleTreatmentRow.Cancelled) > 0 ? "medium"
        : "low";

    // The hour at which the customer writes most; the earliest where several are as good.
    private string? ContactTime =>
        said.Count == 0
            ? null
            : said.GroupBy(at => at.UtcDateTime.Hour)
                .OrderByDescending(g => g.Count())
                .ThenBy(g => g.Key)
                .Select(g => $"{g.Key:D2}:00 UTC")
                .First();

    private string Action =>
        Pattern switch
        {
            "silent" => "greet",
            "asking" => "offer_consultation",
            "planning" => "confirm_appointment",
            _ when Churn > 0.4 => "win_back",
            _ => "offer_follow_up",
        };

    /// <summary>What is known, as much of it as was asked for.</summary>
    public CustomerAnalysis Analyze(string type)
    {
        var basic = new CustomerAnalysis(user.Id, type, Segment, Pattern, Engagement, Recommendations());
        if (type == "basic")
            return basic;
        var detailed = basic with { risk_profile = Risk, lifetime_value = Spent + Planned, churn_probability = Churn };
        return type == "detailed"
            ? detailed
            : detailed with
            {
                next_best_action = Action,
                best_contact_time = ContactTime,
                strategy =
                    Churn > 0.4 ? "retention"
                    : Segment is "new" ? "onboarding"
                    : "growth",
            };
    }

    // What the customer has not had of the kinds he had; the first thing to have is a talk.
    private List<string> Recommendations()
    {
        var had = treatments
            .Where(t => t.State != SampleTreatmentRow.Cancelled)
            .Select(t => t.ProjectId)
            .ToHashSet(StringComparer.Ordinal);
        var kinds = projects.Where(p => had.Contains(p.Id)).Select(p => p.Category).ToHashSet(StringComparer.Ordinal);
        if (kinds.Count == 0)
            kinds.Add("consultation");
        return [.. projects.Where(p => kinds.Contains(p.Category) && !had.Contains(p.Id)).Take(3).Select(p => p.Id)];
    }
}
