using Fairlead.Server.Automation.Agents;
using Fairlead.Server.Automation.Registration;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry.Calls;
using Fairlead.Server.Tests.Storage;
using Fairlead.Testing;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Automation;

/// <summary>From sign-up to a welcome and a consultant (A-01… … … …A-72).</summary>
public sealed class RegistrationTests : IDisposable
{
    private static readonly string[] NoticeKeys =
    [
        "type",
        "title",
        "message",
        "customer_id",
        "conversation_id",
        "timestamp",
        "action",
    ];

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    private static AskAgent Says(string text, params string[] tools) =>
        (_, _) => Task.FromResult(new AgentAnswer(text, "stub", "1", null) { Tools = tools });

    private static AskAgent Fails() =>
        (_, _) => Task.FromResult(new AgentAnswer(null, "stub", "1", new("unavailable", "the agent is away")));

    // the whole flow with the built-in agent, over our own MCP endpoint.
    [Fact]
    public async Task Registration_IsGreetedPersonally_AndConsultantsAreTold()
    {
        await using var host = await AutomationHost.StartAsync(folder.Path);
        await host.AddUserAsync("cora", "consultant");
        var absent = await host.AddUserAsync("colin", "consultant");
        using var consultant = await host.ConnectAsync("cora");
        await Eventually.UntilAsync(() => host.Get<Fairlead.Server.Live.LiveNotifier>().Users.Count == 1);
        var id = await host.RegisterAsync("李梅");
        var (run, steps) = await host.EndedAsync("registration", id);
        run.State.ShouldBe(RunRow.Done, run.Error);
        steps
            .Select(s => (s.Name, s.State))
            .ShouldBe([
                ("conversation_created", "done"),
                ("dify_triggered", "done"),
                ("mcp_called", "done"),
                ("welcome_sent", "done"),
                ("consultants_notified", "done"),
            ]);

        var list = await host.GetAsync("/api/v1/chat/conversations", "李梅");
        var conversation = list.Data.EnumerateArray().ShouldHaveSingleItem();
        var welcome = conversation.GetProperty("messages").EnumerateArray().ShouldHaveSingleItem();
        (welcome.GetProperty("type").GetString(), welcome.GetProperty("role").GetString()).ShouldBe(
            ("welcome", "assistant")
        );
        var text = welcome.GetProperty("text").GetString()!;
        text.ShouldStartWith("李梅，您好，欢迎您！");
        text.Split('\n').Count(l => l.StartsWith('•')).ShouldBe(4);

        // the calls of the agent are in the call log, like anybody's.
        await host.Get<CallLog>().FlushAsync(default);
        var calls = await host.GetAsync("/api/v1/calls", "admin");
        calls.Text.ShouldContain("\"fairlead-butler\"");
        calls.Text.ShouldContain("\"get_user_profile\"");
        calls.Text.ShouldContain("\"analyze_customer\"");

        // the one who is there hears it live, with exactly these members; A-62: the other finds it unread.
        var notice = await consultant.NextAsync();
        notice.EnumerateObject().Select(m => m.Name).ShouldBe(NoticeKeys);
        notice.GetProperty("type").GetString().ShouldBe("new_customer");
        notice.GetProperty("action").GetString().ShouldBe("claim_customer");
        notice.GetProperty("customer_id").GetString().ShouldBe(id);
        notice.GetProperty("conversation_id").GetString().ShouldBe(conversation.GetProperty("id").GetString());
        // who, where, how soon; what identifies him is masked.
        var message = notice.GetProperty("message").GetString()!;
        message.ShouldContain("李梅");
        message.ShouldContain("within 5 minutes");
        message.ShouldNotContain("13800138000");
        message.ShouldNotContain("@example.org\"");
        var rows = await host.RowsAsync(db => db.Notifications);
        rows.Count.ShouldBe(2);
        rows.Single(r => r.UserId == absent).Channel.ShouldBe("push");
        var unread = await host.GetAsync("/api/v1/notifications?unread=true", "colin");
        unread.Data.EnumerateArray().ShouldHaveSingleItem().GetProperty("type").GetString().ShouldBe("new_customer");
    }

    // what the customer hears live is what is in the table.
    [Fact]
    public async Task Welcome_IsHeardLive_WithTheIdInTheTable()
    {
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var host = await AutomationHost.StartAsync(
            folder.Path,
            add: services =>
                services.AddSingleton<AskAgent>(
                    async (_, _) =>
                    {
                        await ready.Task;
                        return new("Hello", "stub", "1", null);
                    }
                )
        );
        var id = await host.RegisterAsync("ann");
        using var client = await host.ConnectAsync("ann");
        await Eventually.UntilAsync(() => host.Get<Fairlead.Server.Live.LiveNotifier>().Users.Contains(id));
        ready.SetResult();
        var heard = await client.NextAsync();
        (heard.GetProperty("type").GetString(), heard.GetProperty("text").GetString()).ShouldBe(("message", "Hello"));
        (await host.RowsAsync(db => db.Messages)).Single().Id.ShouldBe(heard.GetProperty("message_id").GetString());
    }

    // exactly these values.
    [Fact]
    public async Task Agent_IsAskedWithWhatIsKnown()
    {
        AgentQuestion? asked = null;
        await using var host = await AutomationHost.StartAsync(
            folder.Path,
            add: services =>
                services.AddSingleton<AskAgent>(
                    (question, _) =>
                    {
                        asked = question;
                        return Task.FromResult(
                            new AgentAnswer("Hello", "stub", "1", null) { Tools = ["get_user_profile"] }
                        );
                    }
                )
        );
        var id = await host.RegisterAsync("ann");
        await host.EndedAsync("registration", id);
        var conversation = (await host.RowsAsync(db => db.Conversations)).Single();
        asked.ShouldNotBeNull();
        (asked.UserId, asked.SessionId, asked.History.Count).ShouldBe((id, conversation.Id, 0));
        asked.Message.ShouldContain("ann");
        asked.Deadline.ShouldBe(TimeSpan.FromSeconds(2.5));
        var profile = asked.UserProfile!.Value;
        profile.GetProperty("is_new_user").GetBoolean().ShouldBeTrue();
        profile.GetProperty("source").GetString().ShouldBe("registration_automation");
        profile.GetProperty("analysis").GetProperty("username").GetString().ShouldBe("ann");
    }

    // without its agent the default welcome goes out, and consultants are told all the same.
    [Fact]
    public async Task Agent_ThatFails_LeavesTheDefaultWelcome()
    {
        await using var host = await AutomationHost.StartAsync(
            folder.Path,
            add: static services => services.AddSingleton(Fails())
        );
        await host.AddUserAsync("cora", "consultant");
        var changed = await host.SendAsync(
            HttpMethod.Put,
            "/api/v1/settings/welcome.template",
            """{"value":"Hi {username}!\n• a\n• b\n• c\n• d"}""",
            "admin"
        );
        changed.Status.ShouldBe(200, changed.Text);
        var id = await host.RegisterAsync("ann");
        var (run, steps) = await host.EndedAsync("registration", id);
        run.State.ShouldBe(RunRow.Done);
        steps.Select(s => s.State).ShouldBe(["done", "failed", "failed", "done", "done"]);
        steps[1].Error.ShouldBe("the agent is away");
        StoreJson
            .ReadMessage((await host.RowsAsync(db => db.Messages)).Single().Content)
            .Text.ShouldStartWith("Hi ann!");
        (await host.RowsAsync(db => db.Notifications)).Count.ShouldBe(1);
        host.Log.All.ShouldContain(l =>
            l.StartsWith(
                "Warning: The agent is not available, the default welcome goes to user",
                StringComparison.Ordinal
            )
        );
    }

    // the text nobody changed has the four offers.
    [Fact]
    public void DefaultWelcome_HasItsFourOffers()
    {
        var text = WelcomeText.Default;
        text.ShouldContain("{username}");
        text.Split('\n').Count(l => l.StartsWith('•')).ShouldBe(4);
        foreach (var word in new[] { "plan", "treatments", "safety", "care" })
            text.ShouldContain(word);
        text.TrimEnd().ShouldEndWith("?");
    }

    // one that hangs holds up neither the registration nor the welcome; what comes late follows.
    [Fact]
    public async Task Agent_ThatIsLate_IsNotWaitedFor_AndItsWelcomeFollows()
    {
        var late = new TaskCompletionSource<AgentAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var host = await AutomationHost.StartAsync(
            folder.Path,
            add: services =>
                services.AddSingleton<AskAgent>(
                    (_, _) => Task.FromResult(new AgentAnswer(null, "stub", "1", new("timeout", "too late"), late.Task))
                )
        );
        var id = await host.RegisterAsync("ann");
        await host.EndedAsync("registration", id);
        var first = (await host.RowsAsync(db => db.Messages)).Single();
        StoreJson.ReadMessage(first.Content).Type.ShouldBe("welcome");
        late.SetResult(new AgentAnswer("Personal after all", "stub", "1", null));
        await Eventually.UntilAsync(async () => (await host.RowsAsync(db => db.Messages)).Count == 2);
        var second = (await host.RowsAsync(db => db.Messages)).Single(m => m.Id != first.Id);
        StoreJson.ReadMessage(second.Content).ShouldBe(new MessageContent("welcome_follow_up", "Personal after all"));
    }

    // the deadline is kept by the gateway of agents itself.
    [Fact]
    public async Task Question_PastItsDeadline_IsAnsweredAsLate()
    {
        var time = new FakeTimeProvider();
        await using var host = await AutomationHost.StartAsync(folder.Path, time: time);
        var id = await host.AddUserAsync("ann", "customer");
        var asking = host.Get<AgentGateway>()
            .AskAsync(
                new AgentQuestion("customer_service", id, "c", "Hello", [], null, TimeSpan.Zero),
                TestContext.Current.CancellationToken
            );
        var answer = await asking;
        (answer.IsGood, answer.Failure!.Code).ShouldBe((false, "timeout"));
        (await answer.Late!).Text!.ShouldContain("ann");
        host.Get<AgentGateway>().Counts.ShouldBe((1, 1));
    }

    // off, or without the tool, nothing runs, and the log says why.
    [Theory]
    [InlineData("registration_automation.enabled", "false", "registration_automation.enabled is false")]
    [InlineData("registration_automation.rollout_percent", "0", "rolled out to 0 %")]
    [InlineData(null, null, "the group assistant is not there")]
    public async Task Automation_ThatIsOff_IsSkipped(string? setting, string? value, string reason)
    {
        await using var host = await AutomationHost.StartAsync(
            folder.Path,
            add: static services => services.AddSingleton(Says("Hello"))
        );
        if (setting is not null)
            (
                await host.SendAsync(
                    HttpMethod.Put,
                    $"/api/v1/settings/{setting}",
                    $$"""{"value":{{value}}}""",
                    "admin"
                )
            ).Status.ShouldBe(200);
        else
            await host.Get<Fairlead.Server.Groups.GroupStore>()
                .SetEnabledAsync(
                    host.Get<StoreWatcher>().Current.Groups.Single(g => g.ServerCode == "assistant").Id,
                    false,
                    default
                );
        var (run, steps) = await host.EndedAsync("registration", await host.RegisterAsync());
        run.State.ShouldBe(RunRow.Skipped);
        run.Error!.ShouldContain(reason);
        steps.Single().State.ShouldBe("skipped");
        (await host.RowsAsync(db => db.Conversations)).ShouldBeEmpty();
        host.Log.All.ShouldContain(l =>
            l.Contains("is not greeted", StringComparison.Ordinal) && l.Contains(reason, StringComparison.Ordinal)
        );
    }

    // who is in stays in when the share is raised, and the shares are what they say.
    [Fact]
    public void Rollout_IsByUser_AndNearItsShare()
    {
        var shares = Enumerable.Range(0, 5000).Select(i => RegistrationSwitch.Share($"user-{i}")).ToList();
        foreach (var percent in new[] { 10, 50 })
            (100.0 * shares.Count(s => s < percent) / shares.Count).ShouldBe(percent, 3);
        shares.ShouldAllBe(s => s >= 0 && s < 100);
        RegistrationSwitch.Share("user-7").ShouldBe(shares[7]);
    }

    // nobody came: all are told once more, administrators too.
    [Fact]
    public async Task Customer_WhomNobodyClaims_IsToldOfAgain()
    {
        await using var host = await AutomationHost.StartAsync(
            folder.Path,
            add: static services => services.AddSingleton(Says("Hello", "get_user_profile")),
            settings: [("Automation:Flows:ClaimPatience", "00:00:01")]
        );
        await host.AddUserAsync("cora", "consultant");
        await host.EndedAsync("registration", await host.RegisterAsync());
        var conversation = (await host.RowsAsync(db => db.Conversations)).Single();
        await host.EndedAsync("unclaimed_customer", conversation.Id);
        (await host.RowsAsync(db => db.Notifications))
            .Select(n => n.Type)
            .Order()
            .ShouldBe(["customer_waiting", "customer_waiting", "new_customer"]);
    }

    //
    [Theory]
    [InlineData("""{"password":"long-password-1"}""", 400, "email")]
    [InlineData("""{"email":"no mail","password":"long-password-1"}""", 400, "email")]
    [InlineData("""{"email":"a@example.org"}""", 400, "password")]
    [InlineData("""{"email":"a@example.org","password":"short"}""", 400, "password")]
    [InlineData("""{"email":"a@example.org","password":"long-password-1","phone":"abc"}""", 400, "phone")]
    [InlineData("""{"email":"a@example.org","password":"long-password-1","avatar":"http://x"}""", 400, "avatar")]
    [InlineData("""{"email":"a@example.org","password":"long-password-1","username":"-x"}""", 400, "username")]
    [InlineData("""{"email":"a@example.org","password":"long-password-1","username":"\u0430dmin"}""", 400, "username")]
    [InlineData("""{"email":"a@example.org","password":"long-password-1","roles":["admin"]}""", 403, "roles")]
    [InlineData(
        """{"email":"a@example.org","password":"long-password-1","roles":["customer","consultant"]}""",
        403,
        "roles"
    )]
    public async Task Registration_ThatIsWrong_NamesTheField(string json, int status, string field)
    {
        await using var host = await AutomationHost.StartAsync(folder.Path);
        var answer = await host.SendAsync(HttpMethod.Post, "/api/v1/auth/register", json);
        (answer.Status, answer.Field).ShouldBe((status, field), answer.Text);
        (await host.RowsAsync(db => db.Runs)).ShouldBeEmpty();
    }

    // taken mails and names, also of many at once; empty roles are a customer's; an administrator gives others.
    [Fact]
    public async Task Registration_OfATakenMail_IsRefused()
    {
        await using var host = await AutomationHost.StartAsync(
            folder.Path,
            add: static services => services.AddSingleton(Says("Hello"))
        );
        const string same = """{"email":"Ann@Example.org","password":"long-password-1"}""";
        var all = await Task.WhenAll(
            Enumerable.Range(0, 6).Select(_ => host.SendAsync(HttpMethod.Post, "/api/v1/auth/register", same))
        );
        all.Count(a => a.Status == 201).ShouldBe(1);
        foreach (var refused in all.Where(a => a.Status != 201))
            (refused.Status, refused.Field).ShouldBe((400, "email"));
        all.Single(a => a.Status == 201)
            .Data.GetProperty("roles")
            .EnumerateArray()
            .Single()
            .GetString()
            .ShouldBe("customer");
        (await host.RowsAsync(db => db.Runs.Where(r => r.Automation == "registration"))).Count.ShouldBe(1);
        var name = await host.SendAsync(
            HttpMethod.Post,
            "/api/v1/auth/register",
            """{"email":"b@example.org","username":"Ann","password":"long-password-1"}"""
        );
        (name.Status, name.Field).ShouldBe((400, "username"));
        var staff = await host.SendAsync(
            HttpMethod.Post,
            "/api/v1/auth/register",
            """{"email":"c@example.org","password":"long-password-1","roles":["consultant"]}""",
            "admin"
        );
        staff.Status.ShouldBe(201, staff.Text);
    }

    //
    [Fact]
    public async Task Figures_CountWhatHappened()
    {
        await using var host = await AutomationHost.StartAsync(folder.Path);
        await host.AddUserAsync("cora", "consultant");
        var ann = await host.RegisterAsync("ann");
        await host.EndedAsync("registration", ann);
        await host.EndedAsync("registration", await host.RegisterAsync("bob"));
        var conversation = (await host.RowsAsync(db => db.Conversations)).Single(c => c.UserId == ann).Id;
        var welcome = (await host.RowsAsync(db => db.Messages)).Single(m => m.ConversationId == conversation).Id;
        (await PostAsync($"/{conversation}/messages", """{"text":"What about my skin?"}""", "ann")).Status.ShouldBe(
            201
        );
        (await PostAsync($"/{conversation}/messages/{welcome}/feedback", """{"rating":5}""", "ann")).Status.ShouldBe(
            200
        );
        (await PostAsync($"/{conversation}/claim", null, "cora")).Status.ShouldBe(200);

        var board = (await host.GetAsync("/api/v1/admin/registration-automation/dashboard", "admin")).Data;
        var all = board.GetProperty("automation_metrics");
        foreach (var name in new[] { "total_registrations", "successful_automations", "mcp_calls", "dify_agent_calls" })
            all.GetProperty(name).GetInt32().ShouldBe(2, name);
        all.GetProperty("failed_automations").GetInt32().ShouldBe(0);
        all.GetProperty("success_rate").GetDouble().ShouldBe(100);
        all.GetProperty("average_response_time").GetDouble().ShouldBeGreaterThan(0);
        var trends = all.GetProperty("daily_trends").EnumerateArray().ToList();
        (trends.Count, trends[^1].GetProperty("registrations").GetInt32()).ShouldBe((7, 2));
        var kpis = all.GetProperty("kpis");
        kpis.GetProperty("first_response_within5_min").GetDouble().ShouldBe(100);
        kpis.GetProperty("conversion7_days").GetDouble().ShouldBe(50);
        kpis.GetProperty("satisfaction").GetDouble().ShouldBe(5);
        kpis.GetProperty("claimed_within10_min").GetDouble().ShouldBe(100);
        board.GetProperty("system_health").GetProperty("database_status").GetString().ShouldBe("healthy");
        board.GetProperty("mcp_server_status").GetProperty("total_calls").GetInt64().ShouldBe(6);
        board.GetProperty("recent_errors").GetArrayLength().ShouldBe(0);

        var metrics = (await host.GetAsync("/api/v1/admin/registration-automation/metrics", "admin")).Data;
        metrics
            .EnumerateObject()
            .Select(m => m.Name)
            .ShouldBe([
                "mcp_metrics",
                "dify_agent_status",
                "automation_success_rate",
                "daily_registrations",
                "welcome_message_stats",
            ]);
        metrics.GetProperty("welcome_message_stats").GetProperty("personal").GetInt32().ShouldBe(2);
        (await host.GetAsync("/api/v1/admin/registration-automation/metrics", "ann")).Status.ShouldBe(403);

        Task<Hosting.Answer> PostAsync(string path, string? json, string user) =>
            host.SendAsync(HttpMethod.Post, "/api/v1/chat/conversations" + path, json, user);
    }
}
