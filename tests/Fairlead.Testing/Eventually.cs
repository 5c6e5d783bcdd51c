using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Fairlead.Testing;

/// <summary>
/// Waits for something that other threads or processes do, by looking again every few milliseconds until a deadline
/// of the monotonic clock. Fails with the condition's text.
/// </summary>
public static class Eventually
{
    private static readonly TimeSpan DefaultWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(5);

    /// <summary>Waits until <paramref name="condition"/> holds; throws <see cref="TimeoutException"/> after <paramref name="within"/> (10 s).</summary>
    public static Task UntilAsync(
        Func<bool> condition,
        TimeSpan? within = null,
        CancellationToken cancellationToken = default,
        [CallerArgumentExpression(nameof(condition))] string text = ""
    ) => UntilAsync(() => Task.FromResult(condition()), within, cancellationToken, text);

    /// <summary>As above with a condition that must itself be awaited.</summary>
    public static async Task UntilAsync(
        Func<Task<bool>> condition,
        TimeSpan? within = null,
        CancellationToken cancellationToken = default,
        [CallerArgumentExpression(nameof(condition))] string text = ""
    )
    {
        ArgumentNullException.ThrowIfNull(condition);
        var limit = within ?? DefaultWithin;
        var watch = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(Interval);
        while (!await condition())
        {
            if (watch.Elapsed > limit)
                throw new TimeoutException($"Not true within {limit}: {text}");
            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

    /// <summary>Waits until <paramref name="probe"/> gives something other than null, and returns it.</summary>
    public static async Task<T> ValueAsync<T>(
        Func<T?> probe,
        TimeSpan? within = null,
        CancellationToken cancellationToken = default,
        [CallerArgumentExpression(nameof(probe))] string text = ""
    )
        where T : class
    {
        T? found = null;
        await UntilAsync(() => (found = probe()) is not null, within, cancellationToken, text);
        return found!;
    }
}
