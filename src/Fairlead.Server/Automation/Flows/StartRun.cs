using Fairlead.Server.Storage;

namespace Fairlead.Server.Automation.Flows;

/// <summary>
/// Starts an automation as a part of the caller's transaction (the outbox): nothing runs unless it commits. Call
/// <see cref="WakeRuns"/> after the commit. The same automation and subject start once.
/// </summary>
internal delegate void StartRun(FairleadDb db, RunRequest request);

/// <summary>Lets the dispatchers of all nodes look at once.</summary>
internal delegate void WakeRuns();

/// <param name="Automation">Its name, such as <c>registration</c>.</param>
/// <param name="Subject">Whom or what it is about, such as a user's id; at most 100 characters.</param>
/// <param name="Input">What its steps need to know: texts by name.</param>
/// <param name="Delay">How long it waits before its first step.</param>
internal sealed record RunRequest(
    string Automation,
    string Subject,
    IReadOnlyDictionary<string, string> Input,
    TimeSpan Delay = default
);
