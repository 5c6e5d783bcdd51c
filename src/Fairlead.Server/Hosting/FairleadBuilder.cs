using Fairlead.Server.Storage;
using Fairlead.Server.Tools;
using Fairlead.Toolkit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Fairlead.Server.Hosting;

/// <summary>What a program adds to its gateway: C# tools, prompts and resources, and middleware around tools .</summary>
public sealed class FairleadBuilder
{
    internal FairleadBuilder(IHostApplicationBuilder host) => Host = host;

    /// <summary>The application the gateway is part of.</summary>
    public IHostApplicationBuilder Host { get; }

    /// <summary>Its services.</summary>
    public IServiceCollection Services => Host.Services;

    /// <summary>
    /// Adds the tools of a type: its public methods marked <c>[McpServerTool]</c> or <c>[FairleadTool]</c>. They run on
    /// one object, made once from services.
    /// </summary>
    /// <typeparam name="T">The type.</typeparam>
    public FairleadBuilder AddTools<T>()
        where T : class => Add<T>(ItemKind.Tool);

    /// <summary>Adds the tools of an object.</summary>
    /// <param name="target">The object they run on, by many calls at once.</param>
    public FairleadBuilder AddTools(object target)
    {
        ArgumentNullException.ThrowIfNull(target);
        Services.AddSingleton(new NativeSource(ItemKind.Tool, target.GetType(), _ => target));
        return this;
    }

    /// <summary>Adds the tools of a type, also of a static one.</summary>
    /// <param name="type">The type; only its static methods are looked at when it is static.</param>
    public FairleadBuilder AddTools(Type type)
    {
        ArgumentNullException.ThrowIfNull(type);
        var isStatic = type is { IsAbstract: true, IsSealed: true };
        if (!isStatic)
            Services.TryAddSingleton(type);
        Services.AddSingleton(new NativeSource(ItemKind.Tool, type, isStatic ? null : p => p.GetRequiredService(type)));
        return this;
    }

    /// <summary>Adds the prompts of a type: its public methods marked <c>[McpServerPrompt]</c>.</summary>
    /// <typeparam name="T">The type; one object of it is made from services.</typeparam>
    public FairleadBuilder AddPrompts<T>()
        where T : class => Add<T>(ItemKind.Prompt);

    /// <summary>Adds the resources of a type: its public methods marked <c>[McpServerResource]</c>.</summary>
    /// <typeparam name="T">The type; one object of it is made from services.</typeparam>
    public FairleadBuilder AddResources<T>()
        where T : class => Add<T>(ItemKind.Resource);

    /// <summary>Puts middleware around every run of a native tool; what is added first is outermost .</summary>
    /// <typeparam name="T">The middleware; one object of it is made from services.</typeparam>
    public FairleadBuilder AddToolMiddleware<T>()
        where T : class, IToolMiddleware
    {
        Services.AddSingleton<IToolMiddleware, T>();
        return this;
    }

    /// <summary>
    /// Adds what is to be done before the gateway takes calls and after the last of them (P-07). Hooks start in the order
    /// they were added and stop in reverse.
    /// </summary>
    /// <typeparam name="T">The hook; one object of it is made from services.</typeparam>
    public FairleadBuilder AddLifespan<T>()
        where T : class, ILifespan
    {
        Services.AddSingleton<ILifespan, T>();
        return this;
    }

    private FairleadBuilder Add<T>(ItemKind kind)
        where T : class
    {
        Services.TryAddSingleton<T>();
        Services.AddSource(kind, static p => p.GetRequiredService<T>());
        return this;
    }
}
