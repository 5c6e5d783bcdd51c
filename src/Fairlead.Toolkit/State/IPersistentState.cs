using System.Text.Json;

namespace Fairlead.Toolkit.State;

/// <summary>
/// Values that outlive the gateway, by name, kept in its store so that every node sees them. What was set is on disk when
/// the call returns (P-34).
/// </summary>
public interface IPersistentState
{
    /// <summary>A value.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The value; null where there is none.</returns>
    Task<JsonElement?> GetAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>Sets a value.</summary>
    /// <param name="name">Its name, 1 to 200 characters.</param>
    /// <param name="value">Its value.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task SetAsync(string name, JsonElement value, CancellationToken cancellationToken = default);

    /// <summary>Changes a value from what it is; changes of several nodes follow each other and none is lost.</summary>
    /// <param name="name">Its name, 1 to 200 characters.</param>
    /// <param name="change">Makes the new value of the old, null where there is none; may run again on a newer one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The new value.</returns>
    Task<JsonElement> ChangeAsync(
        string name,
        Func<JsonElement?, JsonElement> change,
        CancellationToken cancellationToken = default
    );

    /// <summary>Removes a value.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False where there was none.</returns>
    Task<bool> DeleteAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>Removes all values.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    Task ClearAsync(CancellationToken cancellationToken = default);

    /// <summary>All values by name.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A copy.</returns>
    Task<IReadOnlyDictionary<string, JsonElement>> AllAsync(CancellationToken cancellationToken = default);
}
