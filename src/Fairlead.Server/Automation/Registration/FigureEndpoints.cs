using Fairlead.Server.Automation.Agents;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.State;
using Fairlead.Server.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Automation.Registration;

internal sealed record ToolFigures(long TotalCalls, double SuccessRate, double AverageResponseMs);

internal sealed record AgentFigures(string Status, long Asked, long Failed, double SuccessRate);

internal sealed record WelcomeFigures(int Personal, int Default, double AverageResponseMs, double Satisfaction);

/// <summary>A-68.</summary>
internal sealed record MetricsView(
    ToolFigures McpMetrics,
    AgentFigures DifyAgentStatus,
    double AutomationSuccessRate,
    IReadOnlyList<DayView> DailyRegistrations,
    WelcomeFigures WelcomeMessageStats
);

/// <summary>A-65, A-67, A-84 … A-88.</summary>
internal sealed record AutomationFigures(
    int TotalRegistrations,
    int SuccessfulAutomations,
    int FailedAutomations,
    int RunningAutomations,
    int SkippedAutomations,
    int TotalAutomations,
    double SuccessRate,
    int McpCalls,
    int McpCallCount,
    int DifyAgentCalls,
    int DifyCallCount,
    double AverageResponseTime,
    IReadOnlyList<DayView> DailyTrends,
    IReadOnlyList<StepFigure> Steps,
    Kpis Kpis
);

internal sealed record HealthFigures(double McpResponseTime, double DifyResponseTime, string DatabaseStatus);

/// <summary>A-69.</summary>
internal sealed record BoardView(
    AutomationFigures AutomationMetrics,
    ToolFigures McpServerStatus,
    AgentFigures DifyAgentStatus,
    IReadOnlyList<ErrorView> RecentErrors,
    HealthFigures SystemHealth
);

/// <summary>Figures of the registration automation for administrators; times are milliseconds.</summary>
internal static class FigureEndpoints
{
    public static void Map(RouteGroupBuilder routes)
    {
        routes
            .MapGet("/metrics", MetricsAsync)
            .WithName("registration-automation.metrics")
            .WithSummary("How registrations, agents and tools do.");
        routes
            .MapGet("/dashboard", BoardAsync)
            .WithName("registration-automation.dashboard")
            .WithSummary(
                "All figures of the registration automation, its last errors, and the health of what it needs."
            );
    }

    private static async Task<RestResult<MetricsView>> MetricsAsync(
        RegistrationFigures figures,
        AgentGateway agents,
        ApplicationState application,
        PerformanceWindow window,
        CancellationToken cancellationToken
    )
    {
        var all = await figures.ReadAsync(cancellationToken);
        var (personal, sent) = (Count(all, "dify_triggered"), Count(all, "welcome_sent"));
        return RestResult.Ok(
            new MetricsView(
                Tools(application, window),
                Agent(agents),
                all.SuccessRate,
                all.Days,
                new(personal, Math.Max(0, sent - personal), all.AverageResponseMs, all.Kpis.Satisfaction)
            )
        );
    }

    private static async Task<RestResult<BoardView>> BoardAsync(
        RegistrationFigures figures,
        AgentGateway agents,
        ApplicationState application,
        PerformanceWindow window,
        StoreWatcher store,
        CancellationToken cancellationToken
    )
    {
        var all = await figures.ReadAsync(cancellationToken);
        var asked = all.Steps.FirstOrDefault(static s => s.Name == "dify_triggered");
        var (tools, mcp, dify) = (
            Tools(application, window),
            Count(all, "mcp_called"),
            (asked?.Done + asked?.Failed) ?? 0
        );
        return RestResult.Ok(
            new BoardView(
                new(
                    all.Total,
                    all.Successful,
                    all.Failed,
                    all.Running,
                    all.Skipped,
                    all.Total,
                    all.SuccessRate,
                    mcp,
                    mcp,
                    dify,
                    dify,
                    all.AverageResponseMs,
                    all.Days,
                    all.Steps,
                    all.Kpis
                ),
                tools,
                Agent(agents),
                all.RecentErrors,
                new(tools.AverageResponseMs, asked?.AverageMs ?? 0, store.Health.Reachable ? "healthy" : "unreachable")
            )
        );
    }

    private static int Count(Figures all, string step) => all.Steps.FirstOrDefault(s => s.Name == step)?.Done ?? 0;

    private static ToolFigures Tools(ApplicationState application, PerformanceWindow window)
    {
        var calls = application.CallMetrics();
        return new(calls.TotalCalls, calls.SuccessRate, window.View().AverageMs);
    }

    private static AgentFigures Agent(AgentGateway agents)
    {
        var (asked, failed) = agents.Counts;
        var rate = asked == 0 ? 100 : Math.Round(100.0 * (asked - failed) / asked, 2);
        return new(asked > 0 && failed == asked ? "unavailable" : "available", asked, failed, rate);
    }
}
