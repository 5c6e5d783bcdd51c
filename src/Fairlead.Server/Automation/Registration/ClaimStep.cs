using Fairlead.Server.Automation.Conversations;
using Fairlead.Server.Automation.Flows;
using Fairlead.Server.Automation.Notices;
using Fairlead.Server.Identity;

namespace Fairlead.Server.Automation.Registration;

/// <summary>Where nobody has claimed a new customer for long, tells all consultants and the administrators (A-83).</summary>
internal sealed class ClaimStep(ConversationStore conversations, NoticeStore notices, NoticeDelivery delivery) : IStep
{
    public async Task<StepOutcome> RunAsync(StepRun run, CancellationToken cancellationToken)
    {
        if (await conversations.FindAsync(run.Subject, cancellationToken) is not { ConsultantId: null })
            return StepOutcome.Done;
        var notice = new Notice(
            "customer_waiting",
            $"Customer {run.Input["username"]} is still waiting",
            $"Nobody has claimed conversation {run.Subject}.",
            run.Input["user_id"],
            run.Subject,
            "claim_customer",
            $"{run.RunId}:claim_checked"
        );
        return StepOutcome.Done with
        {
            Write = async (db, token) =>
            {
                await notices.AddAsync(db, IdentityFeature.ConsultantRole, notice, token);
                await notices.AddAsync(
                    db,
                    IdentityFeature.AdminRole,
                    notice with
                    {
                        EffectKey = notice.EffectKey + ":admin",
                    },
                    token
                );
            },
            Then = delivery.Wake,
        };
    }
}
