using System.Text;

namespace Fairlead.Server.Automation.Agents;

/// <summary>Texts of a welcome: greeting, who speaks, the four offers, an invitation to ask .</summary>
internal static class WelcomeText
{
    /// <summary>The text where no agent wrote one; <c>{username}</c> is the name.</summary>
    public const string Default = """
        Welcome, {username}! I am your AI assistant. I can help you with:
        • a personal plan made for you
        • advice on treatments
        • risks and safety
        • care after a treatment
        What would you like to know?
        """;

    private static readonly string[] English =
    [
        "a personal plan made for you",
        "advice on treatments",
        "risks and safety",
        "care after a treatment",
    ];

    private static readonly string[] Chinese = ["个性化方案设计", "治疗项目咨询", "风险与安全说明", "治疗后护理指导"];

    /// <summary>A welcome of the butler's.</summary>
    /// <param name="name">The customer's name.</param>
    /// <param name="language"><c>zh</c> or <c>en</c>.</param>
    /// <param name="segment">What kind of customer he is.</param>
    /// <param name="recommendations">What would suit him, by the names of projects.</param>
    public static string Personal(string name, string language, string segment, IReadOnlyList<string> recommendations)
    {
        var zh = language == "zh";
        var text = new StringBuilder();
        text.Append(zh ? $"{name}，您好，欢迎您！" : $"Hello {name}, welcome! ");
        if (segment == "new")
            text.Append(zh ? "很高兴认识您。" : "It is good to meet you. ");
        else
            text.Append(zh ? "很高兴再次为您服务。" : "It is good to see you again. ");
        text.Append(zh ? "我是您的专属 AI 助手，可以为您提供：\n" : "I am your AI assistant. I can help you with:\n");
        foreach (var offer in zh ? Chinese : English)
            text.Append("• ").Append(offer).Append('\n');
        if (recommendations.Count > 0)
            text.Append(
                zh ? $"建议您从这里开始：{recommendations[0]}。" : $"A good start for you: {recommendations[0]}. "
            );
        text.Append(zh ? "您想了解什么呢？" : "What would you like to know?");
        return text.ToString();
    }
}
