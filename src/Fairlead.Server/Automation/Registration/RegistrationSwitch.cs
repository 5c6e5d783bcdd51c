using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Fairlead.Server.Automation.Settings;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Tools.Samples;

namespace Fairlead.Server.Automation.Registration;

/// <summary>
/// Whether a new user is greeted: the automation is on, agents have the tool that tells them who he is, and he is
/// within the part of the users it is rolled out to.
/// </summary>
internal sealed class RegistrationSwitch(Routes routes)
{
    private const string Tool = "get_user_profile";

    /// <summary>Why he is not; null when he is.</summary>
    public string? WhyNot(AutomationSettings settings, string userId) =>
        !settings.Enabled ? "registration_automation.enabled is false"
        : !HasTool() ? $"the group {SamplesFeature.Assistant} is not there, disabled, or has no tool {Tool}"
        : Share(userId) >= settings.RolloutPercent
            ? $"it is rolled out to {settings.RolloutPercent} % of the users, and this one is not among them"
        : null;

    /// <summary>A user's place from 0 to 99: the same for ever, so a larger percentage takes nobody out.</summary>
    internal static int Share(string userId) =>
        (int)(BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(userId))) % 100);

    private bool HasTool() =>
        routes.Table.ByCode.TryGetValue(SamplesFeature.Assistant, out var group)
        && group.Config.Enabled
        && group.Tools.ContainsKey(Tool);
}
