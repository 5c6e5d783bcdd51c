using System.Collections.Concurrent;
using System.Text;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Gateway;
using Fairlead.Server.Tools.Executions;
using Fairlead.Server.Tools.Recovery;
using Fairlead.Testing;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;
using static Fairlead.Server.Tests.Tools.Executions.ExecutionHost;

namespace Fairlead.Server.Tests.Tools.Executions;

/// <summary>Executions from submission to result (R-18…R-31, C-48).</summary>
public sealed class ExecutionQueueTests
{
    private sealed class Door
    {
        private readonly TaskCompletionSource opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int inside;
        private int most;

        public int Inside => Volatile.Read(ref inside);
        public int Most => Volatile.Read(ref most);

        public void Open() => opened.TrySetResult();

        public async Task<ChannelReply> PassAsync(ScriptedCall call)
        {
            var now = Interlocked.Increment(ref inside);
            int seen;
            while ((seen = Most) < now && Interlocked.CompareExchange(ref most, now, seen) != seen) { }
            await opened.Task.WaitAsync(call.Token);
            Interlocked.Decrement(ref inside);
            return Good();
        }
    }

    //
    [Fact]
    public void Request_WithNothingSaid_HasTheDefaults()
    {
        var request = new ExecutionRequest { Group = new GroupId("g"), ToolName = "t" };
        request.Priority.ShouldBe(0);
        request.Timeout.ShouldBe(TimeSpan.FromSeconds(30));
        request.RetryCount.ShouldBe(0);
        request.MaxRetries.ShouldBe(3);
        request.Callback.ShouldBeNull();
        request.Input.IsEmpty.ShouldBeTrue();
    }

    //
    [Fact]
    public async Task Result_OfAToolThatAnswers_SaysWhatAndHow()
    {
        ExecutionHost? the = null;
        await using var host = await StartAsync(
            async call =>
            {
                call.Params.ShouldContain("\"city\":\"Ulm\"");
                await Task.Delay(TimeSpan.FromMilliseconds(250), the!.Time, call.Token);
                return Good("sunny");
            },
            ["weather"]
        );
        the = host;
        var execution = host.Submit(Of("weather", """{"city":"Ulm"}"""));
        var result = await host.EndAsync(execution, TimeSpan.FromMilliseconds(250));
        result.TaskId.ShouldBe(execution.Id);
        result.Success.ShouldBeTrue();
        result.Error.ShouldBeNull();
        Encoding.UTF8.GetString(result.Result.Span).ShouldContain("sunny");
        result.ExecutionTime.ShouldBeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(250));
        result.RetryCount.ShouldBe(0);
        result.Attempts.ShouldBe(1);
        // The same way as every call: it is in the call log.
        host.Gateway.Rows.ShouldContain(r => r.Name == "weather" && r.CallerAppId == "fairlead-executions");
    }

    //
    [Fact]
    public async Task Executions_FiftyAtOnce_RunTenAtATime()
    {
        var door = new Door();
        await using var host = await StartAsync(door.PassAsync, ["slow"]);
        var all = host.Queue.Submit([.. Enumerable.Range(0, 50).Select(_ => Of("slow"))]).Require();
        await Eventually.UntilAsync(() => door.Inside == 10 && host.Turns.Waiting == 40);
        host.Turns.Running.ShouldBe(10);
        door.Open();
        (await Task.WhenAll(all.Select(e => e.Ended))).ShouldAllBe(r => r.Success);
        door.Most.ShouldBe(10);
    }

    //
    [Fact]
    public async Task Stop_WhileSomeRun_LetsThemEndAndTakesNothingMore()
    {
        var door = new Door();
        await using var host = await StartAsync(door.PassAsync, ["slow"], new ExecutionOptions { MaxConcurrent = 2 });
        var running = host.Queue.Submit([Of("slow"), Of("slow")]).Require();
        await Eventually.UntilAsync(() => door.Inside == 2);
        var waiting = host.Submit(Of("slow"));
        var stop = host.Queue.StoppingAsync(CancellationToken.None);
        host.Queue.Submit(Of("slow")).Error!.Code.ShouldBe("SERVICE_UNAVAILABLE");
        stop.IsCompleted.ShouldBeFalse();
        door.Open();
        await stop;
        running.ShouldAllBe(e => e.Status == ExecutionStatus.Completed);
        (await waiting.Ended).Status.ShouldBe(ExecutionStatus.Cancelled);
    }

    //
    [Fact]
    public async Task Batch_OfSeveral_KeepsItsOrder()
    {
        await using var host = await StartAsync(
            _ => Task.FromResult(Good()),
            ["a"],
            new ExecutionOptions { MaxConcurrent = 1, MinConcurrent = 1 }
        );
        var all = host.Queue.Submit([.. Enumerable.Range(0, 20).Select(i => Of("a", $$"""{"i":{{i}}}"""))]).Require();
        all.Select(e => Encoding.UTF8.GetString(e.Request.Input.Span))
            .ShouldBe(Enumerable.Range(0, 20).Select(i => $$"""{"i":{{i}}}"""));
        all.Select(e => e.Id).ShouldBeUnique();
        await Task.WhenAll(all.Select(e => e.Ended));
        host.Queue.Submit([Of("a"), Of("a")]).Require().Count.ShouldBe(2);
    }

    // I-20
    [Fact]
    public async Task RunAll_OfSeveral_RunsThemAtOnceAndKeepsTheirOrder()
    {
        var door = new Door();
        await using var host = await StartAsync(
            async call =>
            {
                await door.PassAsync(call);
                return Good(
                    call.Params.Contains("\"n\":1") ? "one"
                    : call.Params.Contains("\"n\":2") ? "two"
                    : "three"
                );
            },
            ["a"]
        );
        var all = host.Queue.RunAllAsync([Of("a", "{\"n\":1}"), Of("a", "{\"n\":2}"), Of("a", "{\"n\":3}")]);
        await Eventually.UntilAsync(() => door.Inside == 3);
        door.Open();
        var texts = (await all).Require().Select(r => Encoding.UTF8.GetString(r.Result.Span)).ToList();
        texts[0].ShouldContain("one");
        texts[1].ShouldContain("two");
        texts[2].ShouldContain("three");
    }

    // no clock moves, so it is the freed resource and no poll that starts the next one.
    [Fact]
    public async Task Exclusive_FiveFileWriters_RunOneAfterTheOtherAndHoldUpNobodyElse()
    {
        var doors = new ConcurrentQueue<TaskCompletionSource>();
        var inside = 0;
        var most = 0;
        await using var host = await StartAsync(
            async call =>
            {
                if (call.Call.Name == "other")
                    return Good();
                most = Math.Max(most, Interlocked.Increment(ref inside));
                var door = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                doors.Enqueue(door);
                await door.Task;
                Interlocked.Decrement(ref inside);
                // Also what throws leaves no lock.
                throw new InvalidOperationException("broken");
            },
            ["file_writer!", "other"],
            recovery: new ToolRecoveryOptions { Breakers = false }
        );
        var writers = host.Queue.Submit([.. Enumerable.Range(0, 5).Select(_ => Of("file_writer"))]).Require();
        (await host.Submit(Of("other")).Ended).Success.ShouldBeTrue();
        for (var i = 0; i < 5; i++)
        {
            await Eventually.UntilAsync(() => doors.Count == 1, TimeSpan.FromSeconds(5));
            doors.TryDequeue(out var door).ShouldBeTrue();
            door!.SetResult();
        }
        await Task.WhenAll(writers.Select(e => e.Ended));
        most.ShouldBe(1);
        host.Turns.Held.ShouldBe(0);
        host.Turns.Running.ShouldBe(0);
    }

    //
    [Fact]
    public async Task Exclusive_OfAListOfOnesOwn_ReplacesTheDefault()
    {
        var door = new Door();
        await using var host = await StartAsync(
            door.PassAsync,
            ["file_writer", "mine"],
            new ExecutionOptions { ExclusiveTools = ["mine"] }
        );
        host.Queue.Submit([Of("file_writer"), Of("file_writer"), Of("mine"), Of("mine")]).Require();
        await Eventually.UntilAsync(() => door.Inside == 3);
        host.Turns.Waiting.ShouldBe(1);
        door.Open();
        new ExecutionOptions().Exclusive.ShouldBe(["file_writer", "database_updater", "config_modifier"]);
    }

    //
    [Fact]
    public async Task Resource_OfTwoTools_LetsThemTakeTurns()
    {
        var door = new Door();
        await using var host = await StartAsync(
            door.PassAsync,
            ["read", "write", "free"],
            also: s => s.AddSingleton<ToolResources>(route => route.UpstreamName == "free" ? [] : ["printer"])
        );
        host.Queue.Submit([Of("read"), Of("write"), Of("free")]).Require();
        await Eventually.UntilAsync(() => door.Inside == 2 && host.Turns.Waiting == 1);
        door.Open();
        await Eventually.UntilAsync(() => host.Queue.Active == 0);
        door.Most.ShouldBe(2);
    }

    //
    [Fact]
    public async Task Rule_ThatFailsOnce_DelaysItsExecutionASecondAndNoOther()
    {
        var faults = 1;
        await using var host = await StartAsync(
            _ => Task.FromResult(Good()),
            ["faulty", "good"],
            also: s =>
                s.AddSingleton<ToolResources>(route =>
                    route.UpstreamName == "faulty" && Interlocked.Decrement(ref faults) >= 0
                        ? throw new InvalidOperationException("injected")
                        : []
                )
        );
        var faulty = host.Submit(Of("faulty"));
        await Eventually.UntilAsync(() => Volatile.Read(ref faults) == 0);
        (await host.Submit(Of("good")).Ended).Success.ShouldBeTrue();
        faulty.Status.ShouldBe(ExecutionStatus.Queued);
        (await host.EndAsync(faulty)).Success.ShouldBeTrue();
    }

    // R-24, C-48
    [Fact]
    public async Task Priority_OfALaterOne_GoesFirstUnlessTheEarlierHasWaitedLong()
    {
        var order = new ConcurrentQueue<string>();
        var door = new Door();
        await using var host = await StartAsync(
            async call =>
            {
                if (call.Call.Name == "blocker")
                    return await door.PassAsync(call);
                order.Enqueue(call.Call.Name!);
                return Good();
            },
            ["blocker", "low", "high", "old"],
            new ExecutionOptions { MaxConcurrent = 1, MinConcurrent = 1 }
        );
        host.Submit(Of("blocker") with { Timeout = TimeSpan.FromMinutes(9) });
        await Eventually.UntilAsync(() => door.Inside == 1);
        List<Execution> all = [host.Submit(Of("old"))];
        // 25 s are worth two and a half steps of priority: more than low's one, less than high's five.
        host.Time.Advance(TimeSpan.FromSeconds(25));
        all.AddRange(host.Submit(Of("low") with { Priority = 1 }), host.Submit(Of("high") with { Priority = 5 }));
        await Eventually.UntilAsync(() => host.Turns.Waiting == 3);
        door.Open();
        await Task.WhenAll(all.Select(e => e.Ended));
        order.ShouldBe(["high", "old", "low"]);
    }

    // C-08
    [Fact]
    public async Task Attempts_OfAToolThatKeepsFailing_ComeAfterOneTwoAndFourSeconds()
    {
        var at = new ConcurrentQueue<DateTimeOffset>();
        ExecutionHost? the = null;
        await using var host = await StartAsync(
            _ =>
            {
                at.Enqueue(the!.Time.GetUtcNow());
                return Task.FromResult(Bad("connection lost"));
            },
            ["flaky"]
        );
        the = host;
        var execution = host.Submit(Of("flaky"));
        for (var attempts = 1; attempts <= 3; attempts++)
        {
            // The clock stands until the wait was decided on.
            await Eventually.UntilAsync(() =>
                host.Get<Failures>().All is [{ RecoveredBy: "retry" }, ..] all && all.Count == attempts
            );
            await Eventually.UntilAsync(() =>
            {
                if (at.Count == attempts)
                    host.Time.Advance(TimeSpan.FromMilliseconds(50));
                return at.Count == attempts + 1;
            });
        }
        var result = await execution.Ended;
        result.Status.ShouldBe(ExecutionStatus.Failed);
        result.Attempts.ShouldBe(4);
        result.RetryCount.ShouldBe(3);
        result.Error.ShouldBe("connection lost");
        at.Zip(at.Skip(1), (a, b) => Math.Floor((b - a).TotalSeconds)).ShouldBe([1, 2, 4]);
    }

    //
    [Fact]
    public async Task Timeout_OfEachAttempt_IsToldAsOne()
    {
        await using var host = await StartAsync(
            async call =>
            {
                await HangAsync(call);
                return Good();
            },
            ["hangs"]
        );
        var execution = host.Submit(Of("hangs") with { Timeout = TimeSpan.FromSeconds(2), MaxRetries = 1 });
        var result = await host.EndAsync(execution);
        result.Status.ShouldBe(ExecutionStatus.Failed);
        result.Attempts.ShouldBe(2);
        result.Error.ShouldBe("Timeout: the tool did not answer within 2 s");
        host.Get<Failures>().All[0].ExceptionType.ShouldBe(nameof(TimeoutException));
    }

    // R-26, C-48: a tool nobody marked may have done its work: it is never asked twice.
    [Fact]
    public async Task Attempts_OfAToolThatMayNotBeAskedTwice_AreOneAndTheOutcomeIsUnknown()
    {
        await using var host = await StartAsync(
            async call =>
            {
                await HangAsync(call);
                return Good();
            },
            ["pay!"]
        );
        var result = await host.EndAsync(host.Submit(Of("pay") with { Timeout = TimeSpan.FromSeconds(2) }));
        result.Status.ShouldBe(ExecutionStatus.Unknown);
        result.Attempts.ShouldBe(1);
        host.Channel.Received.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Attempts_OfAToolTheAdministratorMarked_AreSeveral()
    {
        await using var host = await StartAsync(
            _ => Task.FromResult(Bad("connection lost")),
            ["pay!"],
            new ExecutionOptions { IdempotentTools = ["pay"] }
        );
        (await host.EndAsync(host.Submit(Of("pay")))).Attempts.ShouldBe(4);
    }

    //
    [Fact]
    public async Task Tool_Unknown_FailsAtOnceWithoutAnAttempt()
    {
        await using var host = await StartAsync(_ => Task.FromResult(Good()), ["a"]);
        var result = await host.Submit(Of("nowhere")).Ended;
        result.Success.ShouldBeFalse();
        result.Attempts.ShouldBe(0);
        result.RetryCount.ShouldBe(0);
        result.Error.ShouldBe("Unknown tool: nowhere");
        host.Channel.Received.ShouldBeEmpty();
    }

    //
    [Fact]
    public async Task Callback_ThatThrows_ChangesNothing()
    {
        var told = new TaskCompletionSource<ExecutionResult>();
        await using var host = await StartAsync(_ => Task.FromResult(Good()), ["a"]);
        var execution = host.Submit(
            Of("a") with
            {
                Callback = result =>
                {
                    told.SetResult(result);
                    throw new InvalidOperationException("of the callback");
                },
            }
        );
        (await told.Task).Success.ShouldBeTrue();
        (await execution.Ended).Success.ShouldBeTrue();
        (await host.Submit(Of("a")).Ended).Success.ShouldBeTrue();
    }

    // C-48
    [Fact]
    public async Task Status_FromSubmissionToExpiry_IsTold()
    {
        var door = new Door();
        await using var host = await StartAsync(
            call => call.Call.Name == "bad" ? Task.FromResult(Bad("no")) : door.PassAsync(call),
            ["a", "bad!"],
            new ExecutionOptions
            {
                MaxConcurrent = 1,
                MinConcurrent = 1,
                HistoryAge = TimeSpan.FromMinutes(10),
            }
        );
        var running = host.Submit(Of("a"));
        await Eventually.UntilAsync(() => door.Inside == 1);
        var queued = host.Submit(Of("a"));
        var bad = host.Submit(Of("bad"));
        host.Queue.StatusOf(running.Id).ShouldBe(ExecutionStatus.Running);
        host.Queue.StatusOf(queued.Id).ShouldBe(ExecutionStatus.Queued);
        host.Queue.StatusOf("nobody").ShouldBe(ExecutionStatus.Unknown);
        host.Queue.Cancel(queued.Id).ShouldBeTrue();
        (await queued.Ended).Attempts.ShouldBe(0);
        host.Queue.StatusOf(queued.Id).ShouldBe(ExecutionStatus.Cancelled);
        door.Open();
        await Task.WhenAll(running.Ended, bad.Ended);
        host.Queue.StatusOf(running.Id).ShouldBe(ExecutionStatus.Completed);
        host.Queue.StatusOf(bad.Id).ShouldBe(ExecutionStatus.Failed);
        host.Queue.Active.ShouldBe(0);
        host.Time.Advance(TimeSpan.FromMinutes(11));
        host.Queue.StatusOf(running.Id).ShouldBe(ExecutionStatus.Unknown);
    }

    //
    [Fact]
    public async Task History_OfMoreThanItHolds_ForgetsTheOldest()
    {
        await using var host = await StartAsync(
            _ => Task.FromResult(Good()),
            ["a"],
            new ExecutionOptions { History = 3 }
        );
        List<Execution> all = [];
        for (var i = 0; i < 5; i++)
        {
            all.Add(host.Submit(Of("a")));
            await all[^1].Ended;
        }
        all.Select(e => host.Queue.StatusOf(e.Id) == ExecutionStatus.Unknown)
            .ShouldBe([true, true, false, false, false]);
    }

    // R-31, C-48
    [Fact]
    public async Task Cancel_OfARunningOne_ReachesTheTool()
    {
        var seen = new TaskCompletionSource();
        var door = new Door();
        await using var host = await StartAsync(
            async call =>
            {
                call.Token.Register(() => seen.TrySetResult());
                return await door.PassAsync(call);
            },
            ["slow"]
        );
        var execution = host.Submit(Of("slow"));
        await Eventually.UntilAsync(() => door.Inside == 1);
        host.Queue.Cancel("nobody").ShouldBeFalse();
        host.Queue.Cancel(execution.Id).ShouldBeTrue();
        await seen.Task;
        (await execution.Ended).Status.ShouldBe(ExecutionStatus.Cancelled);
        host.Queue.Cancel(execution.Id).ShouldBeFalse();
        host.Turns.Running.ShouldBe(0);
    }

    // what does not heed its cancellation gives its place back, but not what it may still be writing to.
    [Fact]
    public async Task Tool_DeafToItsCancellation_KeepsItsResourceUntilItEnds()
    {
        var end = new TaskCompletionSource();
        var calls = 0;
        await using var host = await StartAsync(
            async _ =>
            {
                if (Interlocked.Increment(ref calls) == 1)
                    await end.Task;
                return Good();
            },
            ["file_writer"]
        );
        var deaf = host.Submit(Of("file_writer") with { Timeout = TimeSpan.FromSeconds(1) });
        (await host.EndAsync(deaf)).Error.ShouldBe("Timeout: the tool did not answer within 1 s");
        host.Turns.Running.ShouldBe(0);
        var next = host.Submit(Of("file_writer"));
        await Eventually.UntilAsync(() => host.Turns.Waiting == 1);
        host.Turns.Held.ShouldBe(1);
        end.SetResult();
        (await next.Ended).Success.ShouldBeTrue();
    }

    // the key's own limits hold for executions too, and make them wait instead of failing.
    [Fact]
    public async Task Executions_OverTheKeysRate_WaitForIt()
    {
        await using var host = await StartAsync(
            _ => Task.FromResult(Good()),
            ["a"],
            gatewayOptions: new() { CallsPerMinute = 2, ConcurrentCalls = 0 }
        );
        var all = host.Queue.Submit([Of("a"), Of("a"), Of("a")]).Require();
        await Eventually.UntilAsync(() => all.Count(e => e.Ended.IsCompleted) == 2);
        var last = all.Single(e => !e.Ended.IsCompleted);
        var result = await host.EndAsync(last, TimeSpan.FromSeconds(5));
        result.Success.ShouldBeTrue();
        result.Attempts.ShouldBe(1);
    }

    [Fact]
    public async Task Submission_OverTheQueue_IsRefusedWhole()
    {
        var door = new Door();
        await using var host = await StartAsync(door.PassAsync, ["a"], new ExecutionOptions { MaxQueued = 2 });
        host.Submit(Of("a"));
        host.Queue.Submit([Of("a"), Of("a")]).Error!.Code.ShouldBe("RATE_LIMIT_EXCEEDED");
        host.Queue.Active.ShouldBe(1);
        host.Submit(Of("a"));
        door.Open();
    }

    [Fact]
    public void Options_OutOfBounds_AreNamed() =>
        new ExecutionOptions { MaxConcurrent = 0, HistoryAge = TimeSpan.Zero }
            .Validate()
            .ShouldBe([
                "Executions:MaxConcurrent is 1 to 1000, it is 0.",
                "Executions:MinConcurrent is 1 to MaxConcurrent, it is 2.",
                "Executions:HistoryAge is up to 7 days, it is 00:00:00.",
            ]);
}
