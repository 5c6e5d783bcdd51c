using Fairlead.Server.Gateway.Intake;
using Fairlead.Server.Hosting;
using Fairlead.Server.Hosting.Limits;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Gateway;
using Fairlead.Server.Tools;
using Fairlead.Server.Tools.Executions;
using Fairlead.Server.Tools.Recovery;
using Fairlead.Testing;
using Fairlead.Toolkit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using ModelContextProtocol.Server;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Tools.Executions;

/// <summary>What authors of native tools say, and throw, is heeded.</summary>
public sealed class NativeExecutionTests
{
    internal sealed class Authored
    {
        public TaskCompletionSource Door { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public int Inside;
        public int Thrown;

        [McpServerTool(Name = "print"), Exclusive("printer")]
        public Task<string> PrintAsync() => PassAsync();

        [McpServerTool(Name = "scan"), Exclusive("printer")]
        public Task<string> ScanAsync() => PassAsync();

        [McpServerTool(Name = "burst", ReadOnly = true)]
        public string Burst()
        {
            Interlocked.Increment(ref Thrown);
            throw new TimeoutException("inside");
        }

        [McpServerTool(Name = "scarce"), RateLimit(2, 60)]
        public static string Scarce() => "had";

        [McpServerTool(Name = "long")]
        public async Task<string> LongAsync(CallContext context)
        {
            context.Report(1, 4, "a quarter");
            await Door.Task;
            return "done";
        }

        [McpServerTool(Name = "guarded"), RequireRole("admin")]
        public static string Guarded(CallContext context) => context.User!.Id;

        private async Task<string> PassAsync()
        {
            Interlocked.Increment(ref Inside);
            await Door.Task;
            return "done";
        }
    }

    private static async Task<ExecutionHost> StartAsync(Authored tools) =>
        await ExecutionHost.StartAsync(_ => Task.FromResult(ExecutionHost.Good()), ["a"], native: tools);

    // [Exclusive] of two tools with one resource.
    [Fact]
    public async Task Exclusive_OfTwoNativeTools_LetsThemTakeTurns()
    {
        var tools = new Authored();
        await using var host = await StartAsync(tools);
        var all = host.Queue.Submit([ExecutionHost.Of("print"), ExecutionHost.Of("scan")]).Require();
        await Eventually.UntilAsync(() => Volatile.Read(ref tools.Inside) == 1 && host.Turns.Waiting == 1);
        tools.Door.SetResult();
        (await Task.WhenAll(all.Select(e => e.Ended))).ShouldAllBe(r => r.Success);
    }

    // long work is an execution that tells how far it is, until it has ended.
    [Fact]
    public async Task Progress_OfARunningExecution_IsShown()
    {
        var tools = new Authored();
        await using var host = await StartAsync(tools);
        var execution = host.Submit(ExecutionHost.Of("long"));
        await Eventually.UntilAsync(() => execution.Progress is not null);
        execution.Progress.ShouldBe(new ExecutionProgress(1, 4, "a quarter"));
        execution.Status.ShouldBe(ExecutionStatus.Running);
        ExecutionView.Of(execution, "default", whole: false).Progress.ShouldBe(execution.Progress);
        tools.Door.SetResult();
        (await execution.Ended).Success.ShouldBeTrue();
        ExecutionView.Of(execution, "default", whole: false).Progress.ShouldBeNull();
    }

    // a guarded tool runs for the one behind the execution, and for nobody where that is not known.
    [Theory]
    [InlineData("admin", true)]
    [InlineData("customer", false)]
    [InlineData(null, false)]
    public async Task Role_OfAGuardedNativeTool_IsThatOfTheSubmitter(string? role, bool may)
    {
        await using var host = await StartAsync(new Authored());
        var request = ExecutionHost.Of("guarded") with
        {
            Caller = role is null ? null : new CallingUser(new UserId("7"), [role], null),
        };
        (await host.EndAsync(host.Submit(request))).Success.ShouldBe(may);
    }

    // P-89: a user's limit makes executions wait; they do not fail by it.
    [Fact]
    public async Task Executions_OverTheLimitOfANativeTool_WaitForIt()
    {
        await using var host = await StartAsync(new Authored());
        var limits = new SharedLimits(new LimitsOptions(), host.Time, NullLogger<SharedLimits>.Instance);
        NativeLimit.Attach(host.Get<NativeTools>().All, new LimitsOptions(), limits, host.Time);
        var all = host
            .Queue.Submit([ExecutionHost.Of("scarce"), ExecutionHost.Of("scarce"), ExecutionHost.Of("scarce")])
            .Require();
        await Eventually.UntilAsync(() => all.Count(e => e.Ended.IsCompleted) == 2);
        var result = await host.EndAsync(all.Single(e => !e.Ended.IsCompleted), TimeSpan.FromSeconds(20));
        result.Success.ShouldBeTrue();
        result.Attempts.ShouldBe(1);
    }

    // also of calls over MCP, and also when the caller gave up on one that goes on.
    [Fact]
    public async Task Exclusive_OfNativeToolsCalledOverMcp_LetsThemTakeTurns()
    {
        var tools = new Authored();
        await using var host = await StartAsync(tools);
        using var client = host.Gateway.Client();
        using var gaveUp = new CancellationTokenSource();
        var first = CallAsync("print", gaveUp.Token);
        await Eventually.UntilAsync(() => Volatile.Read(ref tools.Inside) == 1);
        var second = CallAsync("scan", default);
        await Eventually.UntilAsync(() => host.Gateway.InFlight.Count == 2);
        await gaveUp.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => first);
        await Eventually.UntilAsync(() => host.Gateway.InFlight.Count == 1);
        Volatile.Read(ref tools.Inside).ShouldBe(1);
        tools.Door.SetResult();
        (await second).ShouldContain("done");
        tools.Inside.ShouldBe(2);

        async Task<string> CallAsync(string tool, CancellationToken cancellationToken)
        {
            using var request = Wire.Modern("tools/call", $"\"name\":\"{tool}\",\"arguments\":{{}}", tool);
            using var response = await client.SendAsync(request, cancellationToken);
            return await response.Content.ReadAsStringAsync(cancellationToken);
        }
    }

    // The settings' sections are read, and a value out of bounds is named.
    [Fact]
    public void Settings_OutOfBounds_AreNamed()
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(
                new Dictionary<string, string?>
                {
                    ["Fairlead:Executions:MaxConcurrent"] = "0",
                    ["Fairlead:Executions:ExclusiveTools:0"] = "mine",
                    ["Fairlead:Recovery:BreakerProbes"] = "0",
                    ["Fairlead:Recovery:Chains:Network:0"] = "fallback",
                    ["Fairlead:Recovery:FallbackTools:a"] = "b",
                }
            )
            .Build();
        var options = FairleadOptions.Bind(configuration);
        options.Executions.Exclusive.ShouldBe(["mine"]);
        options.Recovery.Chains["Network"].ShouldBe(["fallback"]);
        options.Recovery.FallbackTools["a"].ShouldBe("b");
        var errors = options.Validate();
        errors.ShouldContain(e => e.StartsWith("Executions:MaxConcurrent "));
        errors.ShouldContain(e => e.StartsWith("Recovery:BreakerProbes "));
    }

    // what a native tool threw is known by its type, and counts for its breaker.
    [Fact]
    public async Task Exception_OfANativeTool_IsKnownByItsType()
    {
        var tools = new Authored();
        await using var host = await StartAsync(tools);
        await host.EndAsync(host.Submit(ExecutionHost.Of("burst")), TimeSpan.FromMilliseconds(500));
        tools.Thrown.ShouldBe(4);
        var failures = host.Get<Failures>().All;
        failures.Count.ShouldBe(4);
        failures.ShouldAllBe(f => f.ExceptionType == nameof(TimeoutException) && f.Severity == Severity.Medium);
        var breaker = host.Get<Breakers>().All.Single();
        breaker.Key.ShouldBe(new ToolKey("native", "burst"));
        breaker.FailureCount.ShouldBe(4);
    }
}
