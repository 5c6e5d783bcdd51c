using Fairlead.Server.Telemetry.Calls;
using Fairlead.Server.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Telemetry;

public sealed class CallLogApiTests
{
    private static async Task<AdminHost> StartAsync(int rows)
    {
        var host = await AdminHost.StartAsync();
        var log = host.Get<CallLog>();
        foreach (var row in CallRows.Rows(rows))
            log.TryWrite(row).ShouldBeTrue();
        await log.FlushAsync(TestContext.Current.CancellationToken);
        return host;
    }

    [Fact]
    public async Task Calls_AreListedNewestFirst_PageByPage()
    {
        await using var host = await StartAsync(12);
        var first = await host.GetAsync("/api/v1/calls?limit=10");
        first.Status.ShouldBe(200);
        first.Data.GetProperty("calls").GetArrayLength().ShouldBe(10);
        var newest = first.Data.GetProperty("calls")[0];
        newest.GetProperty("tool_name").GetString().ShouldBe("tool0");
        newest.GetProperty("duration_ms").GetDouble().ShouldBe(1.512);

        var next = first.Data.GetProperty("next_before_id").GetInt64();
        var second = await host.GetAsync($"/api/v1/calls?limit=10&before_id={next}");
        second.Data.GetProperty("calls").GetArrayLength().ShouldBe(2);
        second.Data.GetProperty("next_before_id").ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null);
    }

    [Fact]
    public async Task Calls_WithFilters_AreThoseOnly()
    {
        await using var host = await StartAsync(20);
        var failed = await host.GetAsync("/api/v1/calls?success=false&group_id=group0");
        failed.Data.GetProperty("calls").GetArrayLength().ShouldBe(2);
        failed.Data.GetProperty("calls")[0].GetProperty("error_code").GetInt32().ShouldBe(-31001);
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=501")]
    [InlineData("before_id=x")]
    public async Task Calls_WithABadParameter_AreRefused(string query)
    {
        await using var host = await StartAsync(0);
        var answer = await host.GetAsync($"/api/v1/calls?{query}");
        (answer.Status, answer.Code).ShouldBe((400, "INVALID_PARAMETER"));
    }
}
