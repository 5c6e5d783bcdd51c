using System.Text.Json;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Services.Import;
using Fairlead.Server.Services.Trust;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Services.Api;

/// <summary>Registration of services (S-01, S-02, S-03, S-11, S-12). A service is named by its id or its name.</summary>
internal static class ServiceEndpoints
{
    public static void Map(RouteGroupBuilder services)
    {
        services.MapGet("", List).WithName("services.list").WithSummary("Registered services and their states.");
        services
            .MapPost("", AddAsync)
            .Creates()
            .WithName("services.add")
            .WithSummary("Registers a service and starts it.")
            .WithDescription("For stdio this runs a program on the gateway's machine.");
        services
            .MapGet("/{id}", Get)
            .WithName("services.get")
            .WithSummary("One service with its tools and last words.");
        services
            .MapPut("/{id}", UpdateAsync)
            .WithName("services.update")
            .WithSummary("Changes a service; absent members stay as they are. It is restarted when it must be.");
        services
            .MapDelete("/{id}", DeleteAsync)
            .WithName("services.delete")
            .WithSummary("Stops a service and removes it; its published names are kept for it.");
    }

    /// <summary>All tools known across services (S-12).</summary>
    public static void MapTools(RouteGroupBuilder tools) =>
        tools.MapGet("", ListTools).WithName("services.tools").WithSummary("All tools of all services.");

    private static RestResult<IReadOnlyList<ServiceView>> List(
        [FromQuery] string? status,
        [AsParameters] PageQuery page,
        ServiceDesk desk
    )
    {
        if (page.Check() is { } wrong)
            return wrong;
        if (status is not null && !Enum.GetValues<ServiceStatus>().Any(s => ServiceDesk.Wire(s) == status))
            return RestResult.Fail("INVALID_PARAMETER", $"There is no status {status}.", "status");
        var found = desk
            .Now.Services.OrderBy(s => s.Position)
            .Select(desk.View)
            .Where(s => status is null || s.Status == status)
            .ToList();
        return RestResult.Page<ServiceView>([.. found.Skip(page.Skip).Take(page.Size)], page, found.Count);
    }

    private static RestResult<ServiceDetailView> Get(string id, ServiceDesk desk) =>
        desk.Find(id) is { } service ? RestResult.Ok(desk.Detail(service)) : Missing(id);

    private static async Task<RestResult<ServiceDetailView>> AddAsync(
        AddServiceRequest request,
        HttpContext http,
        ServiceStore store,
        ServiceDesk desk,
        LaunchRules rules,
        CancellationToken cancellationToken
    )
    {
        var note = AuditNote.Of(http);
        if (string.IsNullOrEmpty(request.Name))
            return RestResult.Fail("MISSING_PARAMETER", "name is required.", "name");
        var (definition, problem) = DefinitionMerge.Apply(null, request);
        note.Details = DefinitionMerge.Describe(request.Name, definition);
        if ((problem ?? FirstProblem(desk, rules, request.Name, null, definition)) is { } wrong)
            return Wrong(wrong);
        var added = await store.AddAsync(
            new ServiceDraft(request.Name, definition, request.Enabled),
            cancellationToken
        );
        if (!added.Ok)
            return added.Error;
        note.Resource = $"{http.Request.Path}/{added.Value.Id}";
        return RestResult.Ok(desk.Detail(added.Value), "Service registered.");
    }

    private static async Task<RestResult<ServiceDetailView>> UpdateAsync(
        string id,
        UpdateServiceRequest request,
        HttpContext http,
        ServiceStore store,
        ServiceDesk desk,
        LaunchRules rules,
        CancellationToken cancellationToken
    )
    {
        if (desk.Find(id) is not { } service)
            return Missing(id);
        var (definition, problem) = DefinitionMerge.Apply(service.Definition, request);
        AuditNote.Of(http).Details = DefinitionMerge.Describe(service.Name, definition);
        if ((problem ?? FirstProblem(desk, rules, service.Name, service.Definition, definition)) is { } wrong)
            return Wrong(wrong);
        var changed = await store.UpdateAsync(service.Id, definition, cancellationToken);
        return changed.Ok ? RestResult.Ok(desk.Detail(changed.Value), "Service changed.") : changed.Error;
    }

    private static async Task<RestResult<ServiceView>> DeleteAsync(
        string id,
        ServiceStore store,
        ServiceDesk desk,
        CancellationToken cancellationToken
    )
    {
        if (desk.Find(id) is not { } service)
            return Missing(id);
        var dependants = desk
            .Now.Services.Where(s => s.Definition.DependsOn.Contains(service.Name, StringComparer.OrdinalIgnoreCase))
            .Select(s => s.Name)
            .ToList();
        if (dependants.Count > 0)
            return RestResult.Fail(
                "SERVICE_IN_USE",
                $"{string.Join(", ", dependants)} depends on {service.Name}: remove that first, or its depends_on."
            );
        var last = desk.View(service);
        return await store.RemoveAsync(service.Id, cancellationToken)
            ? RestResult.Ok(last, "Service removed.")
            : Missing(id);
    }

    private static RestResult<IReadOnlyList<KnownToolView>> ListTools(
        [FromQuery] string? service,
        [AsParameters] PageQuery page,
        ServiceDesk desk
    )
    {
        if (page.Check() is { } wrong)
            return wrong;
        var owners = desk.Now.Services.OrderBy(s => s.Position).ToList();
        if (service is not null)
        {
            if (desk.Find(service) is not { } one)
                return Missing(service);
            owners = [one];
        }
        var found = owners
            .SelectMany(o => desk.Tools(o.Id).OrderBy(i => i.Position).Select(i => (Owner: o, Item: i)))
            .ToList();
        return RestResult.Page<KnownToolView>(
            [
                .. found
                    .Skip(page.Skip)
                    .Take(page.Size)
                    .Select(f => new KnownToolView(
                        f.Item.Name,
                        f.Owner.Name,
                        f.Owner.Id.Value,
                        ServiceDesk.Json(f.Item.Definition)
                    )),
            ],
            page,
            found.Count
        );
    }

    public static RestError Missing(string id) => RestResult.Fail("SERVICE_NOT_FOUND", $"There is no service {id}.");

    public static ServiceProblem? FirstProblem(
        ServiceDesk desk,
        LaunchRules rules,
        string name,
        ServiceDefinition? before,
        ServiceDefinition definition
    ) =>
        ServiceRules.Check(name, definition).Concat(rules.Check(before, definition)).FirstOrDefault()
        ?? ServiceRules
            .CheckDependencies(new Dictionary<string, ServiceDefinition> { [name] = definition }, desk.Now.Services)
            ?.Problem;

    public static RestError Wrong(ServiceProblem problem) =>
        RestResult.Fail("SERVICE_CONFIGURATION_INVALID", $"{problem.Field} {problem.Message}.", problem.Field);
}
