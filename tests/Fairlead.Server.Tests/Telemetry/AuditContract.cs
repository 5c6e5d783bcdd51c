using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Secrets;
using Fairlead.Server.Telemetry;
using Fairlead.Server.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Telemetry;

/// <summary>What the audit trail must do on every store.</summary>
public abstract class AuditContract : IAsyncDisposable
{
    private protected TempFolder Folder { get; } = new();

    private protected abstract Task<IStoreEngine> EngineAsync();

    private protected abstract StorageOptions Options { get; }

    [Fact]
    public async Task Records_AreChainedReadBackAndVerified()
    {
        // P-90
        await using IStoreEngine engine = await EngineAsync();
        AuditLog log = Log(engine, "one");
        var at = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        var record = new AuditRecord
        {
            At = at,
            UserId = "u",
            Action = "groups.create",
            Resource = "/x",
            Result = "success",
            IpAddress = "192.0.2.1",
            Details = """{"a":"搜索"}""",
        };
        await log.WriteAsync(record, default);
        await log.WriteAsync(
            record with
            {
                At = at.AddSeconds(1),
                Result = "CONFLICT",
                Details = null,
                IpAddress = null,
            },
            default
        );
        AuditLog other = Log(engine, "two");
        await other.WriteAsync(record with { At = at.AddSeconds(2), Action = "auth.login" }, default);

        (await log.VerifyAsync(default)).ShouldBe(new AuditVerdict(3, null));
        (IReadOnlyList<AuditRow> rows, int total) = await log.ReadAsync(
            new(null, null, null, null, null),
            0,
            2,
            default
        );
        total.ShouldBe(3);
        rows.Select(row => (row.Node, row.Seq)).ShouldBe([("two", 1L), ("one", 2L)]);
        (rows, total) = await log.ReadAsync(new("groups.create", "u", "success", at, at.AddSeconds(1)), 0, 9, default);
        total.ShouldBe(1);
        rows[0].Record.ShouldBe(record);
    }

    [Theory]
    [InlineData("UPDATE audit_log SET result = 'success' WHERE seq = 2", "one: record 2 was altered")]
    [InlineData("UPDATE audit_log SET ip_address = NULL WHERE seq = 2", "one: record 2 was altered")]
    [InlineData("DELETE FROM audit_log WHERE seq = 2", "one: record 2 is missing")]
    [InlineData("DELETE FROM audit_log WHERE seq = 1", "one: record 1 is missing")]
    [InlineData("UPDATE audit_log SET previous = hash WHERE seq = 3", "one: record 3 was altered")]
    [InlineData("DELETE FROM audit_log WHERE seq = 3", "one: record 3 is missing")]
    [InlineData("DELETE FROM audit_log WHERE seq > 0", "one: all records are missing", 3)]
    [InlineData("UPDATE audit_heads SET seq = 2", "one: the ends of the chain were altered")]
    [InlineData("UPDATE audit_heads SET first_seq = 2", "one: the ends of the chain were altered")]
    [InlineData("DELETE FROM audit_heads", "one: the ends of the chain were altered")]
    public async Task Trail_TamperedWith_IsFound(string sql, string problem, int rows = 1)
    {
        await using IStoreEngine engine = await EngineAsync();
        AuditLog log = Log(engine, "one");
        for (int i = 0; i < 3; i++)
            await log.WriteAsync(
                new AuditRecord
                {
                    At = DateTimeOffset.UnixEpoch,
                    UserId = "u",
                    Action = "a",
                    Result = "refused",
                    IpAddress = "",
                },
                default
            );
        (await ExecuteAsync(engine, sql)).ShouldBe(rows);
        (await log.VerifyAsync(default)).Problem.ShouldBe(problem);
        // Further records do not make good what was done.
        await log.WriteAsync(Record("later"), default);
        (await log.VerifyAsync(default)).Problem.ShouldNotBeNull();
    }

    [Fact]
    public async Task Chains_OfBeforeHeadsWereKept_AreAdopted()
    {
        await using IStoreEngine engine = await EngineAsync();
        await Log(engine, "one").WriteAsync(Record("old"), default);
        await ExecuteAsync(engine, "DROP TABLE audit_heads");
        AuditLog log = Log(engine, "one");
        await log.WriteAsync(Record("new"), default);
        (await log.VerifyAsync(default)).ShouldBe(new AuditVerdict(2, null));
        await ExecuteAsync(engine, "DELETE FROM audit_log WHERE seq = 2");
        (await log.VerifyAsync(default)).Problem.ShouldBe("one: record 2 is missing");
    }

    [Fact]
    public async Task Refusals_AreDroppedFromTheirBeginning_AndTheChainStaysWhole()
    {
        await using IStoreEngine engine = await EngineAsync();
        AuditLog log = Log(engine, "one");
        await log.WriteAsync(Record("kept"), default);
        for (int i = 0; i < 5; i++)
            await log.WriteRefusalAsync(Record($"{i}"), default);
        await new AuditStore(engine, Seal, ownsEngine: false).CutAsync("one/refused", 4, default);
        (IReadOnlyList<AuditRow> rows, _) = await log.ReadAsync(new(null, null, null, null, null), 0, 9, default);
        rows.Select(row => (row.Node, row.Seq)).ShouldBe([("one", 1L), ("one/refused", 5L), ("one/refused", 4L)], true);
        await log.WriteRefusalAsync(Record("next"), default);
        (await log.VerifyAsync(default)).ShouldBe(new AuditVerdict(4, null));
        await ExecuteAsync(engine, "DELETE FROM audit_log WHERE node = 'one/refused' AND seq = 4");
        (await log.VerifyAsync(default)).Problem.ShouldBe("one/refused: record 4 is missing");
    }

    [Fact]
    public async Task Writers_OfOneNodeName_LoseNothing()
    {
        await using IStoreEngine engine = await EngineAsync();
        AuditLog one = Log(engine, "same");
        AuditLog two = Log(engine, "same");
        await Task.WhenAll(
            Enumerable
                .Range(0, 20)
                .Select(n =>
                    Task.Run(() =>
                        (n % 2 == 0 ? one : two).WriteAsync(
                            new AuditRecord
                            {
                                At = DateTimeOffset.UnixEpoch,
                                UserId = $"{n}",
                                Action = "a",
                                Result = "success",
                            },
                            default
                        )
                    )
                )
        );
        (await one.VerifyAsync(default)).ShouldBe(new AuditVerdict(20, null));
    }

    public ValueTask DisposeAsync()
    {
        Folder.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    private static AuditRecord Record(string action) =>
        new()
        {
            At = DateTimeOffset.UnixEpoch,
            UserId = "u",
            Action = action,
            Result = "success",
        };

    private static async Task<int> ExecuteAsync(IStoreEngine engine, string sql)
    {
        await using var connection = await engine.OpenAsync(default);
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Literals above.
        command.CommandText = sql;
#pragma warning restore CA2100
        return await command.ExecuteNonQueryAsync();
    }

    private AuditSeal Seal => new(MasterKey.Load(new StorageOptions { DataDirectory = Folder.Path }));

    private AuditLog Log(IStoreEngine engine, string node) =>
        new(
            new AuditStore(engine, Seal, ownsEngine: false),
            Seal,
            Options with
            {
                NodeName = node,
            },
            NullLogger<AuditLog>.Instance
        );
}

public sealed class SqliteAuditTests : AuditContract
{
    private protected override StorageOptions Options => new() { DataDirectory = Folder.Path };

    private protected override Task<IStoreEngine> EngineAsync() =>
        Task.FromResult<IStoreEngine>(new Server.Storage.Sqlite.SqliteEngine(Path.Combine(Folder.Path, "audit.db")));
}

public sealed class PostgresAuditTests(PostgresFixture fixture) : AuditContract
{
    private protected override StorageOptions Options => new() { Provider = StorageProvider.Postgres };

    private protected override async Task<IStoreEngine> EngineAsync() =>
        new Server.Storage.Postgres.PostgresEngine(await (await fixture.ServerAsync()).CreateDatabaseAsync());
}
