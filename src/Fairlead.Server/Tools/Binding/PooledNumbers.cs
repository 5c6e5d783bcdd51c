using System.Buffers;

namespace Fairlead.Server.Tools.Binding;

/// <summary>Numbers of a list whose length is not known yet; give it back.</summary>
internal struct PooledNumbers()
{
    private double[] rented = ArrayPool<double>.Shared.Rent(16);
    private int count;

    public void Add(double number)
    {
        if (count == rented.Length)
        {
            var larger = ArrayPool<double>.Shared.Rent(count * 2);
            rented.CopyTo(larger, 0);
            Return();
            rented = larger;
        }
        rented[count++] = number;
    }

    public readonly double[] ToArray() => rented.AsSpan(0, count).ToArray();

    public readonly void Return() => ArrayPool<double>.Shared.Return(rented);
}
