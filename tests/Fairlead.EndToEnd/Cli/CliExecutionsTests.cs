using System.Text.Json;
using Fairlead.Cli;
using Fairlead.Client;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

/// <summary><c>fairlead executions</c>, <c>fairlead breakers</c>, and the typed client behind them (R-18…R-42).</summary>
[Trait("Category", "integration")]
public sealed class CliExecutionsTests(CliGateway gateway) : IClassFixture<CliGateway>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private async Task<string> DoneAsync(params string[] args)
    {
        var ran = await gateway.RunAsync(args);
        ran.Code.ShouldBe(ExitCode.Ok, ran.Error);
        return ran.Out.Trim();
    }

    private async Task<ExecutionInfo> EndAsync(string id)
    {
        ExecutionInfo? execution = null;
        await Eventually.UntilAsync(async () =>
            (execution = await gateway.Client.Executions.GetAsync(id, Token)).EndedAt is not null
        );
        return execution!;
    }

    //
    [Fact]
    public async Task Execution_IsSubmittedShownAndListed()
    {
        var id = await DoneAsync("executions", "submit", "add", "--arg", "numbers=[1,2]", "--correlation", "c7");
        var execution = await EndAsync(id);
        execution.Status.ShouldBe(ExecutionStatus.Completed, execution.Error);
        execution.Attempts.ShouldBe(1);
        var shown = await DoneAsync("executions", "show", id);
        shown.ShouldMatch("status +completed");
        shown.ShouldEndWith("3");
        (await DoneAsync("executions", "list", "--correlation", "c7")).ShouldContain(id);
        (await DoneAsync("executions", "list", "--status", "failed", "--correlation", "c7")).ShouldNotContain(id);
        (await gateway.RunAsync("executions", "cancel", id)).Code.ShouldBe(ExitCode.Failed);
        (await gateway.RunAsync("executions", "show", "nobody")).Code.ShouldBe(ExitCode.NotFound);
        (await gateway.RunAsync("executions", "submit", "x", "--priority", "101")).Code.ShouldBe(ExitCode.WrongUsage);
        var batch = await gateway.Client.Executions.SubmitAsync(
            [
                new ExecutionDraft
                {
                    Group = "default",
                    ToolName = "add",
                    Input = JsonElement.Parse("""{"numbers":[4]}"""),
                },
                new ExecutionDraft { Group = "default", ToolName = "nowhere" },
            ],
            Token
        );
        batch.Select(e => e.ToolName).ShouldBe(["add", "nowhere"]);
        (await EndAsync(batch[1].TaskId)).Attempts.ShouldBe(0);
    }

    //
    [Fact]
    public async Task Failure_NobodyCouldHelp_IsReplayedOnce()
    {
        // A retry would wait 1, 2 and 4 s of a real clock, so this one may not be tried again.
        var id = await DoneAsync(
            "executions",
            "submit",
            "add",
            "--args",
            """{"numbers":"no list"}""",
            "--retries",
            "0"
        );
        var failed = await EndAsync(id);
        failed.Status.ShouldBe(ExecutionStatus.Failed);
        (await DoneAsync("executions", "manual")).ShouldContain(failed.ManualId!);
        (await DoneAsync("executions", "failures", "--tool", "add")).ShouldContain(id);
        var again = await DoneAsync("executions", "replay", failed.ManualId!);
        again.ShouldNotBe(id);
        (await gateway.RunAsync("executions", "replay", failed.ManualId!)).Code.ShouldBe(ExitCode.NotFound);
        var second = await EndAsync(again);
        (await gateway.RunAsync("executions", "dismiss", second.ManualId!)).Code.ShouldBe(ExitCode.WrongUsage);
        await DoneAsync("executions", "dismiss", second.ManualId!, "--yes");
        (await gateway.Client.Executions.ManualAsync("all", Token).Select(m => m.State).ToListAsync(Token)).ShouldBe(
            ["dismissed", "replayed"],
            ignoreOrder: true
        );
    }

    //
    [Fact]
    public async Task Breakers_WithoutFailures_AreNone()
    {
        (await gateway.RunAsync("breakers", "list")).Code.ShouldBe(ExitCode.Ok);
        (await gateway.RunAsync("breakers", "reset", "0000000000000000")).Code.ShouldBe(ExitCode.NotFound);
    }
}
