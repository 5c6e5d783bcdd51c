using System.Text.Json;
using Fairlead.Toolkit.State;

namespace Fairlead.Server.State;

/// <summary>Named values in the store (P-34): a write is durable when it returns, and every node sees it.</summary>
internal sealed class PersistentState(StateRows rows) : IPersistentState
{
    private const int MaxName = 200;

    public async Task<JsonElement?> GetAsync(string name, CancellationToken cancellationToken = default) =>
        await FindAsync(name, cancellationToken) is var (_, text) ? Parse(text) : null;

    public Task SetAsync(string name, JsonElement value, CancellationToken cancellationToken = default)
    {
        Check(name);
        return rows.ExecuteAsync(
            "INSERT INTO persistent_state (name, version, value) VALUES (@name, 1, @value)"
                + " ON CONFLICT (tenant_id, name) DO UPDATE SET value = excluded.value, version = persistent_state.version + 1",
            cancellationToken,
            ("name", name),
            ("value", value.GetRawText())
        );
    }

    public async Task<JsonElement> ChangeAsync(
        string name,
        Func<JsonElement?, JsonElement> change,
        CancellationToken cancellationToken = default
    )
    {
        Check(name);
        while (true)
        {
            var known = await FindAsync(name, cancellationToken);
            var value = change(known is var (_, text) ? Parse(text) : null);
            var written = await rows.ExecuteAsync(
                known is null
                    ? "INSERT INTO persistent_state (name, version, value) VALUES (@name, 1, @value)"
                        + " ON CONFLICT (tenant_id, name) DO NOTHING"
                    : "UPDATE persistent_state SET value = @value, version = version + 1"
                        + " WHERE tenant_id = 'default' AND name = @name AND version = @version",
                cancellationToken,
                ("name", name),
                ("value", value.GetRawText()),
                ("version", known?.Version ?? 0)
            );
            if (written == 1)
                return value;
            // Another was faster: one of those who meet always gets through, so this ends.
        }
    }

    public async Task<bool> DeleteAsync(string name, CancellationToken cancellationToken = default) =>
        await rows.ExecuteAsync(
            "DELETE FROM persistent_state WHERE tenant_id = 'default' AND name = @name",
            cancellationToken,
            ("name", name)
        ) == 1;

    public Task ClearAsync(CancellationToken cancellationToken = default) =>
        rows.ExecuteAsync("DELETE FROM persistent_state WHERE tenant_id = 'default'", cancellationToken);

    public async Task<IReadOnlyDictionary<string, JsonElement>> AllAsync(
        CancellationToken cancellationToken = default
    ) =>
        (
            await rows.ReadAsync(
                "SELECT name, version, value FROM persistent_state WHERE tenant_id = 'default'",
                cancellationToken
            )
        ).ToDictionary(row => row.Name, row => Parse(row.Text), StringComparer.Ordinal);

    /// <summary>Sets what is not set yet.</summary>
    public Task AddAsync(string name, JsonElement value, CancellationToken cancellationToken)
    {
        Check(name);
        return rows.ExecuteAsync(
            "INSERT INTO persistent_state (name, version, value) VALUES (@name, 1, @value)"
                + " ON CONFLICT (tenant_id, name) DO NOTHING",
            cancellationToken,
            ("name", name),
            ("value", value.GetRawText())
        );
    }

    private async Task<(long Version, string Text)?> FindAsync(string name, CancellationToken cancellationToken)
    {
        var found = await rows.ReadAsync(
            "SELECT name, version, value FROM persistent_state WHERE tenant_id = 'default' AND name = @name",
            cancellationToken,
            ("name", name)
        );
        return found is [var row] ? (row.Version, row.Text) : null;
    }

    private static void Check(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(name.Length, MaxName);
    }

    private static JsonElement Parse(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }
}
