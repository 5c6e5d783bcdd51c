using Fairlead.Server.Automation.Agents;
using Fairlead.Server.Automation.Conversations;
using Fairlead.Server.Automation.Flows;
using Fairlead.Server.Automation.Notices;

namespace Fairlead.Server.Automation;

/// <summary>Settings of the automations, a section for each part.</summary>
internal sealed record AutomationOptions
{
    public ConversationOptions Conversations { get; init; } = new();
    public NoticeOptions Notices { get; init; } = new();
    public AgentOptions Agents { get; init; } = new();
    public FlowOptions Flows { get; init; } = new();

    /// <summary>All things wrong with these options; empty when usable.</summary>
    public IReadOnlyList<string> Validate() =>
        [.. Conversations.Validate(), .. Notices.Validate(), .. Agents.Validate(), .. Flows.Validate()];
}
