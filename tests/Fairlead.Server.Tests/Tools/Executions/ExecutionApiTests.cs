using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Groups;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Hosting;
using Fairlead.Server.Tools.Executions;
using Fairlead.Server.Tools.Recovery;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Tools.Executions;

/// <summary>Executions, breakers and failures over REST, in the whole product.</summary>
public sealed class ExecutionApiTests
{
    private const string Add =
        """{"group":"default","tool_name":"calculator_add","input":{"numbers":[1,2]},"correlation_id":"c1"}""";

    private static async Task<string> ToolAsync(AdminHost host)
    {
        await Eventually.UntilAsync(() => host.Get<Routes>().Table.ByCode.ContainsKey("default"));
        return host.Get<Routes>().Table.ByCode["default"].Tools.Keys.Single(t => t.Contains("add"));
    }

    private static async Task<Answer> EndAsync(AdminHost host, string id)
    {
        Answer? answer = null;
        await Eventually.UntilAsync(async () =>
        {
            answer = await host.GetAsync($"/api/v1/executions/{id}");
            return answer.Data.GetProperty("ended_at").ValueKind != System.Text.Json.JsonValueKind.Null;
        });
        return answer!;
    }

    // R-18, R-19, R-22, R-30
    [Fact]
    public async Task Execution_Submitted_RunsAndIsShown()
    {
        await using var host = await AdminHost.StartWholeAsync();
        var tool = await ToolAsync(host);
        var submitted = await host.PostAsync("/api/v1/executions", Add.Replace("calculator_add", tool));
        submitted.Status.ShouldBe(201, submitted.Text);
        submitted.Data.GetProperty("priority").GetInt32().ShouldBe(0);
        submitted.Data.GetProperty("timeout").GetDouble().ShouldBe(30);
        submitted.Data.GetProperty("max_retries").GetInt32().ShouldBe(3);
        submitted.Data.GetProperty("retry_count").GetInt32().ShouldBe(0);
        var id = submitted.Data.GetProperty("task_id").GetString()!;
        var ended = await EndAsync(host, id);
        ended.Data.GetProperty("status").GetString().ShouldBe("completed", ended.Text);
        ended.Data.GetProperty("success").GetBoolean().ShouldBeTrue();
        ended.Data.GetProperty("result").GetProperty("content")[0].GetProperty("text").GetString().ShouldBe("3");
        ended.Data.GetProperty("input").GetProperty("numbers").GetArrayLength().ShouldBe(2);
        ended.Data.GetProperty("execution_time").GetDouble().ShouldBeGreaterThanOrEqualTo(0);
        var listed = await host.GetAsync("/api/v1/executions?status=completed&correlation_id=c1&page_size=1");
        listed.Data.GetArrayLength().ShouldBe(1);
        listed.Data[0].GetProperty("task_id").GetString().ShouldBe(id);
        (await host.GetAsync("/api/v1/executions?status=lost")).Code.ShouldBe("INVALID_PARAMETER");
        (await host.GetAsync("/api/v1/executions/nobody")).Code.ShouldBe("NOT_FOUND");
        // R-31
        var cancelled = await host.PostAsync($"/api/v1/executions/{id}/cancel");
        cancelled.Data.GetProperty("cancelled").GetBoolean().ShouldBeFalse();
    }

    // R-22, R-27
    [Fact]
    public async Task Batch_WithAWrongOne_IsRefusedWhole()
    {
        await using var host = await AdminHost.StartWholeAsync();
        var tool = await ToolAsync(host);
        var one = Add.Replace("calculator_add", tool);
        var wrong = await host.PostAsync(
            "/api/v1/executions/batch",
            $$"""{"executions":[{{one}},{"group":"default"}]}"""
        );
        wrong.Code.ShouldBe("MISSING_PARAMETER");
        wrong.Text.ShouldContain("executions[1].tool_name");
        host.Get<ExecutionQueue>().All.ShouldBeEmpty();
        var good = await host.PostAsync(
            "/api/v1/executions/batch",
            $$"""{"executions":[{{one}},{"group":"default","tool_name":"nowhere"}]}"""
        );
        good.Status.ShouldBe(201, good.Text);
        good.Data[1].GetProperty("tool_name").GetString().ShouldBe("nowhere");
        var unknown = await EndAsync(host, good.Data[1].GetProperty("task_id").GetString()!);
        unknown.Data.GetProperty("status").GetString().ShouldBe("failed");
        unknown.Data.GetProperty("attempts").GetInt32().ShouldBe(0);
    }

    [Fact]
    public async Task Submission_WithAWrongField_NamesIt()
    {
        await using var host = await AdminHost.StartWholeAsync();
        foreach (
            var (json, field) in ((string, string)[])
                [
                    ("""{"tool_name":"a"}""", "group"),
                    ("""{"group":"default"}""", "tool_name"),
                    ("""{"group":"default","tool_name":"a","priority":101}""", "priority"),
                    ("""{"group":"default","tool_name":"a","timeout":0}""", "timeout"),
                    ("""{"group":"default","tool_name":"a","timeout":601}""", "timeout"),
                    ("""{"group":"default","tool_name":"a","max_retries":11}""", "max_retries"),
                    ("""{"group":"default","tool_name":"a","input":[]}""", "input"),
                    ("""{"group":"default","tool_name":"a","correlation_id":""}""", "correlation_id"),
                    ("""{"group":"nowhere","tool_name":"a"}""", "group"),
                ]
        )
        {
            var answer = await host.PostAsync("/api/v1/executions", json);
            answer.Status.ShouldBeOneOf(400, 404);
            answer.Text.ShouldContain($"\"field\":\"{field}\"");
        }
    }

    // Rights of groups hold: without a key, a user needs a group that names the role.
    [Fact]
    public async Task Executions_OfAUser_AreThoseOfGroupsThatLetTheUserIn()
    {
        await using var host = await AdminHost.StartWholeAsync();
        var tool = await ToolAsync(host);
        var ofAdmin = (await host.PostAsync("/api/v1/executions", Add.Replace("calculator_add", tool)))
            .Data.GetProperty("task_id")
            .GetString()!;
        await EndAsync(host, ofAdmin);
        var made = await host.PostAsync(
            "/api/v1/mcp/groups",
            """{"name":"customers","allowed_roles":["customer"],"publish_native":true}"""
        );
        made.Status.ShouldBe(201, made.Text);
        var group = made.Data.GetProperty("id").GetString()!;
        await Eventually.UntilAsync(() => host.Get<Routes>().Table.ById.ContainsKey(new GroupId(group)));
        host.Token = await host.SignInAsync("carol");
        (await host.PostAsync("/api/v1/executions", Add.Replace("calculator_add", tool))).Code.ShouldBe(
            "GROUP_NOT_FOUND"
        );
        var mine = await host.PostAsync(
            "/api/v1/executions",
            $$$"""{"group":"{{{group}}}","tool_name":"{{{tool}}}","input":{"numbers":[2,3]}}"""
        );
        mine.Status.ShouldBe(201, mine.Text);
        var ended = await EndAsync(host, mine.Data.GetProperty("task_id").GetString()!);
        ended.Data.GetProperty("status").GetString().ShouldBe("completed", ended.Text);
        (await host.GetAsync("/api/v1/executions")).Data.GetArrayLength().ShouldBe(1);
        (await host.GetAsync($"/api/v1/executions/{ofAdmin}")).Code.ShouldBe("NOT_FOUND");
        (await host.PostAsync($"/api/v1/executions/{ofAdmin}/cancel")).Code.ShouldBe("NOT_FOUND");
    }

    // R-34, R-40, R-32: a native tool that refuses its arguments fails, is on record, and waits for a decision.
    [Fact]
    public async Task Failure_OfANativeTool_IsShownAndReplayedOverRest()
    {
        await using var host = await AdminHost.StartWholeAsync(("Recovery:Chains:Unknown:0", "manual"));
        var tool = await ToolAsync(host);
        var submitted = await host.PostAsync(
            "/api/v1/executions",
            $$$"""{"group":"default","tool_name":"{{{tool}}}","input":{"numbers":"three"}}"""
        );
        var id = submitted.Data.GetProperty("task_id").GetString()!;
        var ended = await EndAsync(host, id);
        ended.Data.GetProperty("status").GetString().ShouldBe("failed", ended.Text);
        var manualId = ended.Data.GetProperty("manual_id").GetString()!;
        var failures = await host.GetAsync($"/api/v1/failures?tool_name={tool}");
        failures.Data[0].GetProperty("task_id").GetString().ShouldBe(id);
        failures.Data[0].GetProperty("severity").GetString().ShouldBe("low");
        failures.Data[0].GetProperty("recovered_by").GetString().ShouldBe("manual");
        (await host.GetAsync("/api/v1/failures?severity=critical")).Data.GetArrayLength().ShouldBe(0);
        var waiting = await host.GetAsync("/api/v1/executions/manual");
        waiting.Data[0].GetProperty("id").GetString().ShouldBe(manualId);
        waiting.Data[0].GetProperty("state").GetString().ShouldBe("open");
        var replayed = await host.PostAsync($"/api/v1/executions/manual/{manualId}/replay");
        replayed.Status.ShouldBe(201, replayed.Text);
        (await host.PostAsync($"/api/v1/executions/manual/{manualId}/replay")).Code.ShouldBe("NOT_FOUND");
        var again = await EndAsync(host, replayed.Data.GetProperty("task_id").GetString()!);
        var all = await host.GetAsync("/api/v1/executions/manual?state=replayed");
        all.Data[0].GetProperty("replayed_as").GetString().ShouldBe(again.Data.GetProperty("task_id").GetString());
        var dismissed = await host.PostAsync(
            $"/api/v1/executions/manual/{again.Data.GetProperty("manual_id").GetString()}/dismiss"
        );
        dismissed.Status.ShouldBe(200, dismissed.Text);
        (await host.GetAsync("/api/v1/executions/manual")).Data.GetArrayLength().ShouldBe(0);
    }

    // R-42
    [Fact]
    public async Task Breaker_ThatOpened_IsShownAndReset()
    {
        await using var host = await AdminHost.StartWholeAsync();
        var tool = await ToolAsync(host);
        var breakers = host.Get<Breakers>();
        var route = host.Get<Routes>().Table.ByCode["default"].Tools[tool];
        for (var i = 0; i < 11; i++)
            breakers.Report(route, null, ToolVerdict.Bad);
        var listed = await host.GetAsync("/api/v1/breakers");
        var shown = listed.Data[0];
        shown.GetProperty("state").GetString().ShouldBe("open", listed.Text);
        shown.GetProperty("service").GetString().ShouldBe("native");
        shown.GetProperty("failure_count").GetInt32().ShouldBe(11);
        shown.GetProperty("opened_at").GetDateTime().ShouldBe(host.Time.GetUtcNow().UtcDateTime);
        var id = shown.GetProperty("id").GetString();
        (await host.PostAsync("/api/v1/breakers/0000000000000000/reset")).Code.ShouldBe("NOT_FOUND");
        var reset = await host.PostAsync($"/api/v1/breakers/{id}/reset");
        reset.Data.GetProperty("state").GetString().ShouldBe("closed", reset.Text);
        (await host.GetAsync("/api/v1/breakers")).Data.GetArrayLength().ShouldBe(0);
    }
}
