namespace Fairlead.Server.Tools.Executions;

/// <summary>A pool got another size.</summary>
internal readonly record struct PoolResized(int Before, int After, double Load);

/// <summary>
/// How many may work at once, by how many do: above a load of 0.8 half as many more up to the most, below 0.3 three
/// tenths less down to the least (I-19). Not safe for several threads at once.
/// </summary>
internal sealed class DynamicPool
{
    /// <summary>Above this share of busy workers the pool grows.</summary>
    public const double High = 0.8;

    /// <summary>Below this share it shrinks.</summary>
    public const double Low = 0.3;
    private readonly int min;
    private readonly int max;
    private int size;

    /// <param name="min">Least workers, 1 or more.</param>
    /// <param name="max">Most workers.</param>
    /// <param name="size">Workers to begin with.</param>
    public DynamicPool(int min, int max, int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(min, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(max, min);
        (this.min, this.max, this.size) = (min, max, Math.Clamp(size, min, max));
    }

    public int Size => Volatile.Read(ref size);

    /// <summary>Raised after each change; handlers must not wait.</summary>
    public event Action<PoolResized>? Resized;

    /// <summary>Takes note of a load, busy workers by workers; true when the size changed.</summary>
    public bool Adjust(double load)
    {
        var before = size;
        // In whole numbers: ×1.5 and ×0.7 rounded down, and 1 grows to 2.
        var after =
            load > High ? Math.Min(max, Math.Max(before + 1, before * 3 / 2))
            : load < Low ? Math.Max(min, before * 7 / 10)
            : before;
        if (after == before)
            return false;
        Volatile.Write(ref size, after);
        Resized?.Invoke(new PoolResized(before, after, load));
        return true;
    }
}
