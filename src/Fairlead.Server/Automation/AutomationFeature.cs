using Fairlead.Server.Automation.Agents;
using Fairlead.Server.Automation.Conversations;
using Fairlead.Server.Automation.Flows;
using Fairlead.Server.Automation.Notices;
using Fairlead.Server.Automation.Registration;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Server.Automation;

/// <summary>
/// The Automation room: durable flows, the first of which greets who registered (A-01…A-11): conversations, agents behind
/// the AI gateway, and what consultants are told.
/// </summary>
internal static class AutomationFeature
{
    /// <summary>Needs Storage, Live, Identity and the data plane; register after them, so that it stops before them.</summary>
    public static IServiceCollection AddAutomation(this IServiceCollection services, AutomationOptions options) =>
        services
            .AddConversations(options.Conversations)
            .AddNotices(options.Notices)
            .AddAgents(options.Agents)
            .AddRegistration()
            .AddFlows(options.Flows);

    /// <summary>Maps the REST endpoints of the room.</summary>
    public static IEndpointRouteBuilder MapAutomation(this IEndpointRouteBuilder routes) =>
        routes.MapConversations().MapNotices().MapFlows().MapRegistration();
}
