using System.Text.Json;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Groups.Views;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Secrets;

namespace Fairlead.Server.Groups;

/// <summary>What the REST interface tells of published tools: the stored row with what the snapshot knows of it.</summary>
internal sealed class ToolDescriptions(StoreWatcher watcher, ReadSecret secrets, NativeDefinition native)
{
    /// <summary>A tool in a list.</summary>
    public ToolView Of(ToolRow row) =>
        Of(row, watcher.Current, row.ToolView is null ? null : Definition(row, watcher.Current), whole: false);

    /// <summary>A tool with its definition, as its owner lists it and as clients see it.</summary>
    public ToolView Whole(ToolRow row) => Of(row, watcher.Current, Definition(row, watcher.Current), whole: true);

    private ToolView Of(ToolRow row, StoreSnapshot snapshot, ReadOnlyMemory<byte>? definition, bool whole)
    {
        ToolViewConfig? view = row.ToolView is { } stored ? StoreJson.ReadView(stored) : null;
        CompiledView? compiled =
            view is { ChangesDefinition: true } && definition is { } own
                ? CompiledView.Of(own, view, name => secrets(snapshot, name))
                : null;
        string name = view?.Name ?? row.ExposedName;
        return new ToolView
        {
            Id = row.Id,
            ToolName = name,
            GivenName = row.ExposedName,
            GroupId = row.GroupId,
            ServiceId = row.ServiceId,
            ServiceName = snapshot.Services.FirstOrDefault(service => service.Id.Value == row.ServiceId)?.Name,
            UpstreamName = row.UpstreamName,
            Version = row.Version,
            Description = row.Description,
            Enabled = row.Enabled,
            TimeoutSeconds = row.TimeoutSeconds,
            ConfigData = row.ConfigData is { } json ? JsonElement.Parse(json) : null,
            View = view is null ? null : ToolViewBody.Of(view),
            ViewProblems =
            [
                .. (compiled?.Problems ?? []).Select(static p => new ViewProblemView(p.Field, p.Text, p.Holds)),
            ],
            HeldByView = compiled?.IsHeld ?? false,
            OwnDefinition = whole && definition is { } listed ? JsonElement.Parse(listed.Span) : null,
            OfferedDefinition =
                whole && (compiled?.Definition ?? definition) is { } offered
                    ? JsonElement.Parse(
                        DefinitionWriter.Render(offered.Span, "name"u8, name, row.Description, legacy: false)
                    )
                    : null,
            CreatedAt = row.CreatedAt.UtcDateTime,
            UpdatedAt = row.UpdatedAt.UtcDateTime,
        };
    }

    private ReadOnlyMemory<byte>? Definition(ToolRow row, StoreSnapshot snapshot)
    {
        if (row.ServiceId is null)
            return native(
                row.UpstreamName,
                snapshot.Groups.FirstOrDefault(group => group.Id.Value == row.GroupId)?.ServerCode ?? ""
            );
        foreach (CatalogueItem item in snapshot.Catalogue)
        {
            if (item.Kind is ItemKind.Tool && item.Service.Value == row.ServiceId && item.Name == row.UpstreamName)
                return item.Definition;
        }
        return null;
    }
}
