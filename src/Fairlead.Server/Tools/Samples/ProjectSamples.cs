using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Fairlead.Server.Storage;
using Fairlead.Toolkit;
using Microsoft.EntityFrameworkCore;
using ModelContextProtocol.Server;

namespace Fairlead.Server.Tools.Samples;

internal sealed record ProjectInfo(
    string project_id,
    string name,
    string category,
    string description,
    int price,
    int duration_minutes,
    int recovery_days
);

internal sealed record ProjectList(IReadOnlyList<ProjectInfo> projects, int total);

/// <summary>What can be had (A-37 projects/service_info).</summary>
[FairleadTool(Group = SamplesFeature.Group, Category = "projects")]
internal sealed class ProjectSamples(SampleDb db)
{
    [McpServerTool(Name = "get_service_info", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Tells what is offered, at which price in yuan, how long it takes and how long one recovers.")]
    public async Task<ProjectList> GetServiceInfoAsync(
        [Description("Id of one project; all of them without it.")] string? project_id = null,
        [Description("Only this category: skin, laser, injection or consultation.")] string? category = null,
        CancellationToken cancellationToken = default
    )
    {
        var found = (await AllAsync(db, cancellationToken))
            .Where(p => (project_id is null || p.Id == project_id) && (category is null || p.Category == category))
            .ToList();
        return project_id is not null && found.Count == 0
            ? throw Failure.Of("not_found", $"There is no project {project_id}.")
            : new([.. found.Select(Info)], found.Count);
    }

    /// <summary>All projects, cheapest first.</summary>
    public static Task<List<SampleProjectRow>> AllAsync(SampleDb db, CancellationToken cancellationToken) =>
        db.UseAsync(
            rows => rows.SampleProjects.OrderBy(p => p.Price).ThenBy(p => p.Id).ToListAsync(cancellationToken),
            cancellationToken
        );

    public static ProjectInfo Info(SampleProjectRow p) =>
        new(p.Id, p.Name, p.Category, p.Description, p.Price, p.DurationMinutes, p.RecoveryDays);
}

/// <summary>The same as resources (P-102).</summary>
[FairleadTool(Group = SamplesFeature.Group)]
internal sealed class ProjectDocuments(SampleDb db)
{
    [McpServerResource(UriTemplate = "documents://projects", Name = "projects", MimeType = "text/markdown")]
    [Description("All that is offered, as a document.")]
    public async Task<string> ProjectsAsync(CancellationToken cancellationToken) =>
        "# What we offer\n"
        + string.Concat((await ProjectSamples.AllAsync(db, cancellationToken)).Select(static p => "\n" + Text(p)));

    [McpServerResource(UriTemplate = "documents://projects/{id}", Name = "project", MimeType = "text/markdown")]
    [Description("One of the projects, as a document.")]
    public async Task<string> ProjectAsync(string id, CancellationToken cancellationToken) =>
        (await ProjectSamples.AllAsync(db, cancellationToken)).Find(p => p.Id == id) is { } found
            ? Text(found)
            : throw new ModelContextProtocol.McpException($"There is no project {id}.");

    private static string Text(SampleProjectRow p) =>
        $"## {p.Name}\n\n{p.Description} {p.DurationMinutes} min, {p.RecoveryDays} days of recovery, {p.Price} yuan.\n";
}
