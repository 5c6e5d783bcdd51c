using System.Diagnostics;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Microsoft.EntityFrameworkCore;

namespace Fairlead.Server.Automation.Flows;

/// <summary>How a run goes on.</summary>
/// <param name="State">One of the states of <see cref="RunRow"/>.</param>
/// <param name="Step">Place of the next step.</param>
/// <param name="Attempts">How often that was tried.</param>
/// <param name="DueIn">When it is tried next; null keeps the lease: the one who has it goes on at once.</param>
/// <param name="Error">What went wrong last.</param>
internal sealed record RunProgress(string State, int Step, int Attempts, TimeSpan? DueIn, string? Error);

/// <summary>
/// Runs of automations in the store. Every write of one names the fence of its lease: who lost it writes nothing. Where one
/// process has the store alone, its writers take turns here instead of waiting for the file.
/// </summary>
internal sealed class RunStore(
    StoreWriter writer,
    IStoreEngine engine,
    Flows flows,
    FlowOptions options,
    StorageOptions storage,
    TimeProvider time
) : IDisposable
{
    private const int LongestError = 1000;

    // A clock that was put back must not leave runs behind in its future.
    private const long Slack = 60_000;

    private const string ClaimSql = """
        UPDATE automation_runs SET lease_owner = {0}, lease_until = {1}, fence = fence + 1 WHERE id IN (
          SELECT id FROM automation_runs
          WHERE state = 'running' AND (due_at <= {2} OR created_at > {3}) AND (lease_until <= {2} OR lease_until > {4})
          ORDER BY due_at, id LIMIT {5}
        """;

    private const string ClaimAlone = ClaimSql + ") RETURNING *";
    private const string ClaimShared = ClaimSql + " FOR UPDATE SKIP LOCKED) RETURNING *";

    private readonly SemaphoreSlim turn = new(1, 1);

    /// <summary>Who this process is to the others.</summary>
    public string Owner { get; } = $"{ShortText.Cut(storage.NodeName, 50)}/{Guid.CreateVersion7(time.GetUtcNow()):N}";

    private bool IsShared => engine.NotifySql.Length > 0;

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <inheritdoc cref="StartRun"/>
    public void Start(FairleadDb db, RunRequest request) =>
        db.Runs.Add(
            new RunRow
            {
                Id = NewId.At(time),
                Automation = request.Automation,
                Version = flows.Newest(request.Automation).Version,
                Subject = request.Subject,
                Input = StoreJson.Write(new Dictionary<string, string>(request.Input)),
                DueAt = Now + (long)request.Delay.TotalMilliseconds,
                TraceParent = Activity.Current is { IdFormat: ActivityIdFormat.W3C } trace ? trace.Id : null,
                CreatedAt = Now,
            }
        );

    /// <summary>The same unless it was started before.</summary>
    public async Task StartOnceAsync(FairleadDb db, RunRequest request, CancellationToken cancellationToken)
    {
        if (
            !await db.Runs.AnyAsync(
                r => r.Automation == request.Automation && r.Subject == request.Subject,
                cancellationToken
            )
        )
            Start(db, request);
    }

    /// <summary>The runs that are due and nobody's, now this process's for the time of a lease.</summary>
    public Task<List<RunRow>> ClaimAsync(int most, CancellationToken cancellationToken)
    {
        var now = Now;
        var lease = (long)options.Lease.TotalMilliseconds;
        return InTurnAsync(
            db =>
                db.Runs.FromSqlRaw(
                        IsShared ? ClaimShared : ClaimAlone,
                        Owner,
                        now + lease,
                        now,
                        now + Slack,
                        now + (2 * lease),
                        most
                    )
                    .AsNoTracking()
                    .ToListAsync(cancellationToken),
            cancellationToken
        );
    }

    /// <summary>Keeps a lease; false when it is somebody else's by now.</summary>
    public Task<bool> KeepAsync(RunRow run, CancellationToken cancellationToken)
    {
        var until = Now + (long)options.Lease.TotalMilliseconds;
        return InTurnAsync(
            async db =>
                await Held(db, run).ExecuteUpdateAsync(s => s.SetProperty(r => r.LeaseUntil, until), cancellationToken)
                == 1,
            cancellationToken
        );
    }

    /// <summary>
    /// Notes in one transaction how far a run is, how its steps ended, and what they did; false, with nothing written, where
    /// the lease was lost.
    /// </summary>
    public Task<bool> SaveAsync(
        RunRow run,
        RunProgress progress,
        Dictionary<string, string> data,
        IReadOnlyList<StepRow> steps,
        Func<FairleadDb, CancellationToken, Task>? write,
        CancellationToken cancellationToken
    ) =>
        InTurnAsync(
            async db =>
            {
                await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
                var now = Now;
                var text = StoreJson.Write(data);
                var error = ShortText.Cut(progress.Error, LongestError);
                var due = now + (long)(progress.DueIn ?? TimeSpan.Zero).TotalMilliseconds;
                var until = progress.DueIn is null ? now + (long)options.Lease.TotalMilliseconds : 0;
                var end = progress.State == RunRow.Running ? (long?)null : now;
                var held = await Held(db, run)
                    .ExecuteUpdateAsync(
                        s =>
                            s.SetProperty(r => r.State, progress.State)
                                .SetProperty(r => r.Step, progress.Step)
                                .SetProperty(r => r.Attempts, progress.Attempts)
                                .SetProperty(r => r.DueAt, due)
                                .SetProperty(r => r.LeaseUntil, until)
                                .SetProperty(r => r.Error, error)
                                .SetProperty(r => r.Data, text)
                                .SetProperty(r => r.FinishedAt, end),
                        cancellationToken
                    );
                if (held == 0)
                    return false;
                foreach (var step in steps)
                {
                    await db
                        .Steps.Where(s => s.RunId == step.RunId && s.Position == step.Position)
                        .ExecuteDeleteAsync(cancellationToken);
                    step.Error = ShortText.Cut(step.Error, LongestError);
                    db.Steps.Add(step);
                }
                if (write is not null)
                    await write(db, cancellationToken);
                await db.SaveChangesAsync(cancellationToken);
                // From here it stands.
                await transaction.CommitAsync(CancellationToken.None);
                return true;
            },
            cancellationToken
        );

    /// <summary>Gives runs back that this process did not come to an end with; they are due at once.</summary>
    public Task ReleaseAsync(RunRow run, CancellationToken cancellationToken) =>
        InTurnAsync(
            db => Held(db, run).ExecuteUpdateAsync(s => s.SetProperty(r => r.LeaseUntil, 0L), cancellationToken),
            cancellationToken
        );

    /// <summary>Where this process has the store alone, nobody works on what a crash left leased.</summary>
    public async Task ReleaseLeftAsync(CancellationToken cancellationToken)
    {
        if (IsShared)
            return;
        await InTurnAsync(
            db =>
                db.Runs.Where(r => r.State == RunRow.Running && r.LeaseUntil > 0)
                    .ExecuteUpdateAsync(s => s.SetProperty(r => r.LeaseUntil, 0L), cancellationToken),
            cancellationToken
        );
    }

    /// <summary>Lets a dead run go on where it failed; false when it is not there or not dead.</summary>
    public Task<bool> ReplayAsync(string id, CancellationToken cancellationToken)
    {
        var now = Now;
        return InTurnAsync(
            async db =>
                await db
                    .Runs.Where(r => r.Id == id && r.State == RunRow.Dead)
                    .ExecuteUpdateAsync(
                        s =>
                            s.SetProperty(r => r.State, RunRow.Running)
                                .SetProperty(r => r.Attempts, 0)
                                .SetProperty(r => r.DueAt, now)
                                .SetProperty(r => r.LeaseUntil, 0L)
                                .SetProperty(r => r.FinishedAt, (long?)null),
                        cancellationToken
                    ) == 1,
            cancellationToken
        );
    }

    /// <summary>A run and how its steps ended; null where there is none.</summary>
    public Task<(RunRow Run, List<StepRow> Steps)?> FindAsync(string id, CancellationToken cancellationToken) =>
        writer.ReadAsync<(RunRow, List<StepRow>)?>(
            async db =>
                await db.Runs.AsNoTracking().SingleOrDefaultAsync(r => r.Id == id, cancellationToken) is { } run
                    ? (
                        run,
                        await db
                            .Steps.AsNoTracking()
                            .Where(s => s.RunId == id)
                            .OrderBy(s => s.Position)
                            .ToListAsync(cancellationToken)
                    )
                    : null,
            cancellationToken
        );

    /// <summary>A page, newest first, and how many there are; null is any.</summary>
    public Task<(List<RunRow> Rows, int Total)> ListAsync(
        string? automation,
        string? state,
        int skip,
        int take,
        CancellationToken cancellationToken
    ) =>
        writer.ReadAsync(
            async db =>
            {
                var rows = db
                    .Runs.AsNoTracking()
                    .Where(r =>
                        (automation == null || r.Automation == automation) && (state == null || r.State == state)
                    );
                var page = await rows.OrderByDescending(r => r.Id).Skip(skip).Take(take).ToListAsync(cancellationToken);
                return (page, await rows.CountAsync(cancellationToken));
            },
            cancellationToken
        );

    public void Dispose() => turn.Dispose();

    /// <summary>A write that takes its turn among those of this process where only one can write anyway.</summary>
    public async Task<T> InTurnAsync<T>(Func<FairleadDb, Task<T>> write, CancellationToken cancellationToken)
    {
        if (IsShared)
            return await writer.RecordAsync(write, cancellationToken);
        await turn.WaitAsync(cancellationToken);
        try
        {
            return await writer.RecordAsync(write, cancellationToken);
        }
        finally
        {
            turn.Release();
        }
    }

    private static IQueryable<RunRow> Held(FairleadDb db, RunRow run) =>
        db.Runs.Where(r => r.Id == run.Id && r.Fence == run.Fence && r.State == RunRow.Running);
}
