using Fairlead.Server.Hosting.Rest;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Fairlead.Server.Groups;

/// <summary>How groups are administered.</summary>
internal sealed record GroupsOptions
{
    /// <summary>Whether an administrator may see an existing key (C-12); false shows a key only when it is made.</summary>
    public bool ShowKeys { get; init; } = true;
}

/// <summary>The Groups room: logical servers, their keys and what they publish.</summary>
internal static class GroupsFeature
{
    public static IServiceCollection AddGroups(this IServiceCollection services, GroupsOptions? options = null)
    {
        services.AddSingleton(options ?? new GroupsOptions());
        services.AddSingleton<NativePublications>();
        services.AddSingleton<GroupKeys>();
        services.AddSingleton<GroupStore>();
        services.TryAddSingleton<NativeDefinition>(static (_, _) => null);
        services.AddSingleton<ToolStore>();
        services.AddSingleton<ToolDescriptions>();
        return services.AddRestJson(GroupsJson.Default);
    }

    /// <summary>Maps groups, keys and published tools under <c>/api/v1/mcp</c> (A-50 … A-55, C-15).</summary>
    public static IEndpointRouteBuilder MapGroups(this IEndpointRouteBuilder routes)
    {
        GroupEndpoints.Map(routes.MapRest("/mcp/groups", "groups"));
        KeyEndpoints.Map(routes.MapRest("/mcp/groups", "groups"));
        ToolEndpoints.Map(routes.MapRest("/mcp/tools", "tools"));
        return routes;
    }
}
