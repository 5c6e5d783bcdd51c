using Fairlead.Protocol;
using Fairlead.Server.Services;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Services.Supervision;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Gateway;
using Fairlead.Server.Tests.Storage;
using Fairlead.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Supervision;

/// <summary>The subscription to list changes of a modern service is kept for as long as its connection.</summary>
public sealed class ListKeeperTests
{
    [Fact]
    public async Task Lists_OfAServiceThatNeverSaysTheyChanged_AreReadAgain() // contracts.md §4.5
    {
        using var folder = new TempFolder();
        await using var store = await TestStore.OpenAsync(new StorageOptions { DataDirectory = folder.Path });
        var id = await store.AddServiceAsync("svc");
        var time = new FakeTimeProvider();
        var version = 0;
        var channel = new ScriptedChannel(
            Revision.V20251125,
            call =>
                Task.FromResult(
                    ScriptedChannel.Result(
                        call.Call.Method == McpMethod.ToolsList
                            ? $$"""{"tools":[{"name":"t{{Interlocked.Increment(ref version)}}"}]}"""
                            : """{"prompts":[],"resources":[],"resourceTemplates":[]}"""
                    )
                )
        );
        var options = new ServicesOptions();
        var keeper = new ListKeeper(
            store.Now.Services.Single(s => s.Id == id),
            channel,
            store.Watcher,
            new ServiceSlots(time),
            store.Catalogue,
            options,
            time,
            NullLogger.Instance
        );
        using var end = new CancellationTokenSource();
        var running = keeper.RunAsync(() => { }, end.Token);
        time.Advance(options.ListAge);
        await Eventually.UntilAsync(() => !store.Now.Catalogue.IsEmpty);
        await Eventually.UntilAsync(() =>
        {
            time.Advance(options.ListAge);
            return store.Now.Catalogue.All(i => i.Name != "t1");
        });
        await end.CancelAsync();
        await running;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Listen_EndingAtOnceAgainAndAgain_IsOpenedAgainForEver(bool throwing)
    {
        using var folder = new TempFolder();
        await using var store = await TestStore.OpenAsync(new StorageOptions { DataDirectory = folder.Path });
        var id = await store.AddServiceAsync("svc");
        var time = new FakeTimeProvider();
        var listens = 0;
        var channel = new ScriptedChannel(
            Revision.V20260728,
            call =>
            {
                if (call.Call.Method != McpMethod.SubscriptionsListen)
                    return Task.FromResult(ScriptedChannel.Result("""{"tools":[],"resultType":"complete"}"""));
                Interlocked.Increment(ref listens);
                return throwing
                    ? throw new InvalidOperationException("a planted fault")
                    : Task.FromResult(ChannelReply.Fail(ChannelFailure.Protocol, dispatched: true));
            }
        );
        var keeper = new ListKeeper(
            store.Now.Services.Single(s => s.Id == id),
            channel,
            store.Watcher,
            new ServiceSlots(time),
            store.Catalogue,
            new ServicesOptions(),
            time,
            NullLogger.Instance
        );
        using var end = new CancellationTokenSource();
        var running = keeper.RunAsync(() => { }, end.Token);
        // Doubling without a bound overflows at the 38th.
        await Eventually.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMinutes(5));
                return Volatile.Read(ref listens) > 50;
            },
            TimeSpan.FromSeconds(30)
        );
        await end.CancelAsync();
        await running;
    }
}
