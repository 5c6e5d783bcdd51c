using System.Text.Json;
using Fairlead.Server.Automation.Agents;
using Fairlead.Server.Automation.Conversations;
using Fairlead.Server.Automation.Flows;
using Fairlead.Server.Automation.Settings;
using Fairlead.Server.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Automation.Registration;

/// <summary>
/// Asks the agent for a welcome (A-21), for as long as the default one can wait (A-04). One that is only late follows as a
/// message of its own kind. Asking twice after a crash does no harm: what is written is written once.
/// </summary>
internal sealed class AgentStep(
    AskAgent ask,
    ConversationStore conversations,
    SettingStore settings,
    FlowOptions options,
    TimeProvider time,
    ILogger<AgentStep> logger
) : IStep
{
    /// <summary>Where the agent's text is kept.</summary>
    public const string Text = "welcome";

    /// <summary>Where the names of the tools it called are kept.</summary>
    public const string Tools = "tools";

    /// <summary>Where it is kept why there is no text.</summary>
    public const string Problem = "agent_problem";

    private const int Looks = 20;

    public async Task<StepOutcome> RunAsync(StepRun run, CancellationToken cancellationToken)
    {
        var conversation = run.Data[ConversationStep.Key];
        var answer = await ask(
            new AgentQuestion(
                "customer_service",
                run.Subject,
                conversation,
                $"A new customer named {run.Input["username"]} has just registered. Welcome him personally.",
                [],
                Profile(run),
                options.AgentDeadline
            ),
            cancellationToken
        );
        run.Data[Tools] = string.Join(',', answer.Tools);
        if (answer.Late is { } late && (await settings.ReadAsync(cancellationToken)).WelcomeFollowUp)
            _ = FollowAsync(late, conversation, run.RunId);
        if (answer.IsGood && !string.IsNullOrWhiteSpace(answer.Text))
        {
            run.Data[Text] = answer.Text;
            return StepOutcome.Done with { IsRepeatable = true };
        }
        var problem = answer.Failure?.Message ?? "The agent had nothing to say.";
        run.Data[Problem] = problem;
        RegistrationLog.AgentUnavailable(logger, run.Subject, problem);
        return StepOutcome.Failed(problem) with { IsRepeatable = true };
    }

    private static JsonElement Profile(StepRun run)
    {
        var json = new Utf8Text();
        using (var writer = new Utf8JsonWriter(json.Buffer))
        {
            writer.WriteStartObject();
            writer.WriteBoolean("is_new_user"u8, true);
            writer.WriteString("source"u8, "registration_automation"u8);
            writer.WriteStartObject("analysis"u8);
            foreach (var (name, value) in run.Input.Where(static i => i.Value.Length > 0))
                writer.WriteString(name, value);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        return json.Parse();
    }

    private async Task FollowAsync(Task<AgentAnswer> late, string conversation, string runId)
    {
        try
        {
            var answer = await late;
            if (!answer.IsGood || string.IsNullOrWhiteSpace(answer.Text))
                return;
            // After the welcome it follows, never before.
            for (
                var look = 0;
                look < Looks && !await conversations.IsSaidAsync(WelcomeStep.KeyOf(runId), default);
                look++
            )
                await Task.Delay(TimeSpan.FromMilliseconds(250), time);
            await conversations.SayAsync(
                new NewMessage(
                    conversation,
                    MessageRow.Assistant,
                    null,
                    "welcome_follow_up",
                    answer.Text,
                    $"{runId}:welcome_follow_up"
                ),
                default
            );
        }
        catch (Exception failure)
        {
            RegistrationLog.FollowUpLost(logger, failure, conversation);
        }
    }

    private sealed class Utf8Text
    {
        public System.Buffers.ArrayBufferWriter<byte> Buffer { get; } = new();

        public JsonElement Parse() => JsonElement.Parse(Buffer.WrittenSpan);
    }
}
