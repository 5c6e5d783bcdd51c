using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Server.Groups;

/// <summary>The Groups room: logical servers, their keys and what they publish.</summary>
internal static class GroupsFeature
{
    public static IServiceCollection AddGroups(this IServiceCollection services)
    {
        services.AddSingleton<NativePublications>();
        services.AddSingleton<GroupKeys>();
        services.AddSingleton<GroupStore>();
        return services;
    }
}
