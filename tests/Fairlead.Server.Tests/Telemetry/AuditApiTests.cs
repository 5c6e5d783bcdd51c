using Fairlead.Server.Telemetry;
using Fairlead.Server.Tests.Hosting;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Telemetry;

public sealed class AuditApiTests
{
    [Fact] // P-90: exactly one row per outcome, for success and failure
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

    [Fact]
    public async Task Verify_ThatARecordWasCutFromTheEnd_IsSeen()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        await host.PostAsync("/api/v1/mcp/groups", """{"name":"one"}""");
        Answer sound = await host.GetAsync("/api/v1/audit/verify");
        sound.Data.GetProperty("problem").ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null);
        sound.Data.GetProperty("sound").GetInt64().ShouldBeGreaterThanOrEqualTo(2);
        string file = Path.Combine(host.Folder.Path, "audit.db");
        await using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={file}"))
        {
            await connection.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = "DELETE FROM audit_log WHERE seq = (SELECT max(seq) FROM audit_log)";
            (await command.ExecuteNonQueryAsync()).ShouldBe(1);
        }
        (await host.GetAsync("/api/v1/audit/verify"))
            .Data.GetProperty("problem")
            .GetString()!
            .ShouldContain("is missing");
    }

    // A stranger decides neither how many rows there are nor that there are none (security.md 0.9).
    [Fact]
    public async Task Refusals_OfBothFaces_AreCountedNotListed()
    {
        await using AdminHost host = await AdminHost.StartWholeAsync();
        string admin = host.Token!;
        host.Token = null;
        await RefusedAsync();
        // The first of each is written at once; only what comes after it is counted.
        await Eventually.UntilAsync(async () => await RowsAsync() == 2);
        for (int i = 0; i < 29; i++)
            await RefusedAsync();
        host.Token = admin;
        (await RowsAsync()).ShouldBe(2);
        host.Time.Advance(TimeSpan.FromSeconds(61));
        await Eventually.UntilAsync(async () =>
        {
            // The loop may not have begun to wait when the clock moved.
            host.Time.Advance(TimeSpan.FromSeconds(5));
            return await RowsAsync() == 4;
        });
        Answer counted = await host.GetAsync("/api/v1/audit?action=mcp.refused&result=unauthorized");
        counted.Data[0].GetProperty("details").GetString()!.ShouldStartWith("{\"count\":29,");
        counted.Text.ShouldNotContain("mcp_key_B");

        async Task<int> RowsAsync() =>
            (await host.Get<AuditLog>().ReadAsync(new("mcp.refused", null, null, null, null), 0, 9, default)).Total
            + (
                await host.Get<AuditLog>().ReadAsync(new("access.refused", null, null, null, null), 0, 9, default)
            ).Total;

        async Task RefusedAsync()
        {
            (await host.GetAsync("/api/v1/mcp/groups")).Status.ShouldBe(401);
            await McpAsync("mcp_key_BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        }

        async Task McpAsync(string key)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/mcp")
            {
                Content = new StringContent("{}", System.Text.Encoding.UTF8, "application/json"),
            };
            request.Headers.Authorization = new("Bearer", key);
            using HttpResponseMessage answer = await host.Client.SendAsync(request);
            answer.StatusCode.ShouldBe(System.Net.HttpStatusCode.Unauthorized);
        }
    }
}
