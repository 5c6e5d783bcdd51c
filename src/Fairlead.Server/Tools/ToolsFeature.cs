using Fairlead.Server.Caching;
using Fairlead.Server.Gateway.Intake;
using Fairlead.Server.Groups;
using Fairlead.Server.Hosting.Limits;
using Fairlead.Server.Storage;
using Fairlead.Server.Tools.Native;
using Fairlead.Toolkit;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Server.Tools;

/// <summary>The Tools room: native tools, prompts and resources, and the channel they are called through.</summary>
internal static class ToolsFeature
{
    public static IServiceCollection AddTools(this IServiceCollection services, ToolsOptions? options = null)
    {
        services.AddSingleton(options ?? new ToolsOptions());
        services.AddSingleton<SqlGuard>();
        services.AddSingleton<ClockTools>();
        services.AddSource<CalculatorTools>(ItemKind.Tool, static _ => new CalculatorTools());
        services.AddSource<ClockTools>(ItemKind.Tool, static p => p.GetRequiredService<ClockTools>());
        services.AddSource<SearchTools>(ItemKind.Tool, static _ => new SearchTools());
        // What the official package binds from services is bound to the call it is in.
        services.AddTransient(static _ =>
            CallContext.Current ?? throw new InvalidOperationException("There is a CallContext only within a call.")
        );
        services.AddSingleton(Compose);
        services.AddSingleton<NativeDefinition>(static p =>
            (name, group) => p.GetRequiredService<NativeTools>().Definition(ItemKind.Tool, name, group)?.Definition
        );
        return services;
    }

    /// <summary>Adds a type whose methods are native items.</summary>
    public static void AddSource<T>(this IServiceCollection services, ItemKind kind, Func<IServiceProvider, T> target)
        where T : class => services.AddSingleton(new NativeSource(kind, typeof(T), target));

    private static NativeTools Compose(IServiceProvider services)
    {
        var time = services.GetRequiredService<TimeProvider>();
        List<NativeTool> tools = [];
        List<NativePrompt> prompts = [];
        List<NativeResource> resources = [];
        foreach (var source in services.GetServices<NativeSource>())
        {
            var target = source.Target?.Invoke(services);
            if (source.Kind == ItemKind.Tool)
                tools.AddRange(
                    NativeTool
                        .Of(source.Type, target, services, time, source.Group)
                        .Where(t => source.Only?.Contains(t.Name) ?? true)
                );
            else if (source.Kind == ItemKind.Prompt)
                prompts.AddRange(NativePrompt.Of(source.Type, target, services));
            else
                resources.AddRange(NativeResource.Of(source.Type, target, services));
        }
        var middleware = services.GetServices<IToolMiddleware>().ToList();
        var results = services.GetService<ToolResultCache>();
        if (services.GetService<SharedLimits>() is { } limits)
            NativeLimit.Attach(tools, services.GetRequiredService<LimitsOptions>(), limits, time);
        var sql = services.GetRequiredService<SqlGuard>();
        foreach (var tool in tools)
        {
            tool.Use(middleware);
            tool.Results = results;
            tool.Sql = sql;
        }
        return new NativeTools(tools, time, prompts, resources, services, services.GetService<ReadUserToken>());
    }
}
