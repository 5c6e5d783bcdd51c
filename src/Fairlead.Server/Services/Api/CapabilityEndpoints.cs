using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Protocol;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Services.Api;

/// <summary>Everything services offer, whose it is and since when it is as it is (S-12).</summary>
internal static class CapabilityEndpoints
{
    public static void Map(RouteGroupBuilder capabilities)
    {
        capabilities
            .MapGet("", List)
            .WithName("capabilities.list")
            .WithSummary("Tools, prompts, resources and resource templates of all services, published or not.");
        capabilities
            .MapGet("/changes", ChangesAsync)
            .WithName("capabilities.changes")
            .WithSummary("What became of the lists of services, the newest first; the last 100 of each service.");
    }

    private static RestResult<IReadOnlyList<CapabilityView>> List(
        [FromQuery] string? service,
        [FromQuery] string? kind,
        [FromQuery] string? state,
        [AsParameters] PageQuery page,
        ServiceDesk desk
    )
    {
        if (page.Check() is { } wrong)
            return wrong;
        if (kind is not null && !Enum.GetValues<ItemKind>().Any(k => k.ToText() == kind))
            return RestResult.Fail("INVALID_PARAMETER", "kind is tool, prompt, resource or resource_template.", "kind");
        if (state is not null && !Enum.GetValues<ItemState>().Any(s => s.ToText() == state))
            return RestResult.Fail("INVALID_PARAMETER", "state is served, held or pending.", "state");
        if (service is not null && desk.Find(service) is null)
            return ServiceEndpoints.Missing(service);
        var only = service is null ? null : desk.Find(service);
        var owners = desk.Now.Services.Where(s => only is null || s.Id == only.Id).ToDictionary(s => s.Id);
        var found = desk
            .Now.Catalogue.Where(i => owners.ContainsKey(i.Service))
            .Where(i => (kind is null || i.Kind.ToText() == kind) && (state is null || i.State.ToText() == state))
            .OrderBy(i => owners[i.Service].Position)
            .ThenBy(i => i.Kind)
            .ThenBy(i => i.Position)
            .ToList();
        return RestResult.Page<CapabilityView>(
            [.. found.Skip(page.Skip).Take(page.Size).Select(i => View(i, owners[i.Service]))],
            page,
            found.Count
        );
    }

    private static async Task<RestResult<IReadOnlyList<CapabilityChangeView>>> ChangesAsync(
        [FromQuery] string? service,
        [AsParameters] PageQuery page,
        CatalogueStore catalogue,
        ServiceDesk desk,
        CancellationToken cancellationToken
    )
    {
        if (page.Check() is { } wrong)
            return wrong;
        if (service is not null && desk.Find(service) is null)
            return ServiceEndpoints.Missing(service);
        var owner = service is null ? null : desk.Find(service);
        var (rows, total) = await catalogue.ChangesAsync(owner?.Id, page.Skip, page.Size, cancellationToken);
        return RestResult.Page<CapabilityChangeView>([.. rows.Select(row => View(row, desk))], page, total);
    }

    private static CapabilityView View(CatalogueItem item, ServiceConfig owner) =>
        new(
            item.Kind.ToText(),
            item.Name,
            JsonScan.Text(item.Definition.Span, "title"u8),
            owner.Name,
            owner.Id.Value,
            Revisions.TryParse(owner.KnownRevision, out var revision)
                ? JsonNamingPolicy.SnakeCaseLower.ConvertName(revision.Era().ToString())
                : null,
            item.State.ToText(),
            item.Hash,
            item.ChangedAt?.UtcDateTime
        );

    private static CapabilityChangeView View(CatalogueChangeRow row, ServiceDesk desk)
    {
        var change = StoreJson.ReadChange(row.What);
        return new(
            desk.Find(row.ServiceId)?.Name ?? row.ServiceId,
            row.ServiceId,
            row.At.UtcDateTime,
            change.Added,
            change.Changed,
            change.Removed
        );
    }
}

internal sealed record CapabilityView(
    [property: Description("tool, prompt, resource or resource_template.")] string Kind,
    [property: Description("The service's own name, URI or URI template.")] string Name,
    string? Title,
    string Service,
    string ServiceId,
    [property: Description("legacy or modern; null before the first handshake.")] string? Era,
    [property: Description("served, held (it changed) or pending (it was never approved).")] string State,
    [property: Description("SHA-256 of its canonical form; null for resources.")] string? Hash,
    [property: Description("When it was first listed as it is now.")] DateTime? ChangedAt
);

internal sealed record CapabilityChangeView(
    string Service,
    string ServiceId,
    DateTime At,
    [property: Description("Kind and name of each, at most 50.")] IReadOnlyList<string> Added,
    IReadOnlyList<string> Changed,
    IReadOnlyList<string> Removed
);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Envelope<IReadOnlyList<CapabilityView>>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<CapabilityChangeView>>))]
internal sealed partial class CapabilitiesJson : JsonSerializerContext;
