using System.Text;
using System.Text.Json;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Fairlead.Server.Telemetry.Redact;
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
    private const int MaxAuditBytes = 32 * 1024;

    public static void Map(RouteGroupBuilder tools)
    {
        tools.MapGet("", ListAsync).WithName("tools.list").WithSummary("Published tools, of one group or of all.");
        tools
            .MapGet("/{id}", GetAsync)
            .WithName("tools.get")
            .WithSummary("One published tool: its definition, how the group shows it, and what of that does not fit.");
        tools
            .MapPut("/{id}", UpdateAsync)
            .WithName("tools.update")
            .WithSummary("Sets how a published tool is offered; takes effect at once.");
    }

    private static async Task<RestResult<IReadOnlyList<ToolView>>> ListAsync(
        [FromQuery(Name = "group_id")] string? groupId,
        [AsParameters] PageQuery page,
        ToolStore store,
        ToolDescriptions descriptions,
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
        return RestResult.Page<ToolView>([.. found.Value.Rows.Select(descriptions.Of)], page, found.Value.Total);
    }

    private static async Task<RestResult<ToolView>> GetAsync(
        string id,
        ToolStore store,
        ToolDescriptions descriptions,
        CancellationToken cancellationToken
    )
    {
        StoreResult<ToolRow> found = await store.GetAsync(new PublicationId(id), cancellationToken);
        return found.Ok ? RestResult.Ok(descriptions.Whole(found.Value)) : found.Error;
    }

    private static async Task<RestResult<ToolView>> UpdateAsync(
        string id,
        UpdateToolRequest request,
        HttpContext http,
        ToolStore store,
        ToolDescriptions descriptions,
        CancellationToken cancellationToken
    )
    {
        // Fixed values may be anything.
        AuditNote.Of(http).Details = Encoding.UTF8.GetString(
            Redaction.Mask(
                JsonSerializer.SerializeToUtf8Bytes(request, GroupsJson.Default.UpdateToolRequest),
                MaxAuditBytes
            )
        );
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
                config.ValueKind is JsonValueKind.Object ? config.GetRawText() : null,
                request.View?.ToConfig()
            ),
            cancellationToken
        );
        return changed.Ok
            ? RestResult.Ok(descriptions.Of(changed.Value) with { EffectiveImmediately = true }, "Tool changed.")
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
