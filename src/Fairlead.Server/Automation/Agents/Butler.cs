using System.Text.Json;

namespace Fairlead.Server.Automation.Agents;

/// <summary>
/// The built-in agent, which needs no model: it asks our own tools who the customer is and writes a personal welcome, in
/// Chinese or English, from that.
/// </summary>
internal sealed class Butler(OwnEndpoint endpoint, AgentOptions options)
{
    public const string Code = "butler";
    public const string Version = "1";

    public async Task<AgentAnswer> AskAsync(AgentQuestion question, CancellationToken cancellationToken)
    {
        var arguments = JsonSerializer.Serialize(
            new Dictionary<string, string> { ["user_id"] = question.UserId },
            AgentJson.Default.DictionaryStringString
        );
        List<string> called = [];
        var profile = await CallAsync("get_user_profile");
        var analysis = await CallAsync("analyze_customer");
        var preferences = await CallAsync("get_customer_preferences");
        var name = profile.GetProperty("username").GetString()!;
        var text = WelcomeText.Personal(
            name,
            Language(name, preferences),
            analysis.GetProperty("segment").GetString()!,
            [.. analysis.GetProperty("recommendations").EnumerateArray().Select(static r => r.GetString()!)]
        );
        return new(text, Code, Version, null) { Tools = called };

        async Task<JsonElement> CallAsync(string tool)
        {
            var result = await endpoint.CallAsync(tool, arguments, cancellationToken);
            called.Add(tool);
            return result;
        }
    }

    // What the customer said, else what his name is written in, else what the operator said.
    private string Language(string name, JsonElement preferences) =>
        preferences.GetProperty("preferences").TryGetProperty("language", out var said)
            ? said.GetString() is "zh"
                ? "zh"
                : "en"
            : name.Any(static c => c is >= '\u4e00' and <= '\u9fff')
                ? "zh"
                : options.Language;
}
