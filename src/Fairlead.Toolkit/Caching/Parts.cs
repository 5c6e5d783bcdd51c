namespace Fairlead.Toolkit.Caching;

/// <summary>Answers made of several parts.</summary>
public static class Parts
{
    /// <summary>
    /// Asks all sources at once and returns what they brought (P-54). A part whose source throws is null; the others are
    /// there. Takes as long as the slowest.
    /// </summary>
    /// <typeparam name="T">Type of a part.</typeparam>
    /// <param name="sources">What brings each part, by name.</param>
    /// <param name="failed">Told the name and failure of each part that is missing; null tells nobody.</param>
    /// <param name="cancellationToken">Gives up on all of them.</param>
    /// <returns>Each part by name.</returns>
    /// <exception cref="OperationCanceledException">Given up.</exception>
    public static async Task<IReadOnlyDictionary<string, T?>> GatherAsync<T>(
        IReadOnlyDictionary<string, Func<CancellationToken, Task<T>>> sources,
        Action<string, Exception>? failed = null,
        CancellationToken cancellationToken = default
    )
        where T : class
    {
        ArgumentNullException.ThrowIfNull(sources);
        var parts = await Task.WhenAll(sources.Select(PartAsync));
        cancellationToken.ThrowIfCancellationRequested();
        return parts.ToDictionary(static part => part.Name, static part => part.Value);

        async Task<(string Name, T? Value)> PartAsync(KeyValuePair<string, Func<CancellationToken, Task<T>>> source)
        {
            try
            {
                return (source.Key, await source.Value(cancellationToken));
            }
            catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
            {
                failed?.Invoke(source.Key, failure);
                return (source.Key, null);
            }
        }
    }
}
