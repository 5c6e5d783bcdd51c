using System.Reflection;
using System.Runtime.CompilerServices;

namespace Fairlead.Architecture;

/// <summary>The assemblies built from <c>src</c>, loaded but not run.</summary>
internal static class Shipped
{
    public static IReadOnlyList<Assembly> Assemblies { get; } =
    [
        .. Repository
            .Files("src", ".csproj")
            .Select(p => System.IO.Path.GetFileNameWithoutExtension(p.Name))
            .Select(name => Load(name == "Fairlead" ? "fairlead" : name)),
    ];

    /// <summary>Types a person wrote: generated ones live in other namespaces or carry the compiler's mark.</summary>
    public static IReadOnlyList<Type> Types { get; } =
    [.. Assemblies.SelectMany(a => a.GetTypes()).Where(IsHandWritten)];

    public static Assembly Named(string name) =>
        Assemblies.Single(a => string.Equals(a.GetName().Name, name, StringComparison.Ordinal));

    private static bool IsHandWritten(Type type) =>
        type.Namespace is { } space
        && (space == "Fairlead" || space.StartsWith("Fairlead.", StringComparison.Ordinal))
        && !type.FullName!.Contains('<', StringComparison.Ordinal)
        && !type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false);

    private static Assembly Load(string name)
    {
        var assembly = Assembly.Load(name);
        // The server's module initialiser tells the runtime where the SQLite binding lives; types that use it need that.
        RuntimeHelpers.RunModuleConstructor(assembly.ManifestModule.ModuleHandle);
        return assembly;
    }
}
