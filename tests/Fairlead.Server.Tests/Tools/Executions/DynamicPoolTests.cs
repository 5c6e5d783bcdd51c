using Fairlead.Server.Tools.Executions;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Tools.Executions;

/// <summary>I-19: how many workers there are, by their load.</summary>
public sealed class DynamicPoolTests
{
    [Fact]
    public void Load_Above80Percent_GrowsByHalfUpToTheMost()
    {
        var pool = new DynamicPool(1, 40, 10);
        List<int> sizes = [];
        pool.Resized += change => sizes.Add(change.After);
        for (var i = 0; i < 6; i++)
            pool.Adjust(0.81);
        sizes.ShouldBe([15, 22, 33, 40]);
    }

    [Fact]
    public void Load_Below30Percent_ShrinksByThreeTenthsDownToTheLeast()
    {
        var pool = new DynamicPool(5, 40, 20);
        List<int> sizes = [];
        pool.Resized += change => sizes.Add(change.After);
        for (var i = 0; i < 6; i++)
            pool.Adjust(0.29);
        sizes.ShouldBe([14, 9, 6, 5]);
    }

    [Theory]
    [InlineData(0.8)]
    [InlineData(0.3)]
    [InlineData(0.5)]
    public void Load_OnABoundOrBetween_ChangesNothing(double load)
    {
        var pool = new DynamicPool(1, 100, 10);
        pool.Adjust(load).ShouldBeFalse();
        pool.Size.ShouldBe(10);
    }

    [Fact]
    public void Pool_OfOne_GrowsAgain() => new Func<int>(() =>
        {
            var pool = new DynamicPool(1, 10, 1);
            pool.Adjust(1).ShouldBeTrue();
            return pool.Size;
        })().ShouldBe(2);

    // The workers of the execution queue are such a pool.
    [Fact]
    public async Task Workers_AfterAQuietTime_AreFewerAndGrowWithTheLoad()
    {
        var release = new TaskCompletionSource();
        var hold = false;
        var inside = 0;
        await using var host = await ExecutionHost.StartAsync(
            async call =>
            {
                if (!hold)
                    return ExecutionHost.Good();
                Interlocked.Increment(ref inside);
                await release.Task;
                return ExecutionHost.Good();
            },
            ["a"]
        );
        for (var i = 0; i < 6; i++)
        {
            host.Time.Advance(TimeSpan.FromSeconds(6));
            await host.Submit(ExecutionHost.Of("a")).Ended;
        }
        await Fairlead.Testing.Eventually.UntilAsync(() => host.Turns.Running == 0);
        host.Turns.Size.ShouldBe(2);
        hold = true;
        var all = host.Queue.Submit([.. Enumerable.Range(0, 12).Select(_ => ExecutionHost.Of("a"))]).Require();
        await Fairlead.Testing.Eventually.UntilAsync(() => Volatile.Read(ref inside) == 10);
        host.Turns.Size.ShouldBe(10);
        release.SetResult();
        await Task.WhenAll(all.Select(e => e.Ended));
    }
}
