using System.CommandLine;
using System.Globalization;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary><c>fairlead logs …</c>: the call log as it grows.</summary>
internal static class LogsCommands
{
    private const int UsualLines = 10;
    private const int MostLines = 500;

    public static Command Build(Terminal terminal) =>
        new("logs", "The call log: every call of every group.") { Tail(new GatewayVerbs(terminal)) };

    /// <summary><c>-n</c> of all commands that show the end of something.</summary>
    public static Option<int?> LinesOption(int usual) =>
        NumberOption.Create(
            "--lines",
            $"How many of the last come first, 0 to {MostLines} [{usual}]",
            "N",
            0,
            MostLines,
            "-n"
        );

    private static Command Tail(GatewayVerbs verbs)
    {
        var lines = LinesOption(UsualLines);
        var noFollow = new Option<bool>("--no-follow") { Description = "End with the last call there is" };
        var since = new Option<DateTimeOffset?>("--since")
        {
            Description = "Only calls begun since: 90s, 15m, 2h, 1d, or a time like 2026-01-31T12:00Z",
            HelpName = "TIME",
            CustomParser = result =>
            {
                var text = result.Tokens[^1].Value;
                if (Since(text, verbs.Now) is { } time)
                    return time;
                result.AddError($"--since: '{text}' is neither like 15m nor a time like 2026-01-31T12:00Z.");
                return null;
            },
        };
        var filter = new CallFilterOptions();
        return verbs.Verb(
            "tail",
            "Follow the call log until Ctrl-C; with --json one JSON object a line.",
            [.. filter.All, since, lines, noFollow],
            async (session, parsed, cancellationToken) =>
            {
                var names = await CallNames.ReadAsync(session, cancellationToken);
                var wanted = filter.Read(parsed, names) with { From = parsed.GetValue(since) };
                // Since a time means all since then.
                var last = parsed.GetValue(lines) ?? (wanted.From is null ? UsualLines : MostLines);
                if (parsed.GetValue(noFollow))
                {
                    var calls = await session
                        .Client.Calls.ListAsync(wanted, cancellationToken)
                        .Take(last)
                        .Reverse()
                        .ToListAsync(cancellationToken);
                    foreach (var call in calls)
                        await PrintAsync(call);
                    if (calls.Count == 0)
                        session.Output.Note("No such calls yet.");
                    return ExitCode.Ok;
                }
                await foreach (
                    var call in session.Client.Calls.FollowAsync(
                        wanted,
                        last,
                        new Interruptions(session),
                        cancellationToken
                    )
                )
                    await PrintAsync(call);
                return ExitCode.Ok;

                async Task PrintAsync(CallRecord call)
                {
                    if (session.Output.IsJson)
                        session.Output.JsonLine(call, CliJson.Default.CallRecord);
                    else
                        session.Output.Line(await names.SentenceAsync(call, cancellationToken));
                }
            }
        );
    }

    /// <summary>A length of time before now, or a time; null for neither.</summary>
    public static DateTimeOffset? Since(string text, DateTimeOffset now)
    {
        if (
            text.Length > 1
            && int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && (
                text[^1] switch
                {
                    's' => TimeSpan.FromSeconds(1),
                    'm' => TimeSpan.FromMinutes(1),
                    'h' => TimeSpan.FromHours(1),
                    'd' => TimeSpan.FromDays(1),
                    _ => (TimeSpan?)null,
                }
            )
                is { } unit
            && number <= TimeSpan.FromDays(3650) / unit
        )
            return now - unit * number;
        return DateTimeOffset.TryParse(
            text,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeLocal | DateTimeStyles.AdjustToUniversal,
            out var time
        )
            ? time
            : null;
    }

    /// <summary>Says that the connection is lost, and that it is back.</summary>
    internal sealed class Interruptions(Session session) : IProgress<Exception?>
    {
        public void Report(Exception? value) =>
            session.Output.Note(
                value is null
                    ? $"Connected to {CliFailure.Show(session.Server)} again."
                    : $"The connection to {CliFailure.Show(session.Server)} is lost; trying again until it is back."
            );
    }
}
