using Fairlead.Server.Automation.Conversations;
using Fairlead.Server.Automation.Flows;
using Fairlead.Server.Automation.Settings;
using Fairlead.Server.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Automation.Registration;

/// <summary>The default conversation; without it there is nothing to write a welcome in .</summary>
internal sealed class ConversationStep(
    ConversationStore conversations,
    SettingStore settings,
    RegistrationSwitch on,
    ILogger<ConversationStep> logger
) : IStep
{
    /// <summary>Where the conversation's id is kept.</summary>
    public const string Key = "conversation_id";

    public async Task<StepOutcome> RunAsync(StepRun run, CancellationToken cancellationToken)
    {
        var user = run.Subject;
        if (run.Attempt == 1)
            RegistrationLog.Began(logger, user);
        if (on.WhyNot(await settings.ReadAsync(cancellationToken), user) is { } reason)
        {
            RegistrationLog.Skipped(logger, user, reason);
            return StepOutcome.Skipped(reason) with { EndsRun = true };
        }
        try
        {
            var (row, isNew) = await conversations.DefaultAsync(user, cancellationToken);
            run.Data[Key] = row.Id;
            return StepOutcome.Done with
            {
                Write = isNew ? (db, token) => ConversationStore.AddOnceAsync(db, row, token) : null,
                Then = () => RegistrationLog.ConversationCreated(logger, row.Id, user),
            };
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            RegistrationLog.ConversationFailed(logger, failure, user);
            throw;
        }
    }
}
