using Fairlead.Server.Storage;

namespace Fairlead.Server.Automation.Flows;

/// <summary>
/// An automation in one of its versions: a run ends on the version it began with, new ones begin with the newest. Register
/// it with <see cref="FlowsFeature.AddFlow"/>; steps are made anew for each use, in a scope of their own.
/// </summary>
/// <param name="Name">Its name for ever.</param>
/// <param name="Version">From 1.</param>
/// <param name="Steps">In order.</param>
internal sealed record AutomationDefinition(string Name, int Version, IReadOnlyList<StepDefinition> Steps);

/// <param name="Name">Its name for ever, as it is in the records .</param>
/// <param name="Handler">A type that is an <see cref="IStep"/>.</param>
/// <param name="GoesOn">Whether the steps after it run though it failed for good .</param>
internal sealed record StepDefinition(string Name, Type Handler, bool GoesOn);

/// <summary>One step of an automation.</summary>
internal interface IStep
{
    /// <summary>Does its work, or says what is to be written with it. What it throws is a failure that is tried again.</summary>
    Task<StepOutcome> RunAsync(StepRun run, CancellationToken cancellationToken);
}

/// <summary>A run as a step sees it.</summary>
/// <param name="RunId">The run; with the step's name it names an effect.</param>
/// <param name="Subject">Whom or what it is about.</param>
/// <param name="Input">What it was started with.</param>
/// <param name="Data">What steps before found out; what is put here is there for those after.</param>
/// <param name="Attempt">From 1.</param>
internal sealed record StepRun(
    string RunId,
    string Subject,
    IReadOnlyDictionary<string, string> Input,
    Dictionary<string, string> Data,
    int Attempt
);

/// <summary>How a step came out, and what is written in one transaction with that.</summary>
internal sealed record StepOutcome
{
    /// <summary>One of the states of <see cref="StepRow"/>.</summary>
    public required string State { get; init; }

    /// <summary>Why it failed or was skipped.</summary>
    public string? Error { get; init; }

    /// <summary>Whether the rest of the run is skipped, too.</summary>
    public bool EndsRun { get; init; }

    /// <summary>Whether it need not be kept by itself: repeated after a crash it does no harm.</summary>
    public bool IsRepeatable { get; init; }

    /// <summary>Its effect; in the transaction that notes the step.</summary>
    public Func<FairleadDb, CancellationToken, Task>? Write { get; init; }

    /// <summary>What can be told once that is committed; must not wait.</summary>
    public Action? Then { get; init; }

    public static StepOutcome Done { get; } = new() { State = StepRow.Done };

    /// <summary>Failed, and trying again would not help; the run goes on.</summary>
    public static StepOutcome Failed(string error) => new() { State = StepRow.Failed, Error = error };

    public static StepOutcome Skipped(string reason) => new() { State = StepRow.Skipped, Error = reason };
}
