using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Server.Automation.Agents;

/// <summary>The AI gateway: who answers for a purpose, and how long that may take.</summary>
internal static class AgentsFeature
{
    public static IServiceCollection AddAgents(this IServiceCollection services, AgentOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton<OwnEndpoint>();
        services.AddSingleton<Butler>();
        services.AddSingleton<AgentGateway>();
        return services.AddSingleton<AskAgent>(static p => p.GetRequiredService<AgentGateway>().AskAsync);
    }
}

[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class AgentJson : JsonSerializerContext;
