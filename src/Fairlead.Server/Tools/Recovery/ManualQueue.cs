using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Secrets;
using Fairlead.Server.Telemetry;
using Fairlead.Server.Telemetry.Redact;
using Fairlead.Server.Tools.Executions;
using Microsoft.EntityFrameworkCore;

namespace Fairlead.Server.Tools.Recovery;

/// <summary>What became of an execution that waits for a person.</summary>
internal static class ManualState
{
    public const string Open = "open";
    public const string Replayed = "replayed";
    public const string Dismissed = "dismissed";
    public static readonly IReadOnlyList<string> All = [Open, Replayed, Dismissed];
}

/// <summary>
/// Failed executions that wait for a person, in the store: they outlive the process, each is run again at most
/// once. Inputs are sealed.
/// </summary>
internal sealed class ManualQueue(StoreWriter writer, Sealer sealer, ToolRecoveryOptions options, TimeProvider time)
{
    private const string Table = "mcp_manual_queue";
    private const string Column = "input";
    private const int MaxError = 1_024;

    /// <summary>Keeps a failed execution; its id, or null when the queue is full.</summary>
    public async Task<string?> AddAsync(RecoveryCase failed, CancellationToken cancellationToken)
    {
        var request = failed.Request;
        var id = NewId.At(time);
        var now = time.GetUtcNow();
        var input = request.Input.IsEmpty ? "{}"u8.ToArray() : request.Input.ToArray();
        var row = new ManualRow
        {
            Id = id,
            ExecutionId = failed.TaskId,
            GroupId = request.Group.Value,
            ToolName = request.ToolName,
            Input = sealer.Seal(Table, Column, id, input),
            Priority = request.Priority,
            TimeoutMs = (long)request.Timeout.TotalMilliseconds,
            MaxRetries = request.MaxRetries,
            CorrelationId = request.CorrelationId,
            SubmittedBy = request.SubmittedBy?.Value,
            FailureClass = failed.Failure.Class.ToString(),
            Severity = failed.Failure.Severity.ToString(),
            ExceptionType = ShortText.Cut(failed.Failure.ExceptionType, 200)!,
            Error = TextMask.Apply(ShortText.Cut(failed.Outcome.Error, MaxError)) ?? "",
            MayHaveRun = failed.Outcome.IsOpen,
            State = ManualState.Open,
            CreatedAt = now,
            UpdatedAt = now,
        };
        return await Retrying.RunAsync(
            RetryPolicies.Exception,
            token =>
                writer.RecordAsync<string?>(
                    async db =>
                    {
                        if (await db.Manual.CountAsync(r => r.State == ManualState.Open, token) >= options.ManualQueue)
                            return null;
                        db.Manual.Add(row);
                        await db.SaveChangesAsync(token);
                        return id;
                    },
                    token
                ),
            static (_, _) => ValueTask.CompletedTask,
            time,
            cancellationToken
        );
    }

    /// <summary>A page, newest first, and how many there are.</summary>
    /// <param name="state">One of <see cref="ManualState"/>; null for all.</param>
    /// <param name="skip">Rows before the page.</param>
    /// <param name="take">Rows of the page.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<(IReadOnlyList<ManualRow> Rows, int Total)> ListAsync(
        string? state,
        int skip,
        int take,
        CancellationToken cancellationToken
    ) =>
        writer.ReadAsync<(IReadOnlyList<ManualRow>, int)>(
            async db =>
            {
                var rows = db.Manual.AsNoTracking().Where(r => state == null || r.State == state);
                var page = await rows.OrderByDescending(r => r.Id).Skip(skip).Take(take).ToListAsync(cancellationToken);
                return (page, await rows.CountAsync(cancellationToken));
            },
            cancellationToken
        );

    /// <summary>
    /// Takes one out to run it again; null when it is not there or was decided on before. Who gets it must run it.
    /// </summary>
    public Task<ExecutionRequest?> TakeAsync(string id, UserId? by, CancellationToken cancellationToken) =>
        writer.RecordAsync<ExecutionRequest?>(
            async db =>
            {
                var row = await db.Manual.AsNoTracking().SingleOrDefaultAsync(r => r.Id == id, cancellationToken);
                if (row is null || !await MoveAsync(db, id, ManualState.Replayed, by, cancellationToken))
                    return null;
                return new ExecutionRequest
                {
                    Group = new GroupId(row.GroupId),
                    ToolName = row.ToolName,
                    Input = sealer.Open(Table, Column, id, row.Input),
                    Priority = row.Priority,
                    Timeout = TimeSpan.FromMilliseconds(row.TimeoutMs),
                    MaxRetries = row.MaxRetries,
                    CorrelationId = row.CorrelationId,
                    SubmittedBy = by,
                };
            },
            cancellationToken
        );

    /// <summary>Notes as which execution it runs again.</summary>
    public Task NoteReplayAsync(string id, string executionId, CancellationToken cancellationToken) =>
        writer.RecordAsync(
            db =>
                db.Manual.Where(r => r.Id == id)
                    .ExecuteUpdateAsync(set => set.SetProperty(r => r.ReplayedAs, executionId), cancellationToken),
            cancellationToken
        );

    /// <summary>Puts one back that could not be run again after all.</summary>
    public Task PutBackAsync(string id, CancellationToken cancellationToken) =>
        writer.RecordAsync(
            db =>
                db.Manual.Where(r => r.Id == id && r.ReplayedAs == null)
                    .ExecuteUpdateAsync(set => set.SetProperty(r => r.State, ManualState.Open), cancellationToken),
            cancellationToken
        );

    /// <summary>Takes one out for good; false when it is not there or was decided on before.</summary>
    public Task<bool> DismissAsync(string id, UserId? by, CancellationToken cancellationToken) =>
        writer.RecordAsync(db => MoveAsync(db, id, ManualState.Dismissed, by, cancellationToken), cancellationToken);

    // One statement: of two who decide at the same time one finds it taken.
    private async Task<bool> MoveAsync(
        FairleadDb db,
        string id,
        string state,
        UserId? by,
        CancellationToken cancellationToken
    )
    {
        var now = time.GetUtcNow();
        var who = by?.Value;
        return await db
                .Manual.Where(r => r.Id == id && r.State == ManualState.Open)
                .ExecuteUpdateAsync(
                    set =>
                        set.SetProperty(r => r.State, state)
                            .SetProperty(r => r.UpdatedAt, now)
                            .SetProperty(r => r.DecidedBy, who),
                    cancellationToken
                ) == 1;
    }
}
