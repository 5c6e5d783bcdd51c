using Fairlead.Server.Automation.Flows;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Automation.Registration;

/// <summary>Notes which of our tools the agent called for the welcome .</summary>
internal sealed class ToolsStep(ILogger<ToolsStep> logger) : IStep
{
    public Task<StepOutcome> RunAsync(StepRun run, CancellationToken cancellationToken)
    {
        var tools = run.Data.GetValueOrDefault(AgentStep.Tools, "").Split(',', StringSplitOptions.RemoveEmptyEntries);
        if (tools.Length > 0)
        {
            RegistrationLog.ToolsCalled(logger, tools.Length, run.Subject);
            return Task.FromResult(StepOutcome.Done with { IsRepeatable = true });
        }
        var problem = run.Data.GetValueOrDefault(AgentStep.Problem);
        RegistrationLog.ToolsFailed(logger, run.Subject, problem ?? "it wrote without");
        var outcome = problem is null ? StepOutcome.Skipped("The agent called none.") : StepOutcome.Failed(problem);
        return Task.FromResult(outcome with { IsRepeatable = true });
    }
}
