using System.ComponentModel;
using System.Net.Sockets;
using System.Security;
using System.Security.Authentication;
using Fairlead.Server.Tools.Recovery;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Tools.Recovery;

/// <summary>How bad a failure is, what it is about, and when something is tried again.</summary>
public sealed class ClassifyingTests
{
    public static TheoryData<Exception, string> Exceptions =>
        new()
        {
            { new OutOfMemoryException(), "Critical" },
            { new InsufficientMemoryException(), "Critical" },
            { new AccessViolationException(), "Critical" },
            { new InsufficientExecutionStackException(), "Critical" },
            { new BadImageFormatException(), "Critical" },
            { new Win32Exception(2), "Critical" },
            { new UnauthorizedAccessException(), "High" },
            { new SecurityException(), "High" },
            { new AuthenticationException(), "High" },
            { new TimeoutException(), "Medium" },
            { new TaskCanceledException(), "Medium" },
            { new SocketException(), "Medium" },
            { new HttpRequestException(), "Medium" },
            { new ArgumentException(), "Low" },
            { new InvalidOperationException(), "Low" },
            { new KeyNotFoundException(), "Low" },
        };

    //
    [Theory]
    [MemberData(nameof(Exceptions))]
    public void Severity_OfAnException_IsThatOfTheTable(Exception exception, string severity)
    {
        SeverityTable.Of(exception).ToString().ShouldBe(severity);
        SeverityTable.Of(exception.GetType().Name).ToString().ShouldBe(severity);
    }

    //
    [Fact]
    public void Severities_AreFour() => Enum.GetNames<Severity>().ShouldBe(["Low", "Medium", "High", "Critical"]);

    //
    [Fact]
    public void Strategies_AreFive() =>
        Enum.GetNames<RecoveryStrategy>().ShouldBe(["Retry", "Fallback", "Skip", "Abort", "Manual"]);

    // I-21
    [Theory]
    [InlineData("Connection lost", "Database")]
    [InlineData("TIMEOUT after 30 s", "Database")]
    [InlineData("deadlock detected", "Database")]
    [InlineData("connection refused", "Database")]
    [InlineData("socket closed", "Network")]
    [InlineData("host refused it", "Network")]
    [InlineData("Network is unreachable", "Network")]
    [InlineData("refused: invalid", "Network")]
    [InlineData("Invalid date", "Validation")]
    [InlineData("field missing", "Validation")]
    [InlineData("'x' is required", "Validation")]
    [InlineData("permission denied: field required", "Validation")]
    [InlineData("Access Denied", "Permission")]
    [InlineData("401 Unauthorized", "Permission")]
    [InlineData("Forbidden", "Permission")]
    [InlineData("something else", "Unknown")]
    [InlineData("", "Unknown")]
    public void Class_OfAText_IsTheFirstThatMatches(string text, string found) =>
        FailureClasses.Of(text).ToString().ShouldBe(found);

    // C-08
    [Fact]
    public void Policies_ByName_AreFourAndThereIsNoDefault()
    {
        RetryPolicies.Names.Order().ShouldBe(["automation", "exception", "service-recovery", "task"]);
        Waits("task", 3).ShouldBe([1, 2, 4]);
        Waits("exception", 3).ShouldBe([1, 2, 4]);
        Waits("automation", 3).ShouldBe([5, 15, 60]);
        Waits("service-recovery", 3).ShouldBe([5, 5, 5]);
        foreach (var name in RetryPolicies.Names)
            RetryPolicies.Get(name).Next(3).ShouldBeNull();
        Should.Throw<KeyNotFoundException>(() => RetryPolicies.Get("default"));
        Should.Throw<KeyNotFoundException>(() => RetryPolicies.Get(""));

        static IEnumerable<double> Waits(string name, int count) =>
            Enumerable.Range(0, count).Select(n => RetryPolicies.Get(name).Next(n)!.Value.TotalSeconds);
    }

    //
    [Fact]
    public void Wait_OfManyRetries_IsCappedAtThirtySeconds()
    {
        RetryPolicies.Task.Next(4, most: 10).ShouldBe(TimeSpan.FromSeconds(16));
        RetryPolicies.Task.Next(5, most: 10).ShouldBe(TimeSpan.FromSeconds(30));
        RetryPolicies.Task.Next(9, most: 100).ShouldBe(TimeSpan.FromSeconds(30));
        RetryPolicies.Task.Next(99, most: 100).ShouldBe(TimeSpan.FromSeconds(30));
    }

    // I-22
    [Fact]
    public async Task Work_ThatFailsRecoverably_IsHealedBeforeItIsTriedAgain()
    {
        var time = new FakeTimeProvider();
        List<string> seen = [];
        var running = Retrying.RunAsync(
            RetryPolicies.Exception,
            _ =>
            {
                seen.Add("try");
                return seen.Count < 4
                    ? throw new TimeoutException("the database did not answer")
                    : Task.FromResult("done");
            },
            (found, _) =>
            {
                seen.Add($"heal {found}");
                return ValueTask.CompletedTask;
            },
            time,
            CancellationToken.None
        );
        await Eventually.UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return running.IsCompleted;
        });
        (await running).ShouldBe("done");
        seen.ShouldBe(["try", "heal Database", "try", "heal Database", "try"]);
    }

    // I-22
    [Fact]
    public async Task Work_ThatFailsOtherwise_IsNotTriedAgain()
    {
        var tries = 0;
        await Should.ThrowAsync<InvalidOperationException>(() =>
            Retrying.RunAsync<string>(
                RetryPolicies.Exception,
                _ =>
                {
                    tries++;
                    throw new InvalidOperationException("no");
                },
                (_, _) => ValueTask.CompletedTask,
                new FakeTimeProvider(),
                CancellationToken.None
            )
        );
        tries.ShouldBe(1);
    }

    // R-36, I-30
    [Fact]
    public void Budget_OfAThousandAttempts_LetsTwentyPercentMoreThrough()
    {
        var time = new FakeTimeProvider();
        var budget = new RetryBudget(0.2, 10, time);
        var retries = 0;
        for (var i = 0; i < 1_000; i++)
        {
            budget.Earn();
            while (budget.TrySpend())
                retries++;
        }
        retries.ShouldBe(210);
        time.Advance(TimeSpan.FromSeconds(30));
        budget.TrySpend().ShouldBeTrue();
        for (var i = 0; i < 4; i++)
            budget.TrySpend().ShouldBeTrue();
        budget.TrySpend().ShouldBeFalse();
    }
}
