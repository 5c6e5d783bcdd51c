using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Identity;
using Fairlead.Server.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Automation.Settings;

internal sealed record SettingsView(
    [property: JsonPropertyName("registration_automation.enabled")] bool Enabled,
    [property: JsonPropertyName("registration_automation.rollout_percent")] int RolloutPercent,
    [property: JsonPropertyName("welcome.template")] string WelcomeTemplate,
    [property: JsonPropertyName("welcome.follow_up")] bool WelcomeFollowUp,
    [property: JsonPropertyName("notices.consultants")] bool NotifyConsultants,
    [property: JsonPropertyName("notices.response_minutes")] int ResponseMinutes
)
{
    public static SettingsView Of(AutomationSettings s) =>
        new(s.Enabled, s.RolloutPercent, s.WelcomeTemplate, s.WelcomeFollowUp, s.NotifyConsultants, s.ResponseMinutes);
}

internal sealed record SetSetting
{
    [Description("Its new value.")]
    public JsonElement? Value { get; init; }
}

/// <summary>Settings of the automations for administrators; a change holds for what begins after it (A-79, A-80).</summary>
internal static class SettingEndpoints
{
    public static void Map(RouteGroupBuilder routes)
    {
        routes.MapGet("", ReadAsync).WithName("settings.get").WithSummary("All settings of the automations.");
        routes.MapPut("/{name}", SetAsync).WithName("settings.set").WithSummary("Changes one; it holds at once.");
    }

    private static async Task<RestResult<SettingsView>> ReadAsync(
        SettingStore store,
        CancellationToken cancellationToken
    ) => RestResult.Ok(SettingsView.Of(await store.ReadAsync(cancellationToken)));

    private static async Task<RestResult<SettingsView>> SetAsync(
        string name,
        SetSetting request,
        HttpContext http,
        SettingStore store
    )
    {
        if (!AutomationSettings.Names.Contains(name))
            return RestResult.Fail(
                "NOT_FOUND",
                $"There is no setting {name}; there are: {string.Join(", ", AutomationSettings.Names)}."
            );
        if (request.Value is not { } value)
            return RestResult.Fail("MISSING_PARAMETER", "value is missing.", "value");
        if (AutomationSettings.Check(name, value) is { } must)
            return RestResult.Fail("INVALID_PARAMETER", $"{name} is {must}.", "value");
        AuditNote.Of(http).Resource = $"setting {name}";
        await store.SetAsync(
            name,
            value,
            http.Features.GetRequiredFeature<UserIdentity>().Id.Value,
            http.RequestAborted
        );
        return RestResult.Ok(SettingsView.Of(await store.ReadAsync(http.RequestAborted)), "Changed.");
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SetSetting))]
[JsonSerializable(typeof(Envelope<SettingsView>))]
internal sealed partial class SettingJson : JsonSerializerContext;
