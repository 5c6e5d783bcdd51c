using System.CommandLine;
using System.Globalization;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary><c>fairlead breakers …</c>: tools that fail too often .</summary>
internal static class BreakersCommands
{
    public static Command Build(Terminal terminal)
    {
        var verbs = new GatewayVerbs(terminal);
        return new Command("breakers", "Breakers of tools that fail too often.") { List(verbs), Reset(verbs) };
    }

    private static Command List(GatewayVerbs verbs) =>
        verbs.Verb(
            "list",
            "List open breakers, then tools that failed lately.",
            [],
            async (session, _, cancellationToken) =>
            {
                var found = await session.Client.Breakers.ListAsync(cancellationToken).ToListAsync(cancellationToken);
                if (session.Output.IsJson)
                    session.Output.Json(found, CliJson.Default.IReadOnlyListBreakerInfo);
                else
                    session.Output.Table(
                        "No tool failed lately.",
                        ["ID", "SERVICE", "TOOL", "STATE", "FAILURES", "OPENED", "TRIED IN"],
                        found.Select(Row)
                    );
                return ExitCode.Ok;
            }
        );

    private static Command Reset(GatewayVerbs verbs)
    {
        var id = new Argument<string>("ID") { Description = "Id of the breaker" };
        return verbs.Verb(
            "reset",
            "Close a breaker at once and forget the tool's failures.",
            [id],
            async (session, parsed, cancellationToken) =>
            {
                var closed = await session.Client.Breakers.ResetAsync(parsed.GetRequiredValue(id), cancellationToken);
                if (session.Output.IsJson)
                    session.Output.Json(closed, CliJson.Default.BreakerInfo);
                else
                    session.Output.Line($"{closed.ToolName} of {closed.Service} is {closed.State}");
                return ExitCode.Ok;
            }
        );
    }

    private static string[] Row(BreakerInfo breaker) =>
        [
            breaker.Id,
            breaker.Service,
            breaker.ToolName,
            breaker.State,
            breaker.FailureCount.ToString(CultureInfo.InvariantCulture),
            breaker.OpenedAt is { } at ? ServiceView.Time(at) : "",
            breaker.SecondsLeft > 0 ? string.Create(CultureInfo.InvariantCulture, $"{breaker.SecondsLeft:0} s") : "",
        ];
}
