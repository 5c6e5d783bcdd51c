using Fairlead.Server.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Telemetry;

public sealed class AuditApiTests
{
    [Fact]
    public async Task Changes_OfAnAdministrator_AreEachOneRow()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        await host.PostAsync("/api/v1/mcp/groups", """{"name":"one"}""");
        await host.PostAsync("/api/v1/mcp/groups", """{"name":"one"}""");
        Answer page = await host.GetAsync("/api/v1/audit?action=groups.create");
        page.Data.EnumerateArray()
            .Select(row => row.GetProperty("result").GetString())
            .ShouldBe(["success", "GROUP_ALREADY_EXISTS"], ignoreOrder: true);
        Answer done = await host.GetAsync("/api/v1/audit?action=groups.create&result=success");
        done.Data[0].GetProperty("resource").GetString()!.ShouldBe($"/api/v1/mcp/groups/{host.Now.Groups[0].Id}");
        done.Data[0].GetProperty("details").GetString()!.ShouldContain("\"name\":\"one\"");
        done.Data[0]
            .GetProperty("user_id")
            .GetString()
            .ShouldBe((await host.GetAsync("/api/v1/auth/me")).Data.GetProperty("user_id").GetString());
        done.Text.ShouldNotContain("mcp_key_");
        // Reads leave no row.
        (await host.GetAsync("/api/v1/audit?action=audit.list"))
            .Data.GetArrayLength()
            .ShouldBe(0);
    }

    [Fact]
    public async Task Trail_ThatCannotBeWritten_FailsTheChangesAnswer()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        string file = Path.Combine(host.Folder.Path, "audit.db");
        await using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={file}"))
        {
            await connection.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = "ALTER TABLE audit_log RENAME TO away";
            await command.ExecuteNonQueryAsync();
        }
        Answer answer = await host.PostAsync("/api/v1/mcp/groups", """{"name":"one"}""");
        (answer.Status, answer.Code).ShouldBe((503, "SERVICE_UNAVAILABLE"));
    }
}
