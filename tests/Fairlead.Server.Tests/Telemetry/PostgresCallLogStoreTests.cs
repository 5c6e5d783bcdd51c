using Fairlead.Server.Telemetry.Calls;
using Fairlead.Server.Tests.Storage;
using Npgsql;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Telemetry;

[Trait("Category", "integration")]
public sealed class PostgresCallLogStoreTests(PostgresFixture fixture) : CallLogStoreContract
{
    private string? database;

    private protected override async Task<ICallLogStore> OpenAsync()
    {
        database ??= await (await fixture.ServerAsync()).CreateDatabaseAsync();
        return new PostgresCallLogStore(NpgsqlDataSource.Create(database));
    }

    private protected override async Task<IReadOnlyList<string>> IndexesAsync(DateOnly day)
    {
        await using var source = NpgsqlDataSource.Create(database!);
        await using var command = source.CreateCommand("SELECT indexname FROM pg_indexes WHERE tablename = $1");
        command.Parameters.AddWithValue($"mcp_call_logs_{day:yyyyMMdd}");
        await using var reader = await command.ExecuteReaderAsync();
        var names = new List<string>();
        while (await reader.ReadAsync())
            names.Add(reader.GetString(0));
        return names;
    }

    [Fact]
    public async Task Rows_OfTwoNodesAtOnce_HaveIdsOfTheirOwn()
    {
        var day = new DateOnly(2026, 3, 10);
        using var other = await OpenAsync();
        using var one = await OpenAsync();

        await Task.WhenAll(((ICallLogStore[])[one, other]).Select(s => Task.Run(() => Write(s))));

        one.Rows(day).ShouldBe(1000);
        var rows = await one.ReadAsync(day, new(), 2000, TestContext.Current.CancellationToken);
        rows.Select(e => CallLogIds.Place(e.Id)).ShouldBe(Enumerable.Range(1, 1000).Reverse().Select(i => (long)i));

        void Write(ICallLogStore store)
        {
            for (var i = 0; i < 50; i++)
                store.Write(CallRows.Rows(10), day);
        }
    }

    [Fact]
    public async Task Day_DroppedByAnotherNodeWhileOpen_IsMadeAnewAfterOneFailedCommit()
    {
        var day = new DateOnly(2026, 3, 10);
        using var store = await OpenAsync();
        store.Write(CallRows.Rows(1), day);
        store.Drop(day);

        Should.Throw<InvalidOperationException>(() => store.Write(CallRows.Rows(1), day));
        store.Write(CallRows.Rows(4), day);

        store.Rows(day).ShouldBe(4);
    }
}
