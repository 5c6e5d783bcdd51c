using System.Reflection;
using Fairlead.Server.Storage;
using Fairlead.Toolkit;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Server.Tools;

/// <summary>A type whose methods are native tools, prompts or resources.</summary>
/// <param name="Kind">What is looked for.</param>
/// <param name="Type">The type.</param>
/// <param name="Target">Gives the one object they run on; null for a type with static methods only.</param>
internal sealed record NativeSource(ItemKind Kind, Type Type, Func<IServiceProvider, object>? Target)
{
    /// <summary>The group its tools are for, whatever their attributes say; null leaves that to them.</summary>
    public string? Group { get; init; }

    /// <summary>Names of the tools that are taken; null takes all.</summary>
    public IReadOnlySet<string>? Only { get; init; }

    /// <summary>The public methods that can run with or without an object.</summary>
    public static IEnumerable<MethodInfo> Methods(Type type, object? target) =>
        type.GetMethods(
                BindingFlags.Public
                    | BindingFlags.Static
                    | (target is null ? BindingFlags.Default : BindingFlags.Instance)
            )
            .OrderBy(m => m.Name, StringComparer.Ordinal);
}

/// <summary>One native item as the groups see it.</summary>
/// <param name="Kind">Tool, prompt, resource or template.</param>
/// <param name="Name">Name, URI or URI template.</param>
/// <param name="Group">Server code of the one group it is for; null is every group that publishes native items.</param>
internal readonly record struct NativeName(ItemKind Kind, string Name, string? Group = null);

/// <summary>Where there are no services.</summary>
internal sealed class EmptyProvider : IServiceProvider
{
    public static readonly EmptyProvider Instance = new();

    public object? GetService(Type serviceType) => null;
}
