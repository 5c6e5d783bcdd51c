using Fairlead.Server.Automation.Conversations;
using Fairlead.Server.Automation.Flows;
using Fairlead.Server.Automation.Settings;
using Fairlead.Server.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Automation.Registration;

/// <summary>Writes the welcome, the agent's or the default one, and sends it to the customer .</summary>
internal sealed class WelcomeStep(
    ConversationStore conversations,
    LiveMessages live,
    SettingStore settings,
    TimeProvider time,
    ILogger<WelcomeStep> logger
) : IStep
{
    /// <summary>Where the message's id is kept.</summary>
    public const string Key = "message_id";

    /// <summary>Names the welcome of a run for ever.</summary>
    public static string KeyOf(string runId) => $"{runId}:welcome_sent";

    public async Task<StepOutcome> RunAsync(StepRun run, CancellationToken cancellationToken)
    {
        var conversation = run.Data[ConversationStep.Key];
        var text =
            run.Data.GetValueOrDefault(AgentStep.Text)
            ?? (await settings.ReadAsync(cancellationToken)).WelcomeTemplate.Replace(
                "{username}",
                run.Input["username"],
                StringComparison.Ordinal
            );
        run.Data.TryAdd(Key, NewId.At(time));
        var message = new NewMessage(
            conversation,
            MessageRow.Assistant,
            null,
            "welcome",
            text,
            KeyOf(run.RunId),
            run.Data[Key]
        );
        MessageRow? said = null;
        return StepOutcome.Done with
        {
            Write = async (db, token) => said = await conversations.AddAsync(db, message, token),
            Then = () =>
            {
                if (said is null)
                    return;
                RegistrationLog.Welcomed(logger, said.Id, conversation);
                _ = live.TellAsync(said, [run.Subject]);
            },
        };
    }
}
