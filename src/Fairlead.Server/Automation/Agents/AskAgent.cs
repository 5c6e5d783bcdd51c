using System.Text.Json;

namespace Fairlead.Server.Automation.Agents;

/// <summary>
/// Asks the agent that a purpose is routed to, within a deadline. Never throws for what an agent does: the answer
/// says what failed.
/// </summary>
internal delegate Task<AgentAnswer> AskAgent(AgentQuestion question, CancellationToken cancellationToken);

/// <param name="Purpose">What it is for: code of a route, such as <c>customer_service</c> or <c>plan_generation</c>.</param>
/// <param name="UserId">Whom it is about; the same user always gets the same version of an agent .</param>
/// <param name="SessionId">The conversation; agents that keep conversations of their own are told which.</param>
/// <param name="Message">What is asked.</param>
/// <param name="History">What was said before, oldest first.</param>
/// <param name="UserProfile">What is known of the user, as JSON; null when nothing is.</param>
/// <param name="Deadline">How long the answer may take, all tries together.</param>
internal sealed record AgentQuestion(
    string Purpose,
    string UserId,
    string SessionId,
    string Message,
    IReadOnlyList<AgentTurn> History,
    JsonElement? UserProfile,
    TimeSpan Deadline
);

/// <param name="Role"><c>user</c> or <c>assistant</c>.</param>
/// <param name="Text">What was said.</param>
internal sealed record AgentTurn(string Role, string Text);

/// <param name="Text">The answer; null when there is none.</param>
/// <param name="Agent">Code of the agent that answered, or was asked last; null where none could be asked.</param>
/// <param name="Version">Its version.</param>
/// <param name="Failure">Why there is no answer; null when there is one.</param>
/// <param name="Late">
/// The answer of an agent that took longer than the deadline but may still come; null where none will.
/// </param>
internal sealed record AgentAnswer(
    string? Text,
    string? Agent,
    string? Version,
    AgentFailure? Failure,
    Task<AgentAnswer>? Late = null
)
{
    /// <summary>Tools it called through our MCP endpoint, in order.</summary>
    public IReadOnlyList<string> Tools { get; init; } = [];

    public bool IsGood => Failure is null;
}

/// <param name="Code">What it was in one word: <c>timeout</c>, <c>unavailable</c>, <c>configuration</c>, <c>refused</c>, <c>no_agent</c>.</param>
/// <param name="Message">For an operator; never a secret.</param>
internal sealed record AgentFailure(string Code, string Message);
