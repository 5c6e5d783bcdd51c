using System.Collections.Concurrent;
using System.Collections.Frozen;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Fairlead.Server.Tools.Executions;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Tools.Recovery;

/// <summary>
/// Decides what becomes of a failed execution: notes it, finds its class, tries that class's strategies in order
/// and puts it before a person when none helps.
/// </summary>
internal sealed partial class ToolRecovery(
    IEnumerable<IRecoveryStrategy> strategies,
    IEnumerable<SelfHeal> healers,
    ManualStrategy manual,
    Failures failures,
    ToolRecoveryOptions options,
    TimeProvider time,
    ILogger<ToolRecovery> logger
)
{
    /// <summary>The class of what is critical, whatever it is about.</summary>
    public const string Critical = "Critical";
    private const int MaxText = 1_024;

    /// <summary>What is done where nothing else was said; <c>Unknown</c> is the default handler.</summary>
    public static readonly FrozenDictionary<string, IReadOnlyList<string>> DefaultChains = new Dictionary<
        string,
        IReadOnlyList<string>
    >
    {
        [Critical] = ["abort"],
        [nameof(FailureClass.Database)] = ["retry"],
        [nameof(FailureClass.Network)] = ["retry"],
        [nameof(FailureClass.Validation)] = ["skip"],
        [nameof(FailureClass.Permission)] = ["fallback"],
        [nameof(FailureClass.Unknown)] = ["retry"],
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private readonly ConcurrentDictionary<string, IRecoveryStrategy> byName = new(
        strategies.Append(manual).Select(s => KeyValuePair.Create(s.Name, s)),
        StringComparer.OrdinalIgnoreCase
    );
    private readonly ConcurrentDictionary<string, IReadOnlyList<string>> chains = new(
        DefaultChains.Select(c => KeyValuePair.Create(c.Key, options.Chains.GetValueOrDefault(c.Key, c.Value))),
        StringComparer.OrdinalIgnoreCase
    );

    /// <summary>Adds a strategy, or replaces the one of its name; in force at once .</summary>
    public void Register(IRecoveryStrategy strategy) => byName[strategy.Name] = strategy;

    /// <summary>Replaces a class's chain; in force at once.</summary>
    public void SetChain(string failureClass, params IReadOnlyList<string> names) => chains[failureClass] = names;

    /// <summary>Notes a failure.</summary>
    public FailureRecord Note(string taskId, string tool, ToolOutcome outcome, int retryCount)
    {
        var record = new FailureRecord
        {
            ExceptionId = NewId.At(time),
            TaskId = taskId,
            ToolName = tool,
            ExceptionType = outcome.Type,
            // Texts of tools may hold anything: they are kept as the call log keeps them.
            Message = Masked(outcome.Error),
            Stack = outcome.Stack,
            Severity = SeverityTable.Of(outcome.Type),
            Class = FailureClasses.Of(outcome.Type, outcome.Error),
            Timestamp = time.GetUtcNow(),
            RetryCount = retryCount,
        };
        failures.Add(record);
        return record;
    }

    /// <summary>What becomes of it.</summary>
    public async Task<RecoveryVerdict> DecideAsync(RecoveryCase failed, CancellationToken cancellationToken)
    {
        var failure = failed.Failure;
        var chain = chains[failure.Severity == Severity.Critical ? Critical : failure.Class.ToString()];
        foreach (var name in chain)
        {
            failure.RecoveryAttempts++;
            if (!byName.TryGetValue(name, out var strategy))
            {
                NoStrategy(logger, name, failure.Class);
                continue;
            }
            if (await TryAsync(strategy, failed, cancellationToken) is not { } verdict)
                continue;
            failure.RecoveredBy = strategy.Name;
            if (verdict.RetryAfter is not null)
                await HealAsync(failure.Class, cancellationToken);
            return verdict;
        }
        failure.RecoveredBy = "escalated";
        return await TryAsync(manual, failed, cancellationToken) ?? new RecoveryVerdict();
    }

    private async ValueTask<RecoveryVerdict?> TryAsync(
        IRecoveryStrategy strategy,
        RecoveryCase failed,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await strategy.TryAsync(failed, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            StrategyFailed(logger, e, strategy.Name, failed.TaskId);
            return null;
        }
    }

    /// <summary>Mends what it can before another try (I-22).</summary>
    public async ValueTask HealAsync(FailureClass failure, CancellationToken cancellationToken)
    {
        if (!failure.IsRecoverable())
            return;
        foreach (var heal in healers)
        {
            try
            {
                await heal(failure, cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                HealFailed(logger, e);
            }
        }
    }

    private static string Masked(string text) => Telemetry.Redact.TextMask.Apply(ShortText.Cut(text, MaxText))!;

    [LoggerMessage(Level = LogLevel.Error, Message = "There is no recovery strategy {Name}, named for {Class}")]
    private static partial void NoStrategy(ILogger logger, string name, FailureClass @class);

    [LoggerMessage(Level = LogLevel.Error, Message = "Recovery strategy {Name} failed on execution {Id}")]
    private static partial void StrategyFailed(ILogger logger, Exception exception, string name, string id);

    [LoggerMessage(Level = LogLevel.Error, Message = "Healing before a retry failed")]
    private static partial void HealFailed(ILogger logger, Exception exception);
}
