using System.CommandLine;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary><c>fairlead services reviews …</c></summary>
internal static class ReviewsCommands
{
    public static Command Build(GatewayVerbs verbs) =>
        new("reviews", "Definitions of services that wait for a decision: what is new or changed.")
        {
            List(verbs),
            Show(verbs),
            Decide(verbs, "approve", "Approve definitions: they are served, or their service starts, at once."),
            Decide(verbs, "reject", "Reject definitions: they stay out of all lists, also what was approved before."),
        };

    private static Command List(GatewayVerbs verbs)
    {
        var service = ServiceOption("Only of this service");
        var state = new Option<string>("--state")
        {
            Description = "What was decided",
            HelpName = "STATE",
            DefaultValueFactory = static _ => ReviewState.Held,
        };
        state.AcceptOnlyFromAmong(ReviewState.Held, ReviewState.Rejected, ReviewState.Approved, "all");
        var page = new PageOptions();
        return verbs.Verb(
            "list",
            "List definitions by what was decided on them: those that are held, unless told otherwise.",
            [service, state, .. page.All],
            async (session, parsed, cancellationToken) =>
            {
                var reviews = await page.TakeAsync(
                    parsed,
                    session.Client.Reviews.ListAsync(
                        parsed.GetValue(service),
                        parsed.GetRequiredValue(state),
                        cancellationToken
                    ),
                    cancellationToken
                );
                if (session.Output.IsJson)
                    session.Output.Json(reviews, CliJson.Default.IReadOnlyListReviewInfo);
                else
                    session.Output.Table(
                        $"Nothing is {parsed.GetRequiredValue(state)}.",
                        ["ID", "SERVICE", "KIND", "NAME", "STATE", "WHY"],
                        reviews.Select(Row)
                    );
                return ExitCode.Ok;
            }
        );
    }

    private static Command Show(GatewayVerbs verbs)
    {
        var id = new Argument<string>("ID") { Description = "Id of the review" };
        return verbs.Verb(
            "show",
            "Show a definition, and each value in which it differs from what was approved.",
            [id],
            async (session, parsed, cancellationToken) =>
            {
                var review = await session.Client.Reviews.GetAsync(parsed.GetRequiredValue(id), cancellationToken);
                if (session.Output.IsJson)
                    session.Output.Json(review, CliJson.Default.ReviewDetail);
                else
                    Print(session.Output, review);
                return ExitCode.Ok;
            }
        );
    }

    private static Command Decide(GatewayVerbs verbs, string verb, string description)
    {
        var ids = new Argument<string[]>("ID") { Description = "Ids of the reviews", Arity = ArgumentArity.ZeroOrMore };
        var service = ServiceOption("All that are held of this service");
        var command = verbs.Verb(
            verb,
            description,
            [ids, service],
            async (session, parsed, cancellationToken) =>
            {
                IReadOnlyList<string> chosen = parsed.GetValue(service) is { } name
                    ? await session
                        .Client.Reviews.ListAsync(name, ReviewState.Held, cancellationToken)
                        .Select(r => r.Id)
                        .ToListAsync(cancellationToken)
                    : parsed.GetValue(ids) ?? [];
                if (chosen.Count == 0)
                {
                    session.Output.Note("Nothing is held.");
                    return ExitCode.Ok;
                }
                var decided =
                    verb == "approve"
                        ? await session.Client.Reviews.ApproveAsync(chosen, cancellationToken)
                        : await session.Client.Reviews.RejectAsync(chosen, cancellationToken);
                if (session.Output.IsJson)
                    session.Output.Json(decided, CliJson.Default.IReadOnlyListReviewInfo);
                else
                    foreach (var review in decided)
                        session.Output.Line($"{Title(review)} is {review.State}");
                return ExitCode.Ok;
            }
        );
        command.Validators.Add(result =>
        {
            if (result.GetResult(ids) is { Tokens.Count: > 0 } == result.GetResult(service) is { Tokens.Count: > 0 })
                result.AddError("Give ids of reviews, or --service SERVICE.");
        });
        return command;
    }

    private static Option<string?> ServiceOption(string description) =>
        new("--service") { Description = description, HelpName = "SERVICE" };

    private static IReadOnlyList<string> Row(ReviewInfo review) =>
        [review.Id, review.Service, review.Kind, review.Name, review.State, Why(review)];

    private static string Why(ReviewInfo review) =>
        string.Join(
            ", ",
            [
                review.IsChange ? "changed" : "new",
                .. review.LowersCaution ? ["LOWERS CAUTION"] : Array.Empty<string>(),
                .. review.Findings.Select(f => f.Kind).Distinct(),
            ]
        );

    private static string Title(ReviewInfo review) => $"{review.Service}: {review.Kind} {review.Name}".TrimEnd();

    private static void Print(Output output, ReviewDetail review)
    {
        output.Facts([
            ("id", review.Id),
            ("service", review.Service),
            ("kind", review.Kind),
            ("name", review.Name),
            ("state", review.IsCurrent ? review.State : $"{review.State}, and its service has another by now"),
            ("why", Why(review)),
            ("seen", ServiceView.Time(review.SeenAt)),
            ("decided", review.DecidedAt is { } at ? $"{ServiceView.Time(at)} by {review.DecidedBy}" : null),
            ("hash", review.Hash),
            ("before", review.OldHash),
            (
                "findings",
                string.Join('\n', review.Findings.Select(f => $"{f.Kind} ({f.Level}) in {f.Where}: {f.What}"))
            ),
        ]);
        output.Line("");
        if (!review.IsChange)
        {
            output.Line(Seen(review.NewText));
            return;
        }
        foreach (var change in review.Changes)
        {
            output.Line(change.LowersCaution ? $"{Seen(change.Path)}  (lowers caution)" : Seen(change.Path));
            foreach (var line in Lines(change.Old))
                output.Line($"- {line}");
            foreach (var line in Lines(change.New))
                output.Line($"+ {line}");
        }
    }

    private static string[] Lines(string? text) => text is null ? [] : Seen(text).Split('\n');

    // What is to be decided on is seen, wherever it is printed.
    private static string Seen(string text) =>
        string.Concat(
            text.EnumerateRunes()
                .Select(r =>
                    System.Text.Rune.GetUnicodeCategory(r)
                        is System.Globalization.UnicodeCategory.Format
                            or System.Globalization.UnicodeCategory.OtherNotAssigned
                    || (System.Text.Rune.IsControl(r) && r.Value != '\n')
                        ? $"<U+{r.Value:X4}>"
                        : r.ToString()
                )
        );
}
