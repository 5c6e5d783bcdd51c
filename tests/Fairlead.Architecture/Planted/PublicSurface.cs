#pragma warning disable CA1051, CA1012, CA1003, CA1024, CA1716, CA1720, CA1052, MA0069, CA1030, CA2211, S1104, CA1062, CA1040, CA1008
// A surface with one member of each kind, to show that the renderer sees every change of it.

namespace Fairlead.Architecture.Planted;

public interface ISurface
{
    string? Find(string key, int limit = 10);
}

public enum SurfaceKind
{
    Small = 1,
    Large = 2,
}

public abstract class Surface : ISurface
{
    public const string Name = "surface";

    protected Surface(string? title) => Title = title;

    public event EventHandler? Changed;

    public string? Title { get; init; }
    public required int Size { get; set; }
    internal int Hidden { get; set; }

    public virtual string? Find(string key, int limit = 10) => key;

    public abstract bool TryGet(ReadOnlySpan<char> key, out int value);

    public static IReadOnlyList<T> All<T>(params T[] items) => items;

    public override string ToString() => Name;

    protected void Raise() => Changed?.Invoke(this, EventArgs.Empty);

    private protected void Unseen() { }
}
