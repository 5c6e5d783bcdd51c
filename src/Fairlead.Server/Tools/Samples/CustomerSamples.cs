using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Fairlead.Server.Storage;
using Fairlead.Toolkit;
using Microsoft.EntityFrameworkCore;
using ModelContextProtocol.Server;

namespace Fairlead.Server.Tools.Samples;

internal sealed record CustomerAnalysis(
    string user_id,
    string analysis_type,
    string segment,
    string behaviour_pattern,
    int engagement,
    IReadOnlyList<string> recommendations,
    string? risk_profile = null,
    int? lifetime_value = null,
    double? churn_probability = null,
    string? next_best_action = null,
    string? best_contact_time = null,
    string? strategy = null
);

internal sealed record CustomerPreferences(string user_id, IReadOnlyDictionary<string, string> preferences);

/// <summary>What can be told of a customer from what is stored (A-37 customer/analysis, customer/preferences).</summary>
[FairleadTool(Group = SamplesFeature.Group, Category = "customer")]
internal sealed class CustomerSamples(SampleDb db, TimeProvider time)
{
    private const int MostPreferences = 50;

    [McpServerTool(Name = "analyze_customer", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Computes what a customer is like from conversations and treatments.")]
    public Task<CustomerAnalysis> AnalyzeCustomerAsync(
        [Description("Id of the customer.")] string user_id,
        [Description("How much: basic, detailed adds risk and value, predictive also what to do next.")]
        [AllowedValues("basic", "detailed", "predictive")]
            string analysis_type = "basic",
        CancellationToken cancellationToken = default
    ) =>
        db.UseAsync(
            async rows =>
            {
                var user =
                    await rows.Users.SingleOrDefaultAsync(u => u.Id == user_id, cancellationToken)
                    ?? throw Failure.NoUser(user_id);
                var said = await rows
                    .Messages.Where(m => m.SenderId == user_id && m.Role == MessageRow.Customer)
                    .OrderByDescending(m => m.Id)
                    .Take(1000)
                    .Select(m => m.CreatedAt)
                    .ToListAsync(cancellationToken);
                var treated = await rows
                    .SampleTreatments.Where(t => t.UserId == user_id)
                    .ToListAsync(cancellationToken);
                var projects = await rows.SampleProjects.OrderBy(p => p.Price).ToListAsync(cancellationToken);
                return new CustomerFacts(user, said, treated, projects, time.GetUtcNow()).Analyze(analysis_type);
            },
            cancellationToken
        );

    [McpServerTool(Name = "get_customer_preferences", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Tells what a customer likes.")]
    public Task<CustomerPreferences> GetCustomerPreferencesAsync(
        [Description("Id of the customer.")] string user_id,
        CancellationToken cancellationToken
    ) =>
        db.UseAsync(
            async rows =>
                await rows.Users.AnyAsync(u => u.Id == user_id, cancellationToken)
                    ? new CustomerPreferences(
                        user_id,
                        await rows
                            .SamplePreferences.Where(p => p.UserId == user_id)
                            .OrderBy(p => p.Name)
                            .ToDictionaryAsync(p => p.Name, p => p.Value, cancellationToken)
                    )
                    : throw Failure.NoUser(user_id),
            cancellationToken
        );

    [McpServerTool(Name = "set_customer_preference", Idempotent = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Notes what a customer likes. Users note it for themselves, consultants for anyone.")]
    public async Task<CustomerPreferences> SetCustomerPreferenceAsync(
        CallContext context,
        [Description("Id of the customer.")] string user_id,
        [Description("What it is about, such as contact_hour."), StringLength(50, MinimumLength = 1)] string name,
        [Description("What is liked; empty forgets it."), StringLength(200)] string value
    )
    {
        Callers.RequireFor(context, user_id);
        var token = context.CancellationToken;
        await NoteAsync(db, user_id, name, value, time.GetUtcNow(), token);
        return await GetCustomerPreferencesAsync(user_id, token);
    }

    /// <summary>Keeps what a customer likes or is; empty forgets it.</summary>
    /// <exception cref="ToolFailedException">There is no such user, or too much is noted.</exception>
    public static Task<int> NoteAsync(
        SampleDb db,
        string user,
        string name,
        string value,
        DateTimeOffset now,
        CancellationToken token
    ) =>
        db.UseAsync(
            async rows =>
            {
                if (!await rows.Users.AnyAsync(u => u.Id == user, token))
                    throw Failure.NoUser(user);
                var known = await rows.SamplePreferences.Where(p => p.UserId == user).ToListAsync(token);
                var row = known.Find(p => p.Name == name);
                if (value.Length == 0)
                    rows.RemoveRange(known.Where(p => p == row));
                else if (row is not null)
                    (row.Value, row.UpdatedAt) = (value, now);
                else if (known.Count >= MostPreferences)
                    throw Failure.Of("too_many", $"A customer has at most {MostPreferences} preferences.");
                else
                    rows.Add(
                        new SamplePreferenceRow
                        {
                            UserId = user,
                            Name = name,
                            Value = value,
                            CreatedAt = now,
                            UpdatedAt = now,
                        }
                    );
                return await rows.SaveChangesAsync(token);
            },
            token
        );
}
