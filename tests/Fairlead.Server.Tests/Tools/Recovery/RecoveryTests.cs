using Fairlead.Server.Services.Channels;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Gateway;
using Fairlead.Server.Tests.Tools.Executions;
using Fairlead.Server.Tools.Executions;
using Fairlead.Server.Tools.Recovery;
using Fairlead.Testing;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;
using static Fairlead.Server.Tests.Tools.Executions.ExecutionHost;

namespace Fairlead.Server.Tests.Tools.Recovery;

/// <summary>What becomes of failures (R-33…R-41), with real executions.</summary>
public sealed class RecoveryTests
{
    private static Func<ScriptedCall, Task<ChannelReply>> Failing(string text) =>
        call => Task.FromResult(call.Call.Name == "good" ? Good() : Bad(text));

    //
    [Fact]
    public async Task Failure_OfAnExecution_IsOnRecord()
    {
        await using var host = await StartAsync(Failing("it broke"), ["a!"]);
        var execution = host.Submit(Of("a"));
        await execution.Ended;
        var record = host.Get<Failures>().All.Single();
        record.ExceptionId.ShouldNotBeNullOrEmpty();
        record.TaskId.ShouldBe(execution.Id);
        record.ToolName.ShouldBe("a");
        record.ExceptionType.ShouldBe("ToolError");
        record.Message.ShouldBe("it broke");
        record.Stack.ShouldBeNull();
        record.Severity.ShouldBe(Severity.Low);
        record.Timestamp.ShouldBe(host.Time.GetUtcNow());
        record.RetryCount.ShouldBe(0);
        record.RecoveryAttempts.ShouldBe(1);
        record.RecoveredBy.ShouldBe("escalated");
    }

    //
    [Fact]
    public void Failures_OfMoreThanAreKept_ForgetTheOldest()
    {
        var failures = new Failures(2);
        foreach (var id in (string[])["1", "2", "3"])
            failures.Add(
                new FailureRecord
                {
                    ExceptionId = id,
                    TaskId = "t",
                    ToolName = "t",
                    ExceptionType = "t",
                    Message = "m",
                    Severity = Severity.Low,
                    Class = FailureClass.Unknown,
                    Timestamp = default,
                    RetryCount = 0,
                }
            );
        failures.All.Select(f => f.ExceptionId).ShouldBe(["3", "2"]);
    }

    //
    [Theory]
    [InlineData("Critical", "abort")]
    [InlineData("Database", "retry")]
    [InlineData("Network", "retry")]
    [InlineData("Validation", "skip")]
    [InlineData("Permission", "fallback")]
    [InlineData("Unknown", "retry")]
    public void Chain_OfAClass_IsTheDefault(string failureClass, string strategy) =>
        ToolRecovery.DefaultChains[failureClass].ShouldBe([strategy]);

    // a permission that is missing goes to the substitute; R-37
    [Fact]
    public async Task Fallback_WithASubstitute_AnswersInItsPlace()
    {
        await using var host = await StartAsync(
            Failing("access denied"),
            ["a!", "good"],
            recovery: new ToolRecoveryOptions { FallbackTools = new Dictionary<string, string> { ["a"] = "good" } }
        );
        var result = await host.Submit(Of("a", """{"x":1}""")).Ended;
        result.Status.ShouldBe(ExecutionStatus.Completed);
        result.FallbackTool.ShouldBe("good");
        host.Channel.Received.Last().ShouldContain("\"x\":1");
    }

    //
    [Fact]
    public async Task Fallback_WithoutASubstitute_IsNoHelp()
    {
        await using var host = await StartAsync(Failing("access denied"), ["a!", "good"]);
        var result = await host.Submit(Of("a")).Ended;
        result.Status.ShouldBe(ExecutionStatus.Failed);
        result.FallbackTool.ShouldBeNull();
        result.ManualId.ShouldNotBeNull();
    }

    //
    [Fact]
    public async Task Validation_ThatFailed_IsSkipped()
    {
        await using var host = await StartAsync(Failing("invalid date"), ["a"]);
        var result = await host.Submit(Of("a")).Ended;
        result.Status.ShouldBe(ExecutionStatus.Skipped);
        result.Success.ShouldBeFalse();
        result.Attempts.ShouldBe(1);
        result.ManualId.ShouldBeNull();
        host.Get<Failures>().All.Single().RecoveredBy.ShouldBe("skip");
    }

    //
    [Fact]
    public async Task Abort_OfACriticalFailure_CancelsWhatBelongsToItAndAlerts()
    {
        var inside = 0;
        await using var host = await StartAsync(
            async call =>
            {
                if (call.Call.Name == "dying")
                    return Bad("The tool failed (OutOfMemoryException)");
                Interlocked.Increment(ref inside);
                await HangAsync(call);
                return Good();
            },
            ["dying", "slow"]
        );
        List<Alert> alerts = [];
        host.Get<Alerts>().Raised += alerts.Add;
        var related = host.Submit(Of("slow") with { CorrelationId = "order 7" });
        var other = host.Submit(Of("slow") with { CorrelationId = "order 8" });
        await Eventually.UntilAsync(() => Volatile.Read(ref inside) == 2);
        var result = await host.Submit(Of("dying") with { CorrelationId = "order 7" }).Ended;
        result.Status.ShouldBe(ExecutionStatus.Failed);
        result.Attempts.ShouldBe(1);
        (await related.Ended).Status.ShouldBe(ExecutionStatus.Cancelled);
        other.Status.ShouldBe(ExecutionStatus.Running);
        var alert = alerts.Single();
        alert.Severity.ShouldBe(Severity.Critical);
        alert.Text.ShouldContain("1 related");
        host.Queue.Cancel(other.Id);
    }

    //
    [Fact]
    public async Task Chain_WhoseFirstStrategyCannotHelp_GoesOnToTheSecond()
    {
        await using var host = await StartAsync(
            Failing("access denied"),
            ["a!"],
            recovery: new ToolRecoveryOptions
            {
                Chains = new Dictionary<string, IReadOnlyList<string>> { ["Permission"] = ["fallback", "skip"] },
            }
        );
        (await host.Submit(Of("a")).Ended).Status.ShouldBe(ExecutionStatus.Skipped);
        host.Get<Failures>().All.Single().RecoveryAttempts.ShouldBe(2);
    }

    // kept over a restart of the process, replayed once.
    [Fact]
    public async Task Failure_NobodyCouldHelp_WaitsForAPersonAndIsReplayedOnce()
    {
        var text = "broken";
        await using var host = await StartAsync(_ => Task.FromResult(text.Length > 0 ? Bad(text) : Good()), ["a!"]);
        List<Alert> alerts = [];
        host.Get<Alerts>().Raised += alerts.Add;
        var result = await host.Submit(Of("a", """{"secret":"hush"}""") with { Priority = 3 }).Ended;
        alerts.Single().Text.ShouldContain(result.ManualId!);
        var manual = host.Get<ManualQueue>();
        var (rows, total) = await manual.ListAsync(ManualState.Open, 0, 10, default);
        total.ShouldBe(1);
        rows[0].Id.ShouldBe(result.ManualId);
        rows[0].Input.ShouldNotContain("hush");
        rows[0].MayHaveRun.ShouldBeFalse();
        text = "";
        var request = await manual.TakeAsync(result.ManualId!, null, default);
        (await manual.TakeAsync(result.ManualId!, null, default)).ShouldBeNull();
        (await manual.DismissAsync(result.ManualId!, null, default)).ShouldBeFalse();
        request!.Priority.ShouldBe(3);
        (await host.Submit(request).Ended).Success.ShouldBeTrue();
        host.Channel.Received.Last().ShouldContain("hush");
    }

    //
    [Fact]
    public async Task ManualQueue_ThatIsFull_TakesNoMoreAndSaysSo()
    {
        await using var host = await StartAsync(
            Failing("broken"),
            ["a!"],
            recovery: new ToolRecoveryOptions { ManualQueue = 1 }
        );
        List<Alert> alerts = [];
        host.Get<Alerts>().Raised += alerts.Add;
        await host.Submit(Of("a")).Ended;
        (await host.Submit(Of("a")).Ended).ManualId.ShouldBeNull();
        alerts[^1].Text.ShouldContain("full");
    }

    private sealed class Mended : IRecoveryStrategy
    {
        public string Name => "mend";

        public ValueTask<RecoveryVerdict?> TryAsync(RecoveryCase failed, CancellationToken cancellationToken) =>
            new(
                new RecoveryVerdict
                {
                    Answer = new ToolOutcome { Success = true, Result = "{}"u8.ToArray() },
                    AnsweredBy = "mend",
                }
            );
    }

    private sealed class Throwing : IRecoveryStrategy
    {
        public string Name => "throw";

        public ValueTask<RecoveryVerdict?> TryAsync(RecoveryCase failed, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("of the strategy");
    }

    //
    [Fact]
    public async Task Strategy_RegisteredAtRunTime_IsAsked()
    {
        await using var host = await StartAsync(Failing("broken"), ["a!"]);
        (await host.Submit(Of("a")).Ended).Success.ShouldBeFalse();
        host.Recovery.Register(new Throwing());
        host.Recovery.Register(new Mended());
        host.Recovery.SetChain("Unknown", "throw", "mend");
        var result = await host.Submit(Of("a")).Ended;
        result.Success.ShouldBeTrue();
        result.FallbackTool.ShouldBe("mend");
    }

    //
    [Fact]
    public async Task Strategy_OfTheServices_IsAsked()
    {
        await using var host = await StartAsync(
            Failing("broken"),
            ["a!"],
            recovery: new ToolRecoveryOptions
            {
                Chains = new Dictionary<string, IReadOnlyList<string>> { ["Unknown"] = ["mend"] },
            },
            also: s => s.AddSingleton<IRecoveryStrategy, Mended>()
        );
        (await host.Submit(Of("a")).Ended).FallbackTool.ShouldBe("mend");
    }

    // I-22
    [Fact]
    public async Task Retry_OfARecoverableFailure_IsHealedFirst()
    {
        List<string> seen = [];
        await using var host = await StartAsync(
            _ =>
            {
                lock (seen)
                    seen.Add("try");
                return Task.FromResult(seen.Count > 1 ? Good() : Bad("connection lost"));
            },
            ["a"],
            also: s =>
                s.AddSingleton<SelfHeal>(
                    (found, _) =>
                    {
                        lock (seen)
                            seen.Add($"heal {found}");
                        return ValueTask.CompletedTask;
                    }
                )
        );
        (await host.EndAsync(host.Submit(Of("a")))).Success.ShouldBeTrue();
        seen.ShouldBe(["try", "heal Database", "try"]);
    }

    // I-30: retries never become the load they answer to.
    [Fact]
    public async Task Retries_OfManyFailures_KeepToTheBudget()
    {
        await using var host = await StartAsync(
            Failing("connection lost"),
            ["a"],
            new ExecutionOptions { MaxConcurrent = 100 },
            new ToolRecoveryOptions { Breakers = false, RetryReserve = 0 }
        );
        var all = host.Queue.Submit([.. Enumerable.Range(0, 100).Select(_ => Of("a"))]).Require();
        foreach (var execution in all)
            await host.EndAsync(execution, TimeSpan.FromMilliseconds(500));
        host.Channel.Received.Count.ShouldBeInRange(110, 120);
    }

    [Fact]
    public void Options_OutOfBounds_AreNamed() =>
        new ToolRecoveryOptions
        {
            Chains = new Dictionary<string, IReadOnlyList<string>> { ["Weather"] = ["retry"], ["Network"] = [] },
            FallbackTools = new Dictionary<string, string> { ["a"] = "a" },
            RetryShare = 0.5,
        }
            .Validate()
            .Select(e => e.Split(' ')[0].TrimEnd(':'))
            .ShouldBe([
                "Recovery:Chains:Weather",
                "Recovery:Chains:Network",
                "Recovery:FallbackTools:a",
                "Recovery:RetryShare",
            ]);
}
