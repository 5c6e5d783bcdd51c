using Fairlead.Server.Automation.Agents;
using Fairlead.Server.Live;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Hosting;
using Fairlead.Server.Tests.Storage;
using Fairlead.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Automation;

/// <summary>Conversations over REST, live delivery, claims and notices (A-09, A-31, A-34, A-57, A-61…A-64).</summary>
public sealed class ConversationTests(PostgresFixture fixture) : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    private Task<AutomationHost> StartAsync(string? database = null, params (string Key, string Value)[] settings) =>
        AutomationHost.StartAsync(
            folder.Path,
            database,
            add: static services =>
                services.AddSingleton<AskAgent>(
                    static (_, _) => Task.FromResult(new AgentAnswer("Hello", "stub", "1", null) { Tools = ["t"] })
                ),
            settings: settings
        );

    private static async Task<string> GreetedAsync(AutomationHost host, string name)
    {
        var id = await host.RegisterAsync(name);
        await host.EndedAsync("registration", id);
        return (await host.RowsAsync(db => db.Conversations)).Single(c => c.UserId == id).Id;
    }

    // a customer has his own, and learns nothing of others'.
    [Fact]
    public async Task Customers_SeeTheirOwn_ConsultantsAll()
    {
        await using var host = await StartAsync();
        await host.AddUserAsync("cora", "consultant");
        var (ann, bob) = (await GreetedAsync(host, "ann"), await GreetedAsync(host, "bob"));
        (await host.GetAsync("/api/v1/chat/conversations", "ann")).Data.GetArrayLength().ShouldBe(1);
        (await host.GetAsync("/api/v1/chat/conversations", "cora")).Data.GetArrayLength().ShouldBe(2);
        const string hello = """{"text":"hello"}""";
        foreach (
            var answer in new[]
            {
                await host.GetAsync($"/api/v1/chat/conversations/{bob}", "ann"),
                await host.GetAsync($"/api/v1/chat/conversations/{bob}/messages", "ann"),
                await host.SendAsync(HttpMethod.Post, $"/api/v1/chat/conversations/{bob}/messages", hello, "ann"),
                await host.SendAsync(HttpMethod.Post, $"/api/v1/chat/conversations/{bob}/claim", null, "ann"),
                await host.SendAsync(
                    HttpMethod.Put,
                    $"/api/v1/chat/conversations/{bob}/ai",
                    """{"enabled":false}""",
                    "ann"
                ),
                await host.GetAsync("/api/v1/chat/conversations/none", "ann"),
            }
        )
            answer.Status.ShouldBe(404, answer.Text);
        (await host.SendAsync(HttpMethod.Post, $"/api/v1/chat/conversations/{ann}/claim", null, "ann")).Status.ShouldBe(
            403
        );
        (
            await host.SendAsync(HttpMethod.Put, $"/api/v1/chat/conversations/{ann}/ai", """{"enabled":false}""", "ann")
        ).Status.ShouldBe(403);
        var ai = await host.SendAsync(
            HttpMethod.Put,
            $"/api/v1/chat/conversations/{ann}/ai",
            """{"enabled":false}""",
            "cora"
        );
        ai.Data.GetProperty("ai_enabled").GetBoolean().ShouldBeFalse();
        var wrong = await host.SendAsync(
            HttpMethod.Post,
            $"/api/v1/chat/conversations/{ann}/messages",
            """{"text":" "}""",
            "ann"
        );
        (wrong.Status, wrong.Field).ShouldBe((400, "text"));
        var made = await host.SendAsync(
            HttpMethod.Post,
            "/api/v1/chat/conversations",
            """{"title":"My skin"}""",
            "ann"
        );
        made.Status.ShouldBe(201);
        (
            await host.SendAsync(HttpMethod.Post, $"/api/v1/chat/conversations/{ann}/messages", hello, "ann")
        ).Status.ShouldBe(201);
        // The last written in comes first, with what was said last.
        var list = (await host.GetAsync("/api/v1/chat/conversations", "ann")).Data;
        list[0].GetProperty("id").GetString().ShouldBe(ann);
        list[0].GetProperty("messages").EnumerateArray().Last().GetProperty("text").GetString().ShouldBe("hello");
        (await host.GetAsync($"/api/v1/chat/conversations/{ann}/messages?page_size=1&page=2", "ann"))
            .Data.EnumerateArray()
            .Single()
            .GetProperty("role")
            .GetString()
            .ShouldBe("customer");
    }

    // Both sides hear each other live.
    [Fact]
    public async Task Messages_AreHeardByBothSides()
    {
        await using var host = await StartAsync();
        await host.AddUserAsync("cora", "consultant");
        var id = await GreetedAsync(host, "ann");
        (await host.SendAsync(HttpMethod.Post, $"/api/v1/chat/conversations/{id}/claim", null, "cora")).Status.ShouldBe(
            200
        );
        using var ann = await host.ConnectAsync("ann");
        using var cora = await host.ConnectAsync("cora");
        await Eventually.UntilAsync(() => host.Get<LiveNotifier>().Users.Count == 2);
        await host.SendAsync(
            HttpMethod.Post,
            $"/api/v1/chat/conversations/{id}/messages",
            """{"text":"How are you?"}""",
            "cora"
        );
        foreach (var client in new[] { ann, cora })
        {
            var heard = await client.NextAsync();
            (heard.GetProperty("role").GetString(), heard.GetProperty("text").GetString()).ShouldBe(
                ("consultant", "How are you?")
            );
        }
    }

    // of many who claim at once one wins, with the time of it; the others are told who.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Category", "integration")]
    public async Task Claim_OfMany_HasOneWinner(bool postgres)
    {
        await using var host = await StartAsync(
            postgres ? await (await fixture.ServerAsync()).CreateDatabaseAsync() : null
        );
        var names = Enumerable.Range(0, 8).Select(i => $"consultant{i}").ToList();
        foreach (var name in names)
            await host.AddUserAsync(name, "consultant");
        var id = await GreetedAsync(host, "ann");
        var all = await Task.WhenAll(
            names.Select(name => host.SendAsync(HttpMethod.Post, $"/api/v1/chat/conversations/{id}/claim", null, name))
        );
        var winner = all.Where(a => a.Status == 200).ShouldHaveSingleItem().Data;
        winner.GetProperty("claimed_at").GetDateTimeOffset().ShouldNotBe(default);
        foreach (var loser in all.Where(a => a.Status != 200))
        {
            loser.Status.ShouldBe(409, loser.Text);
            loser
                .Json.GetProperty("error")
                .GetProperty("details")
                .GetProperty("consultant_id")
                .GetString()
                .ShouldBe(winner.GetProperty("consultant_id").GetString());
        }
        var other = names[Array.FindIndex(all, a => a.Status == 409)];
        (
            await host.SendAsync(
                HttpMethod.Post,
                $"/api/v1/chat/conversations/{id}/messages",
                """{"text":"me"}""",
                other
            )
        ).Status.ShouldBe(409);
    }

    // a push that fails twice arrives at the third try; one that never does is told of.
    [Theory]
    [InlineData(2, "sent", 3)]
    [InlineData(99, "failed", 4)]
    public async Task Push_ThatFails_IsTriedAgain(int failures, string state, int attempts)
    {
        var pushes = new List<string>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var phone = builder.Build();
        phone.MapPost(
            "/push",
            async (HttpContext http) =>
            {
                using var reader = new StreamReader(http.Request.Body);
                var body = await reader.ReadToEndAsync();
                lock (pushes)
                    pushes.Add(body);
                http.Response.StatusCode = pushes.Count <= failures ? 503 : 204;
            }
        );
        await phone.StartAsync(TestContext.Current.CancellationToken);
        await using var host = await StartAsync(
            settings:
            [
                ("Automation:Notices:PushUrl", $"{phone.Urls.Single()}/push"),
                ("Automation:Notices:Retries:0", "00:00:00.010"),
                ("Automation:Notices:Retries:1", "00:00:00.010"),
                ("Automation:Notices:Retries:2", "00:00:00.010"),
            ]
        );
        await host.AddUserAsync("cora", "consultant");
        var conversation = await GreetedAsync(host, "ann");
        await Eventually.UntilAsync(async () =>
            (await host.RowsAsync(db => db.Notifications)).Single().State is "sent" or "failed"
        );
        var row = (await host.RowsAsync(db => db.Notifications)).Single();
        (row.State, row.Attempts, pushes.Count).ShouldBe((state, attempts, attempts));
        var push = System.Text.Json.JsonElement.Parse(pushes[0]);
        push.GetProperty("conversation_id").GetString().ShouldBe(conversation);
        push.EnumerateObject().Select(m => m.Name).ShouldBe(["title", "body", "conversation_id", "user_id"]);
        host.Log.All.ShouldContain(l =>
            l.Contains("was not delivered at attempt 1: The push was answered 503.", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Notice_IsReadByItsOwnerOnly()
    {
        await using var host = await StartAsync();
        await host.AddUserAsync("cora", "consultant");
        await GreetedAsync(host, "ann");
        var id = (await host.RowsAsync(db => db.Notifications)).Single().Id;
        (await host.SendAsync(HttpMethod.Post, $"/api/v1/notifications/{id}/read", null, "ann")).Status.ShouldBe(404);
        (await host.SendAsync(HttpMethod.Post, $"/api/v1/notifications/{id}/read", null, "cora"))
            .Data.GetProperty("read_at")
            .ValueKind.ShouldBe(System.Text.Json.JsonValueKind.String);
        (await host.GetAsync("/api/v1/notifications?unread=true", "cora")).Data.GetArrayLength().ShouldBe(0);
        (await host.GetAsync("/api/v1/notifications", "cora")).Data.GetArrayLength().ShouldBe(1);
    }

    // Across nodes: who is connected to the other one hears it, and is known to be there.
    [Fact]
    [Trait("Category", "integration")]
    public async Task Messages_ReachTheOtherNode()
    {
        var database = await (await fixture.ServerAsync()).CreateDatabaseAsync();
        await using var one = await StartAsync(database);
        await using var two = await StartAsync(database);
        await one.AddUserAsync("cora", "consultant");
        using var cora = await two.ConnectAsync("cora");
        await Eventually.UntilAsync(async () => (await one.RowsAsync(db => db.Presence)).Count == 1);
        await Eventually.UntilAsync(async () =>
        {
            await one.Get<LiveNotifier>().SendAsync("nobody", "{}"u8.ToArray());
            return true;
        });
        await GreetedAsync(one, "ann");
        (await cora.NextAsync()).GetProperty("type").GetString().ShouldBe("new_customer");
        (await one.RowsAsync(db => db.Notifications)).Single().Channel.ShouldBe("live");
    }

    [Fact]
    public async Task Connections_OfOneUser_AreBounded()
    {
        await using var host = await StartAsync(settings: [("Live:ConnectionsPerUser", "2")]);
        await host.AddUserAsync("ann", "customer");
        using var one = await host.ConnectAsync("ann");
        using var two = await host.ConnectAsync("ann");
        await Eventually.UntilAsync(() => host.Get<LiveNotifier>().Connections == 2);
        using var three = await host.ConnectAsync("ann");
        (await three.ClosedAsync()).ShouldBe("too many connections");
        host.Get<LiveNotifier>().Connections.ShouldBe(2);
    }

    [Fact]
    public async Task Live_WithoutAToken_IsRefused()
    {
        await using var host = await StartAsync();
        (await host.SendAsync(HttpMethod.Get, "/api/v1/live")).Status.ShouldBe(401);
        (await host.GetAsync("/api/v1/live", "admin")).Status.ShouldBe(400);
    }
}
