using System.Reflection;

namespace Fairlead.Server;

/// <summary>The product's version as built, without build metadata.</summary>
internal static class ProductVersion
{
    public static readonly string Text =
        typeof(ProductVersion)
            .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion.Split('+')[0]
        ?? "0.0.0";
}
