using System.Security.Cryptography;
using System.Text;
using Fairlead.Server.Automation.Agents;
using Fairlead.Server.Automation.Flows;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Storage;
using Fairlead.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Automation;

/// <summary>Durable runs and their steps: tries, leases, what outlives a process .</summary>
public sealed class FlowTests(PostgresFixture fixture) : IDisposable
{
    private readonly TempFolder folder = new();
    private static int made;
    private static int disposed;

    public void Dispose() => folder.Dispose();

    /// <summary>What a step of these tests does, and when it did it.</summary>
    private sealed class Plan
    {
        private readonly Lock gate = new();

        public List<(string Step, DateTimeOffset At)> Tries { get; } = [];
        public required Func<StepRun, StepOutcome> Do { get; init; }

        public void Note(string step, TimeProvider time)
        {
            lock (gate)
                Tries.Add((step, time.GetUtcNow()));
        }
    }

    private sealed class PlannedStep : IStep, IDisposable
    {
        private readonly Plan plan;
        private readonly TimeProvider time;

        public PlannedStep(Plan plan, TimeProvider time)
        {
            (this.plan, this.time) = (plan, time);
            Interlocked.Increment(ref made);
        }

        public Task<StepOutcome> RunAsync(StepRun run, CancellationToken cancellationToken)
        {
            plan.Note("planned", time);
            return Task.FromResult(plan.Do(run));
        }

        public void Dispose() => Interlocked.Increment(ref disposed);
    }

    private sealed class LastStep(Plan plan, TimeProvider time) : IStep
    {
        public Task<StepOutcome> RunAsync(StepRun run, CancellationToken cancellationToken)
        {
            plan.Note("last", time);
            return Task.FromResult(StepOutcome.Done);
        }
    }

    private Task<AutomationHost> StartAsync(
        Plan plan,
        TimeProvider? time = null,
        string? database = null,
        bool goesOn = false,
        int version = 1,
        params (string Key, string Value)[] settings
    ) =>
        AutomationHost.StartAsync(
            folder.Path,
            database,
            time,
            services =>
                services
                    .AddSingleton(plan)
                    .AddFlow(
                        new AutomationDefinition(
                            "planned",
                            version,
                            [new("first", typeof(PlannedStep), goesOn), new("last", typeof(LastStep), GoesOn: true)]
                        )
                    ),
            settings
        );

    private static async Task BeginAsync(AutomationHost host, string subject = "x")
    {
        await host.Get<RunStore>()
            .InTurnAsync(
                async db =>
                {
                    host.Get<StartRun>()(db, new RunRequest("planned", subject, new Dictionary<string, string>()));
                    return await db.SaveChangesAsync();
                },
                default
            );
        host.Get<WakeRuns>()();
    }

    // a step more is a registration more; A-24: each has its scope, which is disposed.
    [Fact]
    public async Task Run_GoesThroughItsSteps_EachInItsOwnScope()
    {
        var (before, after) = (made, disposed);
        var plan = new Plan { Do = _ => StepOutcome.Done };
        await using var host = await StartAsync(plan);
        await BeginAsync(host);
        var (run, steps) = await host.EndedAsync("planned", "x");
        (run.State, run.Step, run.LeaseUntil).ShouldBe((RunRow.Done, 2, 0));
        steps.Select(s => (s.Name, s.State, s.Attempts)).ShouldBe([("first", "done", 1), ("last", "done", 1)]);
        (made - before).ShouldBe(disposed - after);
    }

    // tries at 0, 5, 20 and 80 s; then it is dead, administrators are told once, and a person lets it go on.
    [Fact]
    public async Task Step_ThatFails_IsTriedAfter5And15And60Seconds_ThenAPersonIsAsked()
    {
        var time = new FakeTimeProvider();
        var works = false;
        var plan = new Plan { Do = _ => works ? StepOutcome.Done : throw new InvalidOperationException("no luck") };
        await using var host = await StartAsync(plan, time);
        await BeginAsync(host);
        foreach (var wait in new[] { 5, 15, 60 })
        {
            var tries = plan.Tries.Count;
            await Eventually.UntilAsync(() => plan.Tries.Count > 0 && plan.Tries.Count >= tries);
            var at = plan.Tries[^1].At.ToUnixTimeMilliseconds();
            await Eventually.UntilAsync(async () =>
                await RunAsync() is { LeaseUntil: 0 } run && run.Attempts == plan.Tries.Count
            );
            // The clock stands: it waits exactly so long, and for nothing else.
            ((await RunAsync()).DueAt - at).ShouldBe(wait * 1000);
            var before = plan.Tries.Count;
            time.Advance(TimeSpan.FromSeconds(wait) - TimeSpan.FromMilliseconds(1));
            plan.Tries.Count.ShouldBe(before);
            time.Advance(TimeSpan.FromMilliseconds(1));
            await Eventually.UntilAsync(() =>
            {
                host.Get<WakeRuns>()();
                return plan.Tries.Count == before + 1;
            });
        }
        var (dead, steps) = await host.EndedAsync("planned", "x");
        (dead.State, dead.Error, dead.Step).ShouldBe((RunRow.Dead, "no luck", 0));
        (steps.Single().State, steps.Single().Attempts).ShouldBe(("failed", 4));
        plan.Tries.Count.ShouldBe(4);
        await Eventually.UntilAsync(async () => (await host.RowsAsync(db => db.Notifications)).Count > 0);
        var told = (await host.RowsAsync(db => db.Notifications)).ShouldHaveSingleItem();
        told.Type.ShouldBe("automation_failed");
        told.Payload.ShouldContain(dead.Id);
        host.Log.All.ShouldContain(l =>
            l.StartsWith("Error: Run ", StringComparison.Ordinal)
            && l.Contains("needs a person", StringComparison.Ordinal)
        );

        works = true;
        var replay = await host.SendAsync(
            HttpMethod.Post,
            $"/api/v1/admin/automations/runs/{dead.Id}/replay",
            null,
            "admin"
        );
        replay.Status.ShouldBe(200, replay.Text);
        await Eventually.UntilAsync(async () =>
            (await host.Get<RunStore>().FindAsync(dead.Id, default))!.Value.Run.State == RunRow.Done
        );
        (
            await host.SendAsync(HttpMethod.Post, $"/api/v1/admin/automations/runs/{dead.Id}/replay", null, "admin")
        ).Status.ShouldBe(409);
        (
            await host.SendAsync(HttpMethod.Post, "/api/v1/admin/automations/runs/none/replay", null, "admin")
        ).Status.ShouldBe(404);
        (await host.GetAsync("/api/v1/admin/automations/runs?state=dead", "admin"))
            .Json.GetProperty("pagination")
            .GetProperty("total")
            .GetInt32()
            .ShouldBe(0);
        (await host.GetAsync("/api/v1/admin/automations/runs?state=odd", "admin")).Field.ShouldBe("state");

        async Task<RunRow> RunAsync() =>
            (await host.RowsAsync(db => db.Runs.Where(r => r.Automation == "planned"))).Single();
    }

    // the steps after one that goes on run though it failed; the run is for a person all the same.
    [Fact]
    public async Task Step_ThatGoesOn_DoesNotStopTheOthers()
    {
        var plan = new Plan { Do = _ => throw new InvalidOperationException("no luck") };
        await using var host = await StartAsync(plan, goesOn: true, settings: [.. NoWaits]);
        await BeginAsync(host);
        var (run, steps) = await host.EndedAsync("planned", "x");
        (run.State, run.Step).ShouldBe((RunRow.Dead, 0));
        steps.Select(s => s.State).ShouldBe(["failed", "done"]);
    }

    private static IEnumerable<(string, string)> NoWaits =>
        Enumerable.Range(0, 3).Select(i => ($"Automation:Flows:Retries:{i}", "00:00:00.010"));

    // 20 % of all tries fail, at least 99 % of the runs succeed.
    [Fact]
    public async Task Runs_OfWhichEachTryFailsWith20Percent_Succeed()
    {
        var plan = new Plan
        {
            // One of five, and the same ones each time, whatever comes first.
            Do = run =>
                SHA256.HashData(Encoding.UTF8.GetBytes($"{run.Subject}/{run.Attempt}"))[0] % 5 == 0
                    ? throw new InvalidOperationException("no luck")
                    : StepOutcome.Done,
        };
        await using var host = await StartAsync(plan, settings: [.. NoWaits]);
        for (var i = 0; i < 200; i++)
            await BeginAsync(host, $"s{i}");
        await Eventually.UntilAsync(
            async () => (await host.RowsAsync(db => db.Runs.Where(r => r.State == RunRow.Running))).Count == 0,
            TimeSpan.FromSeconds(60)
        );
        var done = await host.RowsAsync(db => db.Runs.Where(r => r.State == RunRow.Done));
        done.Count.ShouldBeGreaterThanOrEqualTo(198);
        plan.Tries.Count(t => t.Step == "planned").ShouldBeGreaterThan(220);
    }

    // what one process did not come to, the next one does; the version it began with is the one it ends with.
    [Fact]
    public async Task Run_OutlivesItsProcess_AndKeepsItsVersion()
    {
        var stuck = new Plan { Do = _ => throw new InvalidOperationException("not yet") };
        await using (var first = await StartAsync(stuck, settings: [("Automation:Flows:Retries:0", "00:00:00.500")]))
        {
            await BeginAsync(first);
            await Eventually.UntilAsync(() => stuck.Tries.Count >= 1);
        }
        var plan = new Plan { Do = _ => StepOutcome.Done };
        await using var second = await StartAsync(plan);
        var (run, _) = await second.EndedAsync("planned", "x");
        (run.State, run.Version).ShouldBe((RunRow.Done, 1));
    }

    [Fact]
    public async Task Run_OfAVersionThisProgramLacks_IsForAPerson()
    {
        var stuck = new Plan { Do = _ => throw new InvalidOperationException("not yet") };
        await using (var first = await StartAsync(stuck, settings: [("Automation:Flows:Retries:0", "00:00:00.100")]))
            await BeginAsync(first);
        await using var second = await StartAsync(new Plan { Do = _ => StepOutcome.Done }, version: 2);
        var (run, _) = await second.EndedAsync("planned", "x");
        (run.State, run.Error).ShouldBe((RunRow.Dead, "This program has no version 1 of planned."));
    }

    // Who lost his lease writes nothing any more.
    [Fact]
    public async Task Save_WithALostLease_WritesNothing()
    {
        await using var host = await StartAsync(
            new Plan { Do = _ => StepOutcome.Done },
            settings: [("Automation:Flows:Enabled", "false")]
        );
        await BeginAsync(host);
        var store = host.Get<RunStore>();
        var old = (await store.ClaimAsync(5, default)).Single();
        (await store.ClaimAsync(5, default)).ShouldBeEmpty();
        await store.ReleaseAsync(old, default);
        var current = (await store.ClaimAsync(5, default)).Single();
        (old.Fence, current.Fence).ShouldBe((1, 2));
        var written = false;
        var end = new RunProgress(RunRow.Done, 2, 0, TimeSpan.Zero, null);
        (await store.SaveAsync(old, end, [], [], (_, _) => Task.FromResult(written = true), default)).ShouldBeFalse();
        written.ShouldBeFalse();
        (await store.KeepAsync(old, default)).ShouldBeFalse();
        (await store.KeepAsync(current, default)).ShouldBeTrue();
        (await store.SaveAsync(current, end, [], [], null, default)).ShouldBeTrue();
    }

    // Two nodes on one PostgreSQL, 60 registrations on both: one conversation, one welcome, one notice for each consultant.
    [Fact]
    [Trait("Category", "integration")]
    public async Task TwoNodes_DoEachEffectOnce()
    {
        var database = await (await fixture.ServerAsync()).CreateDatabaseAsync();
        await using var one = await NodeAsync();
        await using var two = await NodeAsync();
        await one.AddUserAsync("cora", "consultant");
        await one.AddUserAsync("colin", "consultant");
        await Task.WhenAll(Enumerable.Range(0, 60).Select(i => (i % 2 == 0 ? one : two).RegisterAsync($"customer{i}")));
        await Eventually.UntilAsync(
            async () =>
                (
                    await one.RowsAsync(db =>
                        db.Runs.Where(r => r.Automation == "registration" && r.State == RunRow.Done)
                    )
                ).Count == 60,
            TimeSpan.FromSeconds(60)
        );
        (await one.RowsAsync(db => db.Conversations)).Select(c => c.UserId).Distinct().Count().ShouldBe(60);
        var said = await one.RowsAsync(db => db.Messages);
        said.Count.ShouldBe(60);
        said.Select(m => m.ConversationId).Distinct().Count().ShouldBe(60);
        var told = await one.RowsAsync(db => db.Notifications);
        told.Count.ShouldBe(120);
        told.Select(n => n.EffectKey).Distinct().Count().ShouldBe(120);

        Task<AutomationHost> NodeAsync() =>
            AutomationHost.StartAsync(
                folder.Path,
                database,
                add: static services =>
                    services.AddSingleton<AskAgent>(
                        static (question, _) =>
                            Task.FromResult(
                                new AgentAnswer($"Hello {question.UserId}", "stub", "1", null)
                                {
                                    Tools = ["get_user_profile"],
                                }
                            )
                    )
            );
    }
}
