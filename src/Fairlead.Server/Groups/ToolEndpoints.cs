using System.Text.Json;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Groups;

/// <summary>Administration of published tools .</summary>
internal static class ToolEndpoints
{
    private const int MaxTimeoutSeconds = 600;
    private const int MaxConfigLength = 16 * 1024;

    public static void Map(RouteGroupBuilder tools)
    {
        tools.MapGet("", ListAsync).WithName("tools.list").WithSummary("Published tools, of one group or of all.");
        tools
            .MapPut("/{id}", UpdateAsync)
            .WithName("tools.update")
            .WithSummary("Sets how a published tool is offered; takes effect at once.");
    }

    private static async Task<RestResult<IReadOnlyList<ToolView>>> ListAsync(
        [FromQuery(Name = "group_id")] string? groupId,
        [AsParameters] PageQuery page,
        ToolStore store,
        StoreWatcher watcher,
        CancellationToken cancellationToken
    )
    {
        if (page.Check() is { } wrong)
            return wrong;
        StoreResult<ToolPage> found = await store.ListAsync(
            groupId is null ? null : new GroupId(groupId),
            page.Skip,
            page.Size,
            cancellationToken
        );
        if (!found.Ok)
            return found.Error;
        StoreSnapshot snapshot = watcher.Current;
        return RestResult.Page<ToolView>(
            [.. found.Value.Rows.Select(row => ToolView.Of(row, snapshot))],
            page,
            found.Value.Total
        );
    }

    private static async Task<RestResult<ToolView>> UpdateAsync(
        string id,
        UpdateToolRequest request,
        HttpContext http,
        ToolStore store,
        StoreWatcher watcher,
        CancellationToken cancellationToken
    )
    {
        AuditNote.Of(http).Details = JsonSerializer.Serialize(request, GroupsJson.Default.UpdateToolRequest);
        if (Check(request) is { } wrong)
            return wrong;
        JsonElement config = request.ConfigData ?? default;
        StoreResult<ToolRow> changed = await store.UpdateAsync(
            new PublicationId(id),
            new GroupId(request.GroupId!),
            new ToolSettings(
                request.Enabled,
                request.TimeoutSeconds,
                string.IsNullOrWhiteSpace(request.Description) ? null : request.Description,
                config.ValueKind is JsonValueKind.Object ? config.GetRawText() : null
            ),
            cancellationToken
        );
        return changed.Ok
            ? RestResult.Ok(
                ToolView.Of(changed.Value, watcher.Current) with
                {
                    EffectiveImmediately = true,
                },
                "Tool changed."
            )
            : changed.Error;
    }

    private static RestError? Check(UpdateToolRequest request)
    {
        if (string.IsNullOrEmpty(request.GroupId))
            return RestResult.Fail("MISSING_PARAMETER", "group_id is required.", "group_id");
        if (request.TimeoutSeconds is < 1 or > MaxTimeoutSeconds)
            return RestResult.Fail(
                "INVALID_PARAMETER",
                $"timeout_seconds is 1 to {MaxTimeoutSeconds}.",
                "timeout_seconds"
            );
        if (request.Description is { Length: > GroupDraft.MaxDescriptionLength })
            return RestResult.Fail(
                "INVALID_PARAMETER",
                $"description has at most {GroupDraft.MaxDescriptionLength} characters.",
                "description"
            );
        if (request.ConfigData is not { } config || config.ValueKind is JsonValueKind.Null)
            return null;
        return config.ValueKind is JsonValueKind.Object && config.GetRawText().Length <= MaxConfigLength
            ? null
            : RestResult.Fail(
                "INVALID_PARAMETER",
                $"config_data is a JSON object of at most {MaxConfigLength} characters.",
                "config_data"
            );
    }
}
