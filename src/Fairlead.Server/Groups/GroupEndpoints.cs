using System.Security.Claims;
using System.Text.Json;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Groups;

/// <summary>Administration of groups and of what they publish .</summary>
internal static class GroupEndpoints
{
    public static void Map(RouteGroupBuilder groups)
    {
        groups.MapGet("", ListAsync).WithName("groups.list").WithSummary("All groups.");
        groups
            .MapPost("", CreateAsync)
            .Creates()
            .WithName("groups.create")
            .WithSummary("Makes a group and its key.")
            .WithDescription("The answer holds the new key. A taken name or server code is 409.");
        groups.MapGet("/{id}", GetAsync).WithName("groups.get").WithSummary("One group.");
        groups
            .MapPut("/{id}", UpdateAsync)
            .WithName("groups.update")
            .WithSummary("Changes a group; absent members stay as they are.");
        groups
            .MapDelete("/{id}", DeleteAsync)
            .WithName("groups.delete")
            .WithSummary("Deletes a group with its key and published tools.");
        groups
            .MapPost(
                "/{id}/enable",
                static (string id, GroupStore store, StoreWatcher watcher, CancellationToken token) =>
                    SetEnabledAsync(id, true, store, watcher, token)
            )
            .WithName("groups.enable")
            .WithSummary("Lets calls in.");
        groups
            .MapPost(
                "/{id}/disable",
                static (string id, GroupStore store, StoreWatcher watcher, CancellationToken token) =>
                    SetEnabledAsync(id, false, store, watcher, token)
            )
            .WithName("groups.disable")
            .WithSummary("Refuses calls; the key stays.");
        groups
            .MapPut("/{id}/services/{service}", PublishAsync)
            .WithName("groups.publish")
            .WithSummary("Publishes a service, by id or name, in a group.");
        groups
            .MapDelete("/{id}/services/{service}", UnpublishAsync)
            .WithName("groups.unpublish")
            .WithSummary("Takes a service out of a group; its names stay its own.");
    }

    private static async Task<RestResult<IReadOnlyList<GroupView>>> ListAsync(
        [AsParameters] PageQuery page,
        GroupStore store,
        StoreWatcher watcher,
        CancellationToken cancellationToken
    )
    {
        if (page.Check() is { } wrong)
            return wrong;
        (List<GroupRow> rows, int total) = await store.ListAsync(page.Skip, page.Size, cancellationToken);
        StoreSnapshot snapshot = watcher.Current;
        return RestResult.Page<GroupView>([.. rows.Select(row => GroupView.Of(row, snapshot))], page, total);
    }

    private static async Task<RestResult<GroupView>> CreateAsync(
        CreateGroupRequest request,
        HttpContext http,
        GroupStore store,
        StoreWatcher watcher,
        CancellationToken cancellationToken
    )
    {
        AuditNote note = AuditNote.Of(http);
        note.Details = JsonSerializer.Serialize(request, GroupsJson.Default.CreateGroupRequest);
        List<ServiceId> services = [];
        foreach (string wanted in request.Services ?? [])
        {
            if (FindService(watcher.Current, wanted) is not { } service)
                return RestResult.Fail("SERVICE_NOT_FOUND", $"There is no service {wanted}.", "services");
            services.Add(service);
        }
        StoreResult<CreatedGroup> created = await store.CreateAsync(
            new GroupDraft
            {
                Name = request.Name,
                Description = request.Description,
                ServerCode = request.ServerCode,
                AllowedRoles = request.AllowedRoles,
                UserTierAccess = request.UserTierAccess,
                CallsPerMinute = request.CallsPerMinute,
                ConcurrentCalls = request.ConcurrentCalls,
                PublishNative = request.PublishNative,
                LogBodies = request.LogBodies,
                FindTools = request.FindTools,
                Services = [.. services],
                CreatedBy = http.User.FindFirstValue(ClaimTypes.NameIdentifier),
            },
            null,
            cancellationToken
        );
        if (!created.Ok)
            return created.Error;
        GroupId id = created.Value.Group.Id;
        note.Resource = $"{http.Request.Path}/{id}";
        StoreResult<GroupRow> row = await store.GetAsync(id, cancellationToken);
        return row.Ok
            ? RestResult.Ok(
                GroupView.Of(row.Value, watcher.Current) with
                {
                    ApiKey = created.Value.Key,
                },
                "Group created."
            )
            : row.Error;
    }

    private static Task<RestResult<GroupView>> GetAsync(
        string id,
        GroupStore store,
        StoreWatcher watcher,
        CancellationToken cancellationToken
    ) => ViewAsync(new GroupId(id), "OK", store, watcher, cancellationToken);

    private static async Task<RestResult<GroupView>> UpdateAsync(
        string id,
        UpdateGroupRequest request,
        HttpContext http,
        GroupStore store,
        StoreWatcher watcher,
        CancellationToken cancellationToken
    )
    {
        AuditNote.Of(http).Details = JsonSerializer.Serialize(request, GroupsJson.Default.UpdateGroupRequest);
        var draft = new GroupDraft
        {
            Name = request.Name,
            Description = request.Description,
            ServerCode = request.ServerCode,
            AllowedRoles = request.AllowedRoles,
            UserTierAccess = request.UserTierAccess,
            CallsPerMinute = request.CallsPerMinute,
            ConcurrentCalls = request.ConcurrentCalls,
            PublishNative = request.PublishNative,
            LogBodies = request.LogBodies,
            FindTools = request.FindTools,
        };
        StoreResult<GroupConfig> changed = await store.UpdateAsync(new GroupId(id), draft, cancellationToken);
        return await ViewAsync(changed, "Group changed.", store, watcher, cancellationToken);
    }

    private static async Task<RestResult<GroupView>> DeleteAsync(
        string id,
        GroupStore store,
        StoreWatcher watcher,
        CancellationToken cancellationToken
    )
    {
        var group = new GroupId(id);
        RestResult<GroupView> before = await ViewAsync(group, "Group deleted.", store, watcher, cancellationToken);
        if (before.Error is not null)
            return before;
        return await store.DeleteAsync(group, cancellationToken)
            ? before
            : new StoreError("GROUP_NOT_FOUND", $"There is no group {id}.");
    }

    private static async Task<RestResult<GroupView>> SetEnabledAsync(
        string id,
        bool enabled,
        GroupStore store,
        StoreWatcher watcher,
        CancellationToken cancellationToken
    )
    {
        StoreResult<GroupConfig> changed = await store.SetEnabledAsync(new GroupId(id), enabled, cancellationToken);
        return await ViewAsync(
            changed,
            enabled ? "Group enabled." : "Group disabled.",
            store,
            watcher,
            cancellationToken
        );
    }

    private static async Task<RestResult<GroupView>> PublishAsync(
        string id,
        string service,
        GroupStore store,
        StoreWatcher watcher,
        CancellationToken cancellationToken
    )
    {
        if (FindService(watcher.Current, service) is not { } found)
            return RestResult.Fail("SERVICE_NOT_FOUND", $"There is no service {service}.");
        StoreResult<GroupConfig> changed = await store.PublishAsync(new GroupId(id), [found], cancellationToken);
        return await ViewAsync(changed, "Service published.", store, watcher, cancellationToken);
    }

    private static async Task<RestResult<GroupView>> UnpublishAsync(
        string id,
        string service,
        GroupStore store,
        StoreWatcher watcher,
        CancellationToken cancellationToken
    )
    {
        if (FindService(watcher.Current, service) is not { } found)
            return RestResult.Fail("SERVICE_NOT_FOUND", $"There is no service {service}.");
        StoreResult<GroupConfig> changed = await store.UnpublishAsync(new GroupId(id), found, cancellationToken);
        return await ViewAsync(changed, "Service taken out.", store, watcher, cancellationToken);
    }

    private static async Task<RestResult<GroupView>> ViewAsync(
        StoreResult<GroupConfig> changed,
        string message,
        GroupStore store,
        StoreWatcher watcher,
        CancellationToken cancellationToken
    ) => changed.Ok ? await ViewAsync(changed.Value.Id, message, store, watcher, cancellationToken) : changed.Error;

    private static async Task<RestResult<GroupView>> ViewAsync(
        GroupId id,
        string message,
        GroupStore store,
        StoreWatcher watcher,
        CancellationToken cancellationToken
    )
    {
        StoreResult<GroupRow> row = await store.GetAsync(id, cancellationToken);
        return row.Ok ? RestResult.Ok(GroupView.Of(row.Value, watcher.Current), message) : row.Error;
    }

    // An id first: a service may be named like another's id only by someone who may also rename it.
    private static ServiceId? FindService(StoreSnapshot snapshot, string idOrName) =>
        (
            snapshot.Services.FirstOrDefault(service => service.Id.Value == idOrName)
            ?? snapshot.Services.FirstOrDefault(service => service.Name == idOrName)
        )?.Id;
}
