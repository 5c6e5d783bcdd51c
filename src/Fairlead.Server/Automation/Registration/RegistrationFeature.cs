using Fairlead.Server.Automation.Flows;
using Fairlead.Server.Automation.Settings;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Identity;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Server.Automation.Registration;

/// <summary>
/// Who registers is greeted: a conversation, a personal welcome by an agent or the default one, consultants are told (A-01…
/// ); if none of them comes, all are told once more.
/// </summary>
internal static class RegistrationFeature
{
    /// <summary>Name of the automation.</summary>
    public const string Automation = "registration";

    /// <summary>Name of the automation that looks whether a consultant came.</summary>
    public const string Unclaimed = "unclaimed_customer";

    public static IServiceCollection AddRegistration(this IServiceCollection services)
    {
        services.AddSingleton<SettingStore>();
        services.AddSingleton<Registrar>();
        services.AddSingleton<RegistrationSwitch>();
        services.AddSingleton<RegistrationFigures>();
        services.AddFlow(
            new AutomationDefinition(
                Automation,
                1,
                [
                    new("conversation_created", typeof(ConversationStep), GoesOn: false),
                    new("dify_triggered", typeof(AgentStep), GoesOn: true),
                    new("mcp_called", typeof(ToolsStep), GoesOn: true),
                    new("welcome_sent", typeof(WelcomeStep), GoesOn: true),
                    new("consultants_notified", typeof(NoticeStep), GoesOn: true),
                ]
            )
        );
        services.AddFlow(
            new AutomationDefinition(Unclaimed, 1, [new("claim_checked", typeof(ClaimStep), GoesOn: true)])
        );
        return services.AddRestJson(RegistrationJson.Default).AddRestJson(SettingJson.Default);
    }

    public static IEndpointRouteBuilder MapRegistration(this IEndpointRouteBuilder routes)
    {
        RegisterEndpoint.Map(routes.MapRest("/auth", "auth", Policies.Anyone));
        SettingEndpoints.Map(routes.MapRest("/settings", "settings"));
        FigureEndpoints.Map(routes.MapRest("/admin/registration-automation", "automations"));
        return routes;
    }
}
