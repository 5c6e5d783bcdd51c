using System.Text.Json;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Services.Dialects;
using Fairlead.Server.Services.Import;
using Fairlead.Server.Storage.Secrets;
using Fairlead.Server.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Services.Api;

/// <summary>Services come from files of clients (S-03).</summary>
internal static class ImportEndpoints
{
    public static void Map(RouteGroupBuilder services)
    {
        services
            .MapPost("/import", ImportAsync)
            .WithName("services.import")
            .WithSummary("Registers the services of a client's configuration: all of them, or none when one is wrong.")
            .WithDescription(
                "The same configuration again changes nothing. Values that look like secrets go to the secret store."
            );
        services
            .MapGet("/export", Export)
            .WithName("services.export")
            .WithSummary("Definitions of services as a client's file, without secrets.")
            .WithDescription(
                "Imported again it changes nothing; keys of an imported file that we do not use are in it."
            );
    }

    private static RestResult<ExportView> Export(
        [FromQuery] string? format,
        [FromQuery] string? service,
        ServiceDesk desk
    )
    {
        var name = format ?? "fairlead";
        if (DialectTable.Named(name) is not { } dialect)
            return RestResult.Fail(
                "INVALID_PARAMETER",
                $"There is no format {name}; there are: {string.Join(", ", DialectTable.All.Select(d => d.Name))}.",
                "format"
            );
        var services = desk.Now.Services.OrderBy(s => s.Position).ToList();
        if (service is not null)
        {
            if (desk.Find(service) is not { } one)
                return ServiceEndpoints.Missing(service);
            services = [one];
        }
        return RestResult.Ok(new ExportView(dialect.Name, DialectWriter.Write(dialect, services)));
    }

    private static async Task<RestResult<ImportView>> ImportAsync(
        ImportRequest request,
        HttpContext http,
        ServiceImport import,
        CancellationToken cancellationToken
    )
    {
        var text =
            request.Content ?? (request.Config is { ValueKind: not JsonValueKind.Null } c ? c.GetRawText() : null);
        if (text is null)
            return RestResult.Fail("MISSING_PARAMETER", "content or config is required.", "content");
        try
        {
            var plan = import.Plan(text, Choices(request));
            return await FinishAsync(plan, request.DryRun, http, import, cancellationToken);
        }
        catch (FormatException e)
        {
            return RestResult.Fail("CONFIG_INVALID", e.Message, request.Content is null ? "config" : "content");
        }
    }

    public static ImportChoices Choices(ImportRequest request) =>
        new()
        {
            FileName = request.FileName,
            Format = request.Format,
            Update = request.Update,
            Values = request.Values ?? [],
            Pick = request.Pick,
            AllowPrivate = request.AllowPrivate,
        };

    /// <summary>Does a plan, or only shows it.</summary>
    public static async Task<RestResult<ImportView>> FinishAsync(
        ImportPlan plan,
        bool dryRun,
        HttpContext http,
        ServiceImport import,
        CancellationToken cancellationToken
    )
    {
        AuditNote.Of(http).Details = DefinitionMerge.Describe(plan.Entries);
        if (dryRun)
            return RestResult.Ok(View(plan, dryRun: true), "Nothing was changed.");
        if (Refusal(plan) is { } refused)
            return refused;
        var done = await import.ImportAsync(plan, cancellationToken);
        return done.Ok ? RestResult.Ok(View(plan, dryRun: false), "Services imported.") : done.Error;
    }

    /// <summary>Why a plan cannot be done; null when it can.</summary>
    public static RestError? Refusal(ImportPlan plan)
    {
        if (plan.Entries.FirstOrDefault(e => e.Problems.Count > 0) is { } bad)
            return ServiceEndpoints.Wrong(bad.Problems[0] with { Field = $"{bad.Name}.{bad.Problems[0].Field}" });
        if (plan.Entries.SelectMany(e => e.Needs).FirstOrDefault(n => n.Required) is { } need)
            return RestResult.Fail("MISSING_PARAMETER", $"A value is needed: {need.Message}.", $"values.{need.Name}");
        return plan.Entries.FirstOrDefault(e => e.Action == ImportAction.Conflict) is { } other
            ? RestResult.Fail(
                "SERVICE_ALREADY_EXISTS",
                $"{other.Name} is registered with another definition; nothing was imported. With update it is replaced.",
                other.Name
            )
            : null;
    }

    public static ImportView View(ImportPlan plan, bool dryRun) =>
        new(dryRun, plan.Format, [.. plan.Entries.Select(View)]);

    private static ImportedView View(ImportEntry entry) =>
        new()
        {
            Name = entry.Name,
            Transport = ServiceDesk.Wire(entry.Definition.Transport),
            Enabled = entry.Enabled,
            Action = JsonNamingPolicy.SnakeCaseLower.ConvertName(entry.Action.ToString()),
            Starts = Starts(entry),
            Secrets = [.. SecretStore.In(entry.Definition.Texts)],
            Missing =
            [
                .. entry.Needs.Select(n => new MissingView
                {
                    Kind = JsonNamingPolicy.SnakeCaseLower.ConvertName(n.Kind.ToString()),
                    Name = n.Name,
                    Message = n.Message,
                    Required = n.Required,
                }),
            ],
            Problems = entry.Problems,
        };

    private static string Starts(ImportEntry entry) =>
        entry.Definition.Url is { } url
            ? ShownValues.OfText(url)
            : string.Join(' ', [entry.Definition.Command ?? "", .. ShownValues.OfArgs(entry.Definition.Args)]);
}
