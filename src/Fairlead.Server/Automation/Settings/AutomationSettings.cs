using System.Text.Json;
using Fairlead.Server.Automation.Agents;

namespace Fairlead.Server.Automation.Settings;

/// <summary>Settings of the automations that operators change while the gateway runs.</summary>
internal sealed record AutomationSettings
{
    private const int LongestTemplate = 4000;

    /// <summary>Whether who registers is greeted (A-30).</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Part of new users that is greeted, in percent, by their ids; raising it takes nobody out (A-81).</summary>
    public int RolloutPercent { get; init; } = 100;

    /// <summary>The welcome where no agent wrote one; <c>{username}</c> is the name (A-22).</summary>
    public string WelcomeTemplate { get; init; } = WelcomeText.Default;

    /// <summary>Whether a personal welcome that came too late follows the default one.</summary>
    public bool WelcomeFollowUp { get; init; } = true;

    /// <summary>Whether consultants are told of new customers.</summary>
    public bool NotifyConsultants { get; init; } = true;

    /// <summary>What consultants are told to expect, in minutes (A-28).</summary>
    public int ResponseMinutes { get; init; } = 5;

    /// <summary>Name of a setting, its kind, and what is wrong with a value.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "registration_automation.enabled",
        "registration_automation.rollout_percent",
        "welcome.template",
        "welcome.follow_up",
        "notices.consultants",
        "notices.response_minutes",
    ];

    /// <summary>What is wrong with a value; null when it can be kept.</summary>
    public static string? Check(string name, JsonElement value) =>
        name switch
        {
            "registration_automation.enabled" or "welcome.follow_up" or "notices.consultants" => value.ValueKind
                is JsonValueKind.True
                    or JsonValueKind.False
                ? null
                : "true or false",
            "registration_automation.rollout_percent" => IsWhole(value, 0, 100) ? null : "a whole number from 0 to 100",
            "notices.response_minutes" => IsWhole(value, 1, 10_080) ? null : "a whole number from 1 to 10080",
            "welcome.template" => value.ValueKind == JsonValueKind.String
            && value.GetString() is { Length: > 0 and <= LongestTemplate }
                ? null
                : $"a text of 1 to {LongestTemplate} characters",
            _ => $"one of {string.Join(", ", Names)}",
        };

    /// <summary>The settings from their JSON values by name; what cannot be read is as if nobody had set it.</summary>
    public static AutomationSettings Of(IReadOnlyDictionary<string, string> stored)
    {
        var settings = new AutomationSettings();
        foreach (var (name, json) in stored)
        {
            var value = JsonElement.Parse(json);
            if (Check(name, value) is not null)
                continue;
            settings = name switch
            {
                "registration_automation.enabled" => settings with { Enabled = value.GetBoolean() },
                "registration_automation.rollout_percent" => settings with { RolloutPercent = value.GetInt32() },
                "welcome.template" => settings with { WelcomeTemplate = value.GetString()! },
                "welcome.follow_up" => settings with { WelcomeFollowUp = value.GetBoolean() },
                "notices.consultants" => settings with { NotifyConsultants = value.GetBoolean() },
                "notices.response_minutes" => settings with { ResponseMinutes = value.GetInt32() },
                _ => settings,
            };
        }
        return settings;
    }

    private static bool IsWhole(JsonElement value, int least, int most) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var n) && n >= least && n <= most;
}
