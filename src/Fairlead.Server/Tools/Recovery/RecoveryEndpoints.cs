using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Storage;
using Fairlead.Server.Tools.Executions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Tools.Recovery;

/// <summary>Breakers and failures of tools over REST (R-34, R-42).</summary>
internal static class RecoveryEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var breakers = routes.MapRest("/breakers", "executions");
        breakers
            .MapGet("", ListBreakers)
            .WithName("breakers.list")
            .WithSummary("Tools whose breaker is open, and tools that failed lately.");
        breakers
            .MapPost("/{id}/reset", ResetBreaker)
            .WithName("breakers.reset")
            .WithSummary("Closes a tool's breaker at once and forgets its failures.");
        routes
            .MapRest("/failures", "executions")
            .MapGet("", ListFailures)
            .WithName("failures.list")
            .WithSummary("Failures of executions, newest first; texts are masked and cut.");
    }

    /// <summary>A name of an enumeration as the API writes it.</summary>
    public static string Wire(string name) => JsonNamingPolicy.SnakeCaseLower.ConvertName(name);

    private static RestResult<IReadOnlyList<BreakerView>> ListBreakers(
        [AsParameters] PageQuery page,
        Breakers breakers,
        StoreWatcher store
    )
    {
        if (page.Check() is { } wrong)
            return wrong;
        var all = breakers
            .All.OrderByDescending(b => b.State != BreakerState.Closed)
            .ThenByDescending(b => b.FailureCount)
            .ThenBy(b => b.Key.Service, StringComparer.Ordinal)
            .ThenBy(b => b.Key.Tool, StringComparer.Ordinal)
            .ToList();
        return RestResult.Page<BreakerView>(
            [.. all.Skip(page.Skip).Take(page.Size).Select(b => View(b, store.Current))],
            page,
            all.Count
        );
    }

    private static RestResult<BreakerView> ResetBreaker(string id, Breakers breakers, StoreWatcher store)
    {
        if (breakers.All.FirstOrDefault(b => IdOf(b.Key) == id) is not { } known)
            return RestResult.Fail("NOT_FOUND", $"There is no breaker {id}: a tool that does not fail has none.");
        breakers.Reset(known.Key);
        return RestResult.Ok(
            View(
                known with
                {
                    State = BreakerState.Closed,
                    OpenedAt = null,
                    FailureCount = 0,
                    Left = TimeSpan.Zero,
                    Probes = 0,
                    ProbesGood = 0,
                },
                store.Current
            ),
            "Closed."
        );
    }

    private static RestResult<IReadOnlyList<FailureView>> ListFailures(
        [FromQuery(Name = "tool_name")] string? toolName,
        [FromQuery] string? severity,
        [AsParameters] PageQuery page,
        Failures failures
    )
    {
        if (page.Check() is { } wrong)
            return wrong;
        if (severity is not null && !Severities.Contains(severity))
            return RestResult.Fail(
                "INVALID_PARAMETER",
                $"severity is one of {string.Join(", ", Severities)}.",
                "severity"
            );
        var all = failures
            .All.Where(f => toolName is null || f.ToolName == toolName)
            .Where(f => severity is null || Wire(f.Severity.ToString()) == severity)
            .ToList();
        return RestResult.Page<FailureView>([.. all.Skip(page.Skip).Take(page.Size).Select(View)], page, all.Count);
    }

    private static IReadOnlyList<string> Severities => [.. Enum.GetNames<Severity>().Select(Wire)];

    // Names of tools may hold anything, also what no address can.
    private static string IdOf(ToolKey key) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{key.Service}\n{key.Tool}")), 0, 8);

    private static BreakerView View(BreakerFacts facts, StoreSnapshot snapshot) =>
        new()
        {
            Id = IdOf(facts.Key),
            ServiceId = facts.Key.Service,
            Service = snapshot.Services.FirstOrDefault(s => s.Id.Value == facts.Key.Service)?.Name ?? facts.Key.Service,
            ToolName = facts.Key.Tool,
            State = Wire(facts.State.ToString()),
            OpenedAt = facts.OpenedAt?.UtcDateTime,
            FailureCount = facts.FailureCount,
            Pause = facts.Pause.TotalSeconds,
            SecondsLeft = Math.Round(facts.Left.TotalSeconds, 3),
            Probes = facts.Probes,
            ProbesGood = facts.ProbesGood,
        };

    private static FailureView View(FailureRecord f) =>
        new(
            f.ExceptionId,
            f.TaskId,
            f.ToolName,
            f.ExceptionType,
            f.Message,
            f.Stack,
            Wire(f.Severity.ToString()),
            Wire(f.Class.ToString()),
            f.Timestamp.UtcDateTime,
            f.RetryCount,
            f.RecoveryAttempts,
            f.RecoveredBy
        );
}
