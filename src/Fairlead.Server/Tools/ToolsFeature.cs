using Fairlead.Server.Tools.Native;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Server.Tools;

/// <summary>The Tools room: native tools and the channel they are called through.</summary>
internal static class ToolsFeature
{
    public static IServiceCollection AddTools(this IServiceCollection services)
    {
        services.AddSingleton<ClockTools>();
        services.AddSingleton(static p => new NativeTools(
            [
                .. NativeTool.Of(new CalculatorTools()),
                .. NativeTool.Of(p.GetRequiredService<ClockTools>()),
                .. NativeTool.Of(new SearchTools()),
            ],
            p.GetRequiredService<TimeProvider>()
        ));
        return services;
    }
}
