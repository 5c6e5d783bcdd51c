using Fairlead.Server.Telemetry.Calls;
using Microsoft.Data.Sqlite;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Telemetry;

public sealed class SqliteCallLogStoreTests : CallLogStoreContract
{
    private readonly string folder = Directory.CreateTempSubdirectory("fairlead-calls-").FullName;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private protected override Task<ICallLogStore> OpenAsync() =>
        Task.FromResult<ICallLogStore>(new SqliteCallLogStore(Path.Combine(folder, "logs")));

    private protected override async Task<IReadOnlyList<string>> IndexesAsync(DateOnly day)
    {
        var file = Path.Combine(folder, "logs", $"calls-{CallLogIds.Text(day)}.db");
        await using var connection = new SqliteConnection($"Data Source={file};Pooling=false");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT name FROM sqlite_master WHERE type = 'index'";
        await using var reader = await command.ExecuteReaderAsync();
        var names = new List<string>();
        while (await reader.ReadAsync())
            names.Add(reader.GetString(0));
        return names;
    }

    [Fact]
    public void Folder_OfTheLog_IsForItsOwnerOnly()
    {
        using var store = new SqliteCallLogStore(Path.Combine(folder, "own"));
        store.Write(CallRows.Rows(1), new DateOnly(2026, 3, 10));
        if (!OperatingSystem.IsWindows())
        {
            const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
            File.GetUnixFileMode(Path.Combine(folder, "own")).ShouldBe(Owner);
        }
    }

    [Fact]
    public void File_LeftWithoutItsTable_IsRepaired()
    {
        var day = new DateOnly(2026, 3, 9);
        Directory.CreateDirectory(Path.Combine(folder, "logs"));
        File.WriteAllBytes(Path.Combine(folder, "logs", "calls-2026-03-09.db"), []);
        File.WriteAllBytes(Path.Combine(folder, "logs", "calls-of-somebody.db"), []);
        using var store = new SqliteCallLogStore(Path.Combine(folder, "logs"));

        store.Close(day);

        store.Days().ShouldBe([day]);
        store.Rows(day).ShouldBe(0);
    }
}
