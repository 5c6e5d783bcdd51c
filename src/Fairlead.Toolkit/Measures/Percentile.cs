namespace Fairlead.Toolkit.Measures;

/// <summary>
/// The percentile every figure of the product means: linear interpolation between the two nearest values, as spreadsheets'
/// inclusive percentile does (C-38).
/// </summary>
public static class Percentile
{
    /// <summary>The value below which a share of the sorted values lies.</summary>
    /// <param name="sorted">Values in rising order; at least one.</param>
    /// <param name="share">0 to 1; 0.95 is the 95th percentile.</param>
    /// <returns>In the unit of the values.</returns>
    /// <exception cref="ArgumentException">There are no values.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The share is not between 0 and 1.</exception>
    public static double Of(ReadOnlySpan<double> sorted, double share)
    {
        if (sorted.IsEmpty)
            throw new ArgumentException("A percentile needs at least one value.", nameof(sorted));
        if (!(share is >= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(share), share, "A share is between 0 and 1.");
        var place = share * (sorted.Length - 1);
        var below = (int)place;
        return below + 1 == sorted.Length
            ? sorted[below]
            : sorted[below] + (place - below) * (sorted[below + 1] - sorted[below]);
    }
}
