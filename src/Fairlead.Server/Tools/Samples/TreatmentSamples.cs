using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Fairlead.Server.Storage;
using Fairlead.Toolkit;
using Microsoft.EntityFrameworkCore;
using ModelContextProtocol.Server;

namespace Fairlead.Server.Tools.Samples;

internal sealed record PlannedTreatment(int position, string project_id, string day, int price, int recovery_days);

internal sealed record TreatmentPlan(
    string user_id,
    IReadOnlyList<PlannedTreatment> treatments,
    int total_price,
    bool saved,
    string? last_day = null
);

internal sealed record OptimizedPlan(TreatmentPlan before, TreatmentPlan after);

/// <summary>Plans of treatments (A-37 treatment/plan_generation, treatment/optimization).</summary>
[FairleadTool(Group = SamplesFeature.Group, Category = "treatment")]
internal sealed class TreatmentSamples(SampleDb db, TimeProvider time)
{
    private const int MostSteps = 6;

    [McpServerTool(Name = "generate_treatment_plan", OpenWorld = false, UseStructuredContent = true)]
    [Description("Plans treatments within a budget, each after the recovery of the one before.")]
    public async Task<TreatmentPlan> GenerateTreatmentPlanAsync(
        CallContext context,
        [Description("Id of the customer.")] string user_id,
        [Description("Most yuan in all, 1 to 1000000."), Range(1, 1_000_000)] int budget,
        [Description("Only this category: skin, laser or injection.")] string? category = null,
        [Description("Longest recovery of one treatment in days, 0 to 30."), Range(0, 30)] int max_recovery_days = 7,
        [Description("True keeps the plan instead of the former one.")] bool save = false
    )
    {
        Callers.RequireFor(context, user_id);
        var token = context.CancellationToken;
        var left = budget;
        List<SampleProjectRow> chosen = [];
        foreach (var project in await ProjectSamples.AllAsync(db, token))
        {
            var fits =
                (category is null || project.Category == category)
                && project.RecoveryDays <= max_recovery_days
                && project.Price <= left;
            if (!fits || chosen.Count == MostSteps)
                continue;
            chosen.Add(project);
            left -= project.Price;
        }
        var plan = Plan(user_id, chosen, save);
        if (save)
            await SaveAsync(plan, token);
        return plan;
    }

    [McpServerTool(Name = "optimize_treatment", OpenWorld = false, UseStructuredContent = true)]
    [Description("Puts a customer's planned treatments into a better order.")]
    public async Task<OptimizedPlan> OptimizeTreatmentAsync(
        CallContext context,
        [Description("Id of the customer.")] string user_id,
        [Description("soonest: the last appointment as early as can be; cheapest: what costs least comes first.")]
        [AllowedValues("soonest", "cheapest")]
            string objective = "soonest",
        [Description("True keeps the new order.")] bool save = false
    )
    {
        Callers.RequireFor(context, user_id);
        var token = context.CancellationToken;
        var projects = (await ProjectSamples.AllAsync(db, token)).ToDictionary(p => p.Id, StringComparer.Ordinal);
        var now = await db.UseAsync(
            rows =>
                rows.SampleTreatments.Where(t => t.UserId == user_id && t.State == SampleTreatmentRow.Planned)
                    .OrderBy(t => t.Position)
                    .ToListAsync(token),
            token
        );
        var planned = now.Where(t => projects.ContainsKey(t.ProjectId)).Select(t => projects[t.ProjectId]).ToList();
        if (planned.Count == 0)
            throw Failure.Of(
                "not_found",
                $"Nothing is planned for {user_id}: generate_treatment_plan with save first."
            );
        // Nobody waits for the last recovery: when the longest is the last, the appointments end soonest.
        var better = planned.OrderBy(p => objective == "soonest" ? p.RecoveryDays : p.Price).ToList();
        var result = new OptimizedPlan(Plan(user_id, planned, false), Plan(user_id, better, save));
        if (save)
            await SaveAsync(result.after, token);
        return result;
    }

    private TreatmentPlan Plan(string user, IReadOnlyList<SampleProjectRow> projects, bool saved)
    {
        var day = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime).AddDays(1);
        List<PlannedTreatment> steps = [];
        foreach (var project in projects)
        {
            steps.Add(new(steps.Count + 1, project.Id, Text(day), project.Price, project.RecoveryDays));
            day = day.AddDays(Math.Max(1, project.RecoveryDays));
        }
        return new(user, steps, steps.Sum(s => s.price), saved, steps.Count == 0 ? null : steps[^1].day);
    }

    private Task<int> SaveAsync(TreatmentPlan plan, CancellationToken cancellationToken) =>
        db.UseAsync(
            async rows =>
            {
                if (!await rows.Users.AnyAsync(u => u.Id == plan.user_id, cancellationToken))
                    throw Failure.NoUser(plan.user_id);
                rows.RemoveRange(
                    await rows
                        .SampleTreatments.Where(t => t.UserId == plan.user_id && t.State == SampleTreatmentRow.Planned)
                        .ToListAsync(cancellationToken)
                );
                rows.AddRange(
                    plan.treatments.Select(t => new SampleTreatmentRow
                    {
                        Id = NewId.At(time),
                        UserId = plan.user_id,
                        ProjectId = t.project_id,
                        Position = t.position,
                        State = SampleTreatmentRow.Planned,
                        Price = t.price,
                        Day = t.day,
                        CreatedAt = time.GetUtcNow(),
                        UpdatedAt = time.GetUtcNow(),
                    })
                );
                return await rows.SaveChangesAsync(cancellationToken);
            },
            cancellationToken
        );

    private static string Text(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
