using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Identity;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Server.Automation.Conversations;

/// <summary>Conversations with customers and what is said in them .</summary>
internal static class ConversationsFeature
{
    public static IServiceCollection AddConversations(this IServiceCollection services, ConversationOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton<LiveMessages>();
        services.AddSingleton<ConversationStore>();
        return services.AddRestJson(ConversationJson.Default);
    }

    public static IEndpointRouteBuilder MapConversations(this IEndpointRouteBuilder routes)
    {
        ConversationEndpoints.Map(routes.MapRest("/chat/conversations", "chat", Policies.User));
        return routes;
    }
}
