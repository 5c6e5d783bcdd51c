using System.Data.Common;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Postgres;
using Fairlead.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Storage;

public sealed class PostgresStoreTests(PostgresFixture fixture) : StoreContract, IDisposable
{
    private readonly TempFolder folder = new();

    private protected override async Task<StorageOptions> NewStoreAsync()
    {
        string keys = Path.Combine(folder.Path, "master");
        await File.WriteAllTextAsync(keys, Convert.ToBase64String(new byte[32]));
        return new StorageOptions
        {
            Provider = StorageProvider.Postgres,
            ConnectionString = await (await fixture.ServerAsync()).CreateDatabaseAsync(),
            DataDirectory = folder.Path,
            MasterKeyFile = keys,
        };
    }

    [Fact]
    public async Task Notice_OfAnotherNode_ArrivesWithoutThePoll()
    {
        StorageOptions options = await NewStoreAsync() with { PollInterval = TimeSpan.FromMinutes(4) };
        await using TestStore one = await TestStore.OpenAsync(options);
        await using TestStore two = await TestStore.OpenAsync(options);
        // Until the listener listens, a first change may pass it by; it looks once when it begins.
        ServiceId id = await one.AddServiceAsync("files");
        await Eventually.UntilAsync(() => two.Now.Services.Any(service => service.Id == id));
        ServiceId second = await one.AddServiceAsync("more");
        await Eventually.UntilAsync(() => two.Now.Services.Any(service => service.Id == second));
    }

    [Fact]
    public async Task Watcher_AfterTheDatabaseWasAway_CatchesUp()
    {
        PostgresServer server = await fixture.ServerAsync();
        StorageOptions options = await NewStoreAsync();
        await using TestStore one = await TestStore.OpenAsync(options);
        await using TestStore two = await TestStore.OpenAsync(options);
        await server.SetReachableAsync(options.ConnectionString!, false);
        await Eventually.UntilAsync(() => !two.Watcher.Health.Reachable);
        two.Now.Epoch.ShouldBe(one.Now.Epoch);
        await server.SetReachableAsync(options.ConnectionString!, true);
        await Eventually.UntilAsync(() => one.Watcher.Health.Reachable);
        ServiceId id = await one.AddServiceAsync("files");
        await Eventually.UntilAsync(() => two.Now.Services.Any(service => service.Id == id));
    }

    // P-06, P-08: however many want it at once, 20 sessions are the most. P-116: each wave gives all of them back, the failed ones too.
    [Fact]
    public async Task Pool_InWaves_HasTwentySessionsAndGivesThemBack()
    {
        StorageOptions options = await NewStoreAsync();
        // The tests' own databases have smaller pools.
        options = options with
        {
            ConnectionString = options.ConnectionString!.Replace("Maximum Pool Size=10", "", StringComparison.Ordinal),
        };
        await using TestStore store = await TestStore.OpenAsync(options);
        await using var looking = new NpgsqlConnection(
            options.ConnectionString + ";Pooling=false;Application Name=look"
        );
        await looking.OpenAsync(TestContext.Current.CancellationToken);
        for (var wave = 0; wave < 3; wave++)
        {
            var all = Enumerable
                .Range(0, 40)
                .Select(i =>
                    Task.Run(() =>
                        store.Services.AddAsync(new ServiceDraft($"w{wave}-{i / 2}", TestStore.Definition()), default)
                    )
                )
                .ToArray();
            var done = Task.WhenAll(all);
            while (!done.IsCompleted)
                (await CountAsync()).All.ShouldBeLessThanOrEqualTo(20);
            (await done).Count(r => r.Ok).ShouldBe(20);
            // The listener for notices keeps one of its own, idle.
            await Eventually.UntilAsync(async () => (await CountAsync()).Busy == 0);
        }

        async Task<(long All, long Busy)> CountAsync()
        {
            await using NpgsqlCommand command = looking.CreateCommand();
            command.CommandText = """
                SELECT count(*), count(*) FILTER (WHERE state <> 'idle') FROM pg_stat_activity
                WHERE datname = current_database() AND application_name = 'fairlead'
                """;
            await using NpgsqlDataReader row = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
            await row.ReadAsync(TestContext.Current.CancellationToken);
            return (row.GetInt64(0), row.GetInt64(1));
        }
    }

    // I-19: the pool is as large as the load needs, between its least and its most.
    [Fact]
    public async Task Pool_OfSessions_FollowsTheLoad()
    {
        var time = new FakeTimeProvider();
        var token = TestContext.Current.CancellationToken;
        var given =
            (await (await fixture.ServerAsync()).CreateDatabaseAsync()) + ";Minimum Pool Size=5;Maximum Pool Size=18";
        await using var engine = new PostgresEngine(given, time);
        engine.Sessions.Size.ShouldBe(5);
        List<DbConnection> open = [];
        List<int> sizes = [];
        for (var i = 1; i <= 12; i++)
        {
            open.Add(await engine.OpenAsync(token));
            if (sizes.LastOrDefault() != engine.Sessions.Size)
                sizes.Add(engine.Sessions.Size);
        }
        sizes.ShouldBe([5, 7, 10, 15]);
        engine.Sessions.Used.ShouldBe(12);
        foreach (var session in open)
            await session.DisposeAsync();
        engine.Sessions.Used.ShouldBe(0);
        engine.Sessions.Size.ShouldBe(15);
        sizes.Clear();
        for (var i = 0; i < 6; i++)
        {
            time.Advance(TimeSpan.FromSeconds(5));
            await (await engine.OpenAsync(token)).DisposeAsync();
            sizes.Add(engine.Sessions.Size);
        }
        sizes.ShouldBe([10, 7, 5, 5, 5, 5]);
        // Those not needed any more are closed.
        await using var look = await engine.OpenAsync(token);
        await using var count = look.CreateCommand();
        count.CommandText = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()";
        await Eventually.UntilAsync(async () => (long)(await count.ExecuteScalarAsync(token))! <= 6);
    }

    [Fact]
    public async Task Session_ThatCannotBeOpened_IsNotCounted()
    {
        await using var engine = new PostgresEngine("Host=127.0.0.1;Port=9;Username=u;Timeout=5");
        await Should.ThrowAsync<NpgsqlException>(async () =>
            await engine.OpenAsync(TestContext.Current.CancellationToken)
        );
        engine.Sessions.Used.ShouldBe(0);
    }

    [Fact]
    public void Options_WithoutAMasterKey_AreRefused() =>
        new StorageOptions { Provider = StorageProvider.Postgres, ConnectionString = "Host=x" }
            .Validate()
            .ShouldHaveSingleItem()
            .ShouldContain("FAIRLEAD_MASTER_KEY_FILE");

    // P-15
    [Theory]
    [InlineData(null, "localhost", 5432, "postgres", null, "mcp_db")]
    [InlineData("Host=db;Password=p", "db", 5432, "postgres", "p", "mcp_db")]
    [InlineData("Port=6000;Username=u;Database=d", "localhost", 6000, "u", null, "d")]
    public async Task Place_ThatNobodyNames_IsTheDefault(
        string? given,
        string host,
        int port,
        string user,
        string? password,
        string database
    )
    {
        new StorageOptions
        {
            Provider = StorageProvider.Postgres,
            MasterKeyFile = "k",
            ConnectionString = given,
        }
            .Validate()
            .ShouldBeEmpty();
        await using var engine = new PostgresEngine(given);
        engine.Location.ShouldBe($"PostgreSQL {host}:{port}/{database}");
        var place = new NpgsqlConnectionStringBuilder(PostgresEngine.WithPlace(given));
        (place.Host, place.Port, place.Username, place.Password, place.Database).ShouldBe(
            (host, port, user, password, database)
        );
    }

    // P-08: what takes longer than the command timeout is ended, in the database too.
    [Fact]
    public async Task Query_ThatTakesTooLong_IsCancelled()
    {
        var token = TestContext.Current.CancellationToken;
        var given = (await (await fixture.ServerAsync()).CreateDatabaseAsync()) + ";Command Timeout=1";
        await using var engine = new PostgresEngine(given);
        await using (var connection = await engine.OpenAsync(token))
        {
            await using var slow = connection.CreateCommand();
            slow.CommandText = "SELECT pg_sleep(61)";
            var failure = await Should.ThrowAsync<NpgsqlException>(() => slow.ExecuteNonQueryAsync(token));
            failure.InnerException.ShouldBeOfType<TimeoutException>();
        }
        await using var next = await engine.OpenAsync(token);
        await using var look = next.CreateCommand();
        look.CommandText =
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(61)'";
        await Eventually.UntilAsync(async () => (long)(await look.ExecuteScalarAsync(token))! == 0);
    }

    [Theory]
    [InlineData("Host=db;Username=u;Password=canary", 5, 20, 60)] // P-08
    [InlineData("Host=db;Username=u;Password=canary;Maximum Pool Size=50;Command Timeout=7", 5, 50, 7)]
    public async Task Pool_HasOurDefaultsUnlessTold(string given, int min, int max, int timeout)
    {
        await using var engine = new PostgresEngine(given);
        var settings = new NpgsqlConnectionStringBuilder(engine.Settings);
        (settings.MinPoolSize, settings.MaxPoolSize, settings.CommandTimeout).ShouldBe((min, max, timeout));
        engine.Settings.ShouldNotContain("canary");
        engine.Location.ShouldBe("PostgreSQL db:5432/mcp_db");
    }

    public void Dispose() => folder.Dispose();
}
