using System.Text.Json;
using Fairlead.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Fairlead.Server.Automation.Settings;

/// <summary>
/// What operators change while the gateway runs: read anew for each use, so a change holds on every
/// node for what begins after it.
/// </summary>
internal sealed class SettingStore(StoreWriter writer, TimeProvider time)
{
    /// <summary>All settings, those nobody changed with their defaults.</summary>
    public Task<AutomationSettings> ReadAsync(CancellationToken cancellationToken) =>
        writer.ReadAsync(
            async db =>
                AutomationSettings.Of(
                    await db.Settings.AsNoTracking().ToDictionaryAsync(s => s.Name, s => s.Value, cancellationToken)
                ),
            cancellationToken
        );

    /// <summary>Keeps a value that was checked (<see cref="AutomationSettings.Check"/>).</summary>
    public Task SetAsync(string name, JsonElement value, string by, CancellationToken cancellationToken) =>
        writer.RecordAsync(
            async db =>
            {
                var now = time.GetUtcNow();
                var row = await db.Settings.SingleOrDefaultAsync(s => s.Name == name, cancellationToken);
                if (row is null)
                    db.Settings.Add(
                        row = new SettingRow
                        {
                            Name = name,
                            Value = "",
                            UpdatedBy = by,
                            CreatedAt = now,
                        }
                    );
                (row.Value, row.UpdatedBy, row.UpdatedAt) = (value.GetRawText(), by, now);
                await db.SaveChangesAsync(cancellationToken);
                return true;
            },
            cancellationToken
        );
}
