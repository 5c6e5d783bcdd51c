using System.Text.Json;
using Fairlead.Client;
using Fairlead.Client.Store;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd;

// S-01, S-08 to S-13, S-15 in the words of document 002 and of mcpstore (contracts.md section 4.1).
public sealed class StoreVerbsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Store_AndAnAgentsPart_AddStartCallStopAndDelete()
    {
        await using var product = await Product.StartAsync();
        using var client = new FairleadClient(new Uri(product.Url));
        await client.SignInAsync("admin", Product.Password, Token);
        await client.Groups.CreateAsync(new GroupDraft { Name = "Support", ServerCode = "support" }, Token);
        var mcp = new McpStore(client);
        var store = mcp.ForStore();
        var agent = mcp.ForAgent("support");
        using var events = new EventReader(client);

        var added = await agent.AddServiceAsync($"{{\"mcpServers\":{{\"db\":{Product.Fixture()}}}}}", Token);
        added.Services.ShouldHaveSingleItem().Action.ShouldBe("add");
        (
            await agent.WaitServiceAsync("db", "running", TimeSpan.FromSeconds(30), cancellationToken: Token)
        ).ShouldBeTrue();
        (await store.WaitServiceAsync("db", "ready", cancellationToken: Token)).ShouldBeTrue();
        await store.AddServiceAsync(
            new ServiceDraft
            {
                Name = "api",
                Command = "node",
                Args = ["-e", "process.exit(1)"],
                DependsOn = ["db"],
                MaxRestarts = 1,
                RestartOnError = false,
            },
            Token
        );

        (await NamesAsync(store)).ShouldBe(["db", "api"]);
        (await NamesAsync(agent)).ShouldBe(["db"]);
        await Should.ThrowAsync<KeyNotFoundException>(() => agent.GetServiceInfoAsync("api", Token));
        (await store.GetServiceInfoAsync("api", Token)).DependsOn.ShouldBe(["db"]);

        (await agent.CallToolAsync("db_echo", Argument("hello"), cancellationToken: Token)).Text.ShouldContain("hello");
        (await agent.CallToolAsync("db.echo", Argument("dot"), cancellationToken: Token)).Text.ShouldContain("dot");
        (await agent.UseToolAsync("echo", Argument("plain"), Token)).Text.ShouldContain("plain");
        var unknown = await Should.ThrowAsync<ArgumentException>(() => agent.UseToolAsync("ehco", default, Token));
        unknown.Message.ShouldContain("Near it: echo");

        (await store.StopServiceAsync("db", force: true, Token)).ShouldBeTrue();
        (await store.GetServiceStatusAsync("db", Token)).ShouldBe(ServiceStatus.Stopped);
        (await store.StartServiceAsync("db", Token)).ShouldBeTrue();
        (await store.StartServiceAsync("db", Token)).ShouldBeTrue("started again it stays as it is");
        (await store.RestartServiceAsync("db", Token)).ShouldBeTrue();
        (await store.StartServiceAsync("api", Token)).ShouldBeFalse("it cannot run");
        var down = await store.StopAllAsync(Token);
        down.Select(o => (o.Name, o.Ok)).ShouldBe([("api", true), ("db", true)]);
        (await store.CheckServicesAsync(Token)).ShouldAllBe(c => !c.Healthy);
        (await store.WaitServiceAsync("db", timeout: TimeSpan.Zero, cancellationToken: Token)).ShouldBeFalse();
        await Should.ThrowAsync<TimeoutException>(() =>
            store.WaitServiceAsync("db", timeout: TimeSpan.Zero, throwOnTimeout: true, cancellationToken: Token)
        );
        (await store.ShowMcpJsonAsync(Token)).ShouldContain("\"api\"");
        var part = await agent.ShowMcpJsonAsync(Token);
        part.ShouldContain("\"db\"");
        part.ShouldNotContain("\"api\"");

        await agent.DeleteServiceAsync("db", Token);
        (await NamesAsync(agent)).ShouldBeEmpty();
        (await NamesAsync(store)).ShouldBe(["db", "api"], "only the store removes it");
        await store.DeleteServiceAsync("api", Token);
        (await NamesAsync(store)).ShouldBe(["db"]);

        await Eventually.UntilAsync(() => events.Seen.Any(e => e is { Service: "api", Level: "alert" }));
        var health = await client.Services.GetHealthAsync("db", TimeSpan.FromHours(1), Token);
        health.Status.ShouldBe(ServiceStatus.Stopped);
        (await client.Services.ListEventsAsync("db", cancellationToken: Token)).ShouldNotBeEmpty();
    }

    private static JsonElement Argument(string message) => JsonSerializer.SerializeToElement(new { message });

    private static async Task<List<string>> NamesAsync(McpStoreScope scope)
    {
        List<string> names = [];
        await foreach (var service in scope.ListServicesAsync(Token))
            names.Add(service.Name);
        return names;
    }

    private sealed class EventReader : IDisposable
    {
        private readonly CancellationTokenSource end = new();
        private readonly List<ServiceEvent> seen = [];

        public EventReader(FairleadClient client) => _ = ReadAsync(client);

        public IReadOnlyList<ServiceEvent> Seen
        {
            get
            {
                lock (seen)
                    return [.. seen];
            }
        }

        public void Dispose()
        {
            end.Cancel();
            end.Dispose();
        }

        private async Task ReadAsync(FairleadClient client)
        {
            await foreach (var happened in client.Services.FollowEventsAsync(last: 1000, null, end.Token))
            {
                lock (seen)
                    seen.Add(happened);
            }
        }
    }
}
