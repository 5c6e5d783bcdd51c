using Fairlead.Server.Automation.Flows;
using Fairlead.Server.Automation.Notices;
using Fairlead.Server.Automation.Settings;
using Fairlead.Server.Identity;
using Fairlead.Toolkit.Protection;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Automation.Registration;

/// <summary>Tells the consultants of the new customer, and has it looked at later whether one came (A-03, A-28, A-83).</summary>
internal sealed class NoticeStep(
    NoticeStore notices,
    NoticeDelivery delivery,
    RunStore runs,
    SettingStore settings,
    FlowOptions options,
    ILogger<NoticeStep> logger
) : IStep
{
    public async Task<StepOutcome> RunAsync(StepRun run, CancellationToken cancellationToken)
    {
        var now = await settings.ReadAsync(cancellationToken);
        if (!now.NotifyConsultants)
            return StepOutcome.Skipped("notices.consultants is false");
        var conversation = run.Data[ConversationStep.Key];
        var notice = new Notice(
            "new_customer",
            $"New customer: {run.Input["username"]}",
            $"{Basics(run)} Conversation {conversation}. Please answer within {now.ResponseMinutes} minutes.",
            run.Subject,
            conversation,
            "claim_customer",
            $"{run.RunId}:consultants_notified"
        );
        var told = 0;
        return StepOutcome.Done with
        {
            Write = async (db, token) =>
            {
                var (online, offline) = await notices.AddAsync(db, IdentityFeature.ConsultantRole, notice, token);
                told = online + offline;
                await runs.StartOnceAsync(
                    db,
                    new RunRequest(
                        RegistrationFeature.Unclaimed,
                        conversation,
                        new Dictionary<string, string>
                        {
                            ["username"] = run.Input["username"],
                            ["user_id"] = run.Subject,
                        },
                        options.ClaimPatience
                    ),
                    token
                );
            },
            Then = () =>
            {
                RegistrationLog.ConsultantsTold(logger, told, run.Subject);
                delivery.Wake();
            },
        };
    }

    // As much as it takes to know him; what identifies him is masked (A-38).
    private static string Basics(StepRun run)
    {
        var mail = PersonalData.Email(run.Input["email"]);
        var phone = run.Input["phone"] is { Length: > 0 } given ? $", {PersonalData.Phone(given)}" : "";
        return $"{run.Input["username"]} ({mail}{phone}) has just registered.";
    }
}
