using System.Net;
using System.Text;
using System.Text.Json;
using Fairlead.Server.Groups;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Caching;
using Fairlead.Server.Tests.Gateway;
using Fairlead.Server.Tests.Hosting;
using Fairlead.Server.Tools;
using Fairlead.Server.Tools.Samples;
using Fairlead.Toolkit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Tools.Samples;

/// <summary>The group <c>samples</c> itself, and the sample tools that need no rows of their own.</summary>
public sealed class SampleToolTests
{
    // P-11, P-22, P-28…P-30, P-33, P-47, P-52, P-55, P-79, P-91, P-102, P-111, P-112, A-37, A-40, A-42, C-52
    private static readonly string[] Named =
    [
        "get_cached_data",
        "set_cached_data",
        "complex_operation",
        "process_text",
        "chat",
        "get_session_info",
        "set_preference",
        "search",
        "get_stats",
        "clear_cache",
        "get_cached_user_profile",
        "get_performance_metrics",
        "update_user_profile",
        "batch_query_users",
        "aggregate_data",
        "fetch_external_api",
        "cached_search",
        "expensive_operation",
        "web_search",
        "local_search",
        "query_users",
        "add",
        "production_search",
        "health_check",
        "search_with_logging",
        "cache_data",
        "query_data",
        "get_call_metrics",
        "get_user_profile",
        "analyze_customer",
        "get_customer_preferences",
        "get_conversation_data",
        "summarize_consultation",
        "optimize_treatment",
        "generate_treatment_plan",
        "get_service_info",
        "get_profile",
        "delete_user",
        "create_user",
        "search_users",
        "store_sensitive_data",
        "retrieve_sensitive_data",
        "update_user_info",
        "delete_sensitive_data",
    ];

    // C-52
    [Fact]
    public async Task Group_OfTheSamples_ListsEachOnceAndOthersNone()
    {
        await using var host = await SamplesHost.StartAsync();
        var listed = (await host.AskAsync(Wire.Modern("tools/list", path: "/samples/mcp"))).GetProperty("result");
        var names = listed
            .GetProperty("tools")
            .EnumerateArray()
            .Select(t => t.GetProperty("name").GetString())
            .ToList();
        names.ShouldBeUnique();
        foreach (var name in Named)
            names.ShouldContain(name);
        var others = host.Admin.Now.Groups.Single(g => g.ServerCode == "default");
        host.Admin.Now.Publications.Where(p => p.Group == others.Id)
            .Select(p => p.UpstreamName)
            .ShouldBe(["add", "current_time", "search"], ignoreOrder: true);
        var resources = await host.AskAsync(Wire.Modern("resources/list", path: "/samples/mcp"));
        resources.GetRawText().ShouldContain("documents://projects");
    }

    // Nobody asked for tools that change users: the first start leaves the group disabled.
    [Fact]
    public async Task Group_OfTheSamples_IsDisabledUntilSomebodyEnablesIt()
    {
        await using var admin = await AdminHost.StartWholeAsync();
        var group = admin.Now.Groups.Single(g => g.ServerCode == SamplesFeature.Group);
        group.Enabled.ShouldBeFalse();
        var key = (await admin.GetAsync($"/api/v1/mcp/groups/{group.Id}/api-key")).Data.GetProperty("api_key");
        using var request = Wire.Modern("tools/list", path: "/samples/mcp");
        request.Headers.Authorization = new("Bearer", key.GetString());
        using var refused = await admin.Client.SendAsync(request);
        refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    // A store that has no such group gets it by an explicit act.
    [Fact]
    public async Task Group_MadeByHandWithTheCode_HasTheSamples()
    {
        await using var admin = await AdminHost.StartWholeAsync();
        var groups = admin.Get<GroupStore>();
        await groups.DeleteAsync(admin.Now.Groups.Single(g => g.ServerCode == SamplesFeature.Group).Id, default);
        var made = await admin.PostAsync(
            "/api/v1/mcp/groups",
            """{"name":"Samples","server_code":"samples","publish_native":true}"""
        );
        made.Status.ShouldBe(201, made.Text);
        var id = new GroupId(made.Data.GetProperty("id").GetString()!);
        admin.Now.Publications.Count(p => p.Group == id).ShouldBeGreaterThanOrEqualTo(Named.Length);
    }

    // P-11
    [Fact]
    public async Task CachedData_SetAndGot_IsCachedForItsLife()
    {
        await using var host = await SamplesHost.StartAsync();
        Cached(await host.CallAsync("get_cached_data", """{"key":"a"}""")).ShouldBeFalse();
        var set = await host.CallAsync("set_cached_data", """{"key":"a","value":{"n":[1,"世"]}}""");
        set.GetProperty("ttl").GetInt32().ShouldBe(3600);
        var got = await host.CallAsync("get_cached_data", """{"key":"a"}""");
        Cached(got).ShouldBeTrue();
        got.GetProperty("value").GetProperty("n")[1].GetString().ShouldBe("世");
        (
            await host.Admin.Get<Fairlead.Toolkit.Caching.IToolCache>().GetAsync<JsonElement>("cache:a")
        ).IsCached.ShouldBeTrue();
        host.Admin.Time.Advance(TimeSpan.FromSeconds(3601));
        Cached(await host.CallAsync("get_cached_data", """{"key":"a"}""")).ShouldBeFalse();
        var large = new string('x', 70_000);
        (await host.FailAsync("set_cached_data", $$"""{"key":"b","value":"{{large}}"}""")).ShouldBe("too_large");
    }

    // P-28, P-29
    [Fact]
    public async Task Chat_InOneSession_RemembersWhatWasAsked()
    {
        await using var host = await SamplesHost.StartAsync();
        var first = await host.CallAsync("chat", """{"message":"laser against spots"}""");
        var id = first.GetProperty("session_id").GetString();
        first.GetProperty("response").GetString()!.ShouldContain("Photo rejuvenation");
        first.GetProperty("response").GetString()!.ShouldNotContain("Before");
        var second = await host.CallAsync("chat", $$"""{"message":"and fillers","session_id":"{{id}}"}""");
        second.GetProperty("response").GetString()!.ShouldContain("laser against spots");
        second.GetProperty("total_requests").GetInt32().ShouldBe(2);
        second.GetProperty("conversation_length").GetInt32().ShouldBe(4);
        for (var i = 3; i <= 6; i++)
            second = await host.CallAsync("chat", $$"""{"message":"question {{i}}","session_id":"{{id}}"}""");
        // Only the last three count.
        second.GetProperty("response").GetString()!.ShouldContain("question 4; question 5");
        second.GetProperty("response").GetString()!.ShouldNotContain("question 3");
        var info = await host.CallAsync("get_session_info", $$"""{"session_id":"{{id}}"}""");
        info.GetProperty("id").GetString().ShouldBe(id);
        info.GetProperty("request_count").GetInt32().ShouldBe(6);
        info.GetProperty("conversation_length").GetInt32().ShouldBe(12);
        info.GetProperty("recent_queries")
            .EnumerateArray()
            .Select(q => q.GetString())
            .ShouldBe(["and fillers", "question 3", "question 4", "question 5", "question 6"]);
        info.TryGetProperty("created_at", out _).ShouldBeTrue();
        (await host.FailAsync("chat", """{"message":"x","session_id":"none"}""")).ShouldBe("session_not_found");
        (await host.FailAsync("get_session_info", """{"session_id":"none"}""")).ShouldBe("session_not_found");
    }

    // P-30
    [Fact]
    public async Task SetPreference_OfASession_IsKeptForItsUserAlone()
    {
        await using var host = await SamplesHost.StartAsync();
        var chat = await host.CallAsync("chat", """{"message":"hello"}""", "carol");
        var id = chat.GetProperty("session_id").GetString()!;
        var set = $$"""{"session_id":"{{id}}","key":"theme","value":"dark"}""";
        var kept = await host.CallAsync("set_preference", set, "carol");
        kept.GetProperty("success").GetBoolean().ShouldBeTrue();
        kept.GetProperty("key").GetString().ShouldBe("theme");
        kept.GetProperty("value").GetString().ShouldBe("dark");
        var state = await host.Admin.Get<Fairlead.Toolkit.State.ISessionStates>().GetAsync(id);
        state!.Preference("theme").ShouldBe("dark");
        (await host.FailAsync("set_preference", set.Replace(id, "none"), "carol")).ShouldBe("session_not_found");
        // It began with a user: for anyone else there is none.
        (await host.FailAsync("set_preference", set)).ShouldBe("session_not_found");
        (await host.FailAsync("chat", $$"""{"message":"x","session_id":"{{id}}"}""", "cora")).ShouldBe(
            "session_not_found"
        );
        (await host.FailAsync("set_preference", set.Replace("\"dark\"", "[1]"), "carol")).ShouldBe("invalid_input");
    }

    // P-33
    [Fact]
    public async Task Search_Twice_IsCachedUntilTheCacheIsCleared()
    {
        await using var host = await SamplesHost.StartAsync();
        var first = await host.CallAsync("search", """{"query":"laser"}""");
        first.GetProperty("results").GetArrayLength().ShouldBe(3);
        Cached(first).ShouldBeFalse();
        Cached(await host.CallAsync("search", """{"query":"laser"}""")).ShouldBeTrue();
        await host.CallAsync("set_cached_data", """{"key":"k","value":1}""");
        (await host.CallAsync("clear_cache")).GetProperty("success").GetBoolean().ShouldBeTrue();
        Cached(await host.CallAsync("search", """{"query":"laser"}""")).ShouldBeFalse();
        Cached(await host.CallAsync("get_cached_data", """{"key":"k"}""")).ShouldBeFalse();
        // The statistics' nine figures (P-32).
        (await host.CallAsync("get_stats"))
            .EnumerateObject()
            .Count()
            .ShouldBe(9);
    }

    // P-95: in the other groups search still finds tools.
    [Fact]
    public async Task Search_OfTheGroupDefault_FindsTools()
    {
        await using var admin = await AdminHost.StartWholeAsync();
        var group = admin.Now.Groups.Single(g => g.ServerCode == "default");
        var key = (await admin.GetAsync($"/api/v1/mcp/groups/{group.Id}/api-key")).Data.GetProperty("api_key");
        using var request = Wire.Modern(
            "tools/call",
            "\"name\":\"search\",\"arguments\":{\"query\":\"sum\"}",
            name: "search"
        );
        request.Headers.Authorization = new("Bearer", key.GetString());
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        (await admin.Client.AskAsync(request)).GetRawText().ShouldContain("hits");
    }

    // P-55: cached_search
    [Fact]
    public async Task CachedSearch_Again_HasTheSameTimeUntilItsLifeEnds()
    {
        await using var host = await SamplesHost.StartAsync();
        var first = (await host.CallAsync("cached_search", """{"query":"skin"}""")).GetRawText();
        host.Admin.Time.Advance(TimeSpan.FromSeconds(30));
        (await host.CallAsync("cached_search", """{"query":"skin"}""", "carol")).GetRawText().ShouldBe(first);
        host.Admin.Time.Advance(TimeSpan.FromSeconds(121));
        (await host.CallAsync("cached_search", """{"query":"skin"}""")).GetRawText().ShouldNotBe(first);
    }

    // P-102
    [Fact]
    public async Task LocalSearch_ByWords_FindsTheBestFirst()
    {
        await using var host = await SamplesHost.StartAsync();
        var found = await host.CallAsync("local_search", """{"query":"peel for dull skin","limit":2}""");
        found.GetProperty("results").GetArrayLength().ShouldBe(2);
        found.GetProperty("results")[0].GetProperty("project_id").GetString().ShouldBe("acid-peel");
        (await host.CallAsync("local_search", """{"query":"zebra"}"""))
            .GetProperty("results")
            .GetArrayLength()
            .ShouldBe(0);
        (await host.ErrorAsync("local_search", """{"query":""}""")).ShouldContain("query");
    }

    // P-102, P-55
    [Fact]
    public async Task WebSearchAndFetch_OfAnAllowedAddress_AnswerWhatIsThere()
    {
        await using var web = await WebAsync();
        var address = web.Urls.Single();
        await using var host = await SamplesHost.StartAsync(("Samples:WebSearchUrl", address + "/find?q={query}"));
        var found = await host.CallAsync("web_search", """{"query":"a&b 世"}""");
        found.GetProperty("results").GetProperty("asked").GetString().ShouldBe("a&b 世");
        var got = await host.CallAsync("fetch_external_api", $$"""{"url":"{{address}}/plain"}""");
        got.GetProperty("status").GetInt32().ShouldBe(200);
        got.GetProperty("body").GetString().ShouldBe("plain text");
        var large = await host.CallAsync("fetch_external_api", $$"""{"url":"{{address}}/large"}""");
        large.GetProperty("truncated").GetBoolean().ShouldBeTrue();
        large.GetProperty("body").GetString()!.Length.ShouldBe(Fetching.MaxBytes);
        // Shown, not followed.
        (await host.CallAsync("fetch_external_api", $$"""{"url":"{{address}}/away"}"""))
            .GetProperty("status")
            .GetInt32()
            .ShouldBe(302);
        (await host.FailAsync("fetch_external_api", """{"url":"http://127.0.0.1:1/"}""")).ShouldBe("unreachable");
        (await host.FailAsync("fetch_external_api", """{"url":"file:///etc/passwd"}""")).ShouldBe("invalid_input");
    }

    // P-55: the guard against requests into one's own network
    [Fact]
    public async Task FetchExternalApi_OfAPrivateAddress_IsRefused()
    {
        await using var web = await WebAsync();
        await using var host = await SamplesHost.StartAsync(("Services:Channels:RefusePrivateAddresses", "true"));
        (await host.FailAsync("fetch_external_api", $$"""{"url":"{{web.Urls.Single()}}/plain"}""")).ShouldBe(
            "address_refused"
        );
        (await host.FailAsync("fetch_external_api", """{"url":"http://169.254.169.254/latest"}""")).ShouldBe(
            "address_refused"
        );
        (await host.FailAsync("web_search", """{"query":"x"}""")).ShouldBe("not_configured");
    }

    [Theory]
    [InlineData("ftp://x/{query}")]
    [InlineData("https://search.example/")]
    [InlineData("https://u:p@search.example/?q={query}")]
    public void WebSearchUrl_ThatCannotBe_IsRefusedAtTheStart(string url) =>
        new SamplesOptions { WebSearchUrl = url }
            .Validate()
            .Single()
            .ShouldContain("Samples:WebSearchUrl");

    // P-22
    [Fact]
    public async Task ProcessText_InEachMode_TellsLengthAndWords()
    {
        await using var host = await SamplesHost.StartAsync();
        const string Text = "Laser helps. Laser hurts little. It rains. Laser treatments need care. Tea is nice.";
        var brief = await host.CallAsync("process_text", $$"""{"text":"{{Text}}"}""");
        brief
            .GetProperty("result")
            .GetString()
            .ShouldBe("Laser helps. Laser hurts little. Laser treatments need care.");
        var same = await host.CallAsync("process_text", $$"""{"text":"{{Text}}","mode":"passthrough"}""");
        same.GetProperty("result").GetString().ShouldBe(Text);
        foreach (var one in new[] { brief, same })
        {
            one.GetProperty("input_length").GetInt32().ShouldBe(Text.Length);
            one.GetProperty("word_count").GetInt32().ShouldBe(14);
        }
        (await host.ErrorAsync("process_text", """{"text":"x","mode":"shout"}""")).ShouldContain("mode");
        // A client that can be asked nothing.
        (await host.ErrorAsync("process_text", """{"text":"x","mode":"translate"}""")).ShouldContain(
            "does not support"
        );
        var asked = new ModelContext();
        var translated = await WorkSamples.ProcessTextAsync(asked, "你好", "translate");
        translated.ShouldBe(new ProcessedText("hello", 2, 2));
        asked.Asked.ShouldContain("English");
    }

    // P-21
    [Fact]
    public async Task ComplexOperation_OfNothing_StopsBeforeTheNextStep()
    {
        await using var node = await CacheNode.StartAsync();
        using var logging = LoggerFactory.Create(l => l.AddProvider(node.Log));
        var db = new SampleDb(new ServiceCollection().BuildServiceProvider());
        var work = new WorkSamples(db, node.Tools, null!, null!, logging.CreateLogger<WorkSamples>());
        var context = new CallContext(new ServiceCollection().BuildServiceProvider());
        using var inside = context.Enter();
        (
            await Should.ThrowAsync<ToolFailedException>(() => work.ComplexOperationAsync(context, " "))
        ).Message.ShouldContain("validation_failed");
        Steps().ShouldBeEmpty();
        (await node.Tools.GetAsync<string>(WorkSamples.Key + context.RequestId)).IsCached.ShouldBeFalse();

        var done = await work.ComplexOperationAsync(context, "Some data.");
        done.request_id.ShouldBe(context.RequestId);
        done.steps.Select(s => s.step).ShouldBe(["validate", "process", "save"]);
        Steps().Count.ShouldBe(3);
        Steps().ShouldAllBe(line => line.Contains(context.RequestId.ToString()));
        (await node.Tools.GetAsync<string>(done.saved_as)).Value.ShouldBe("Some data.");

        List<string> Steps() => [.. node.Log.All.Where(l => l.Contains("step "))];
    }

    // P-21 through the gateway; P-55: expensive_operation
    [Fact]
    public async Task Operations_ThroughTheGateway_AnswerWhatTheyDid()
    {
        await using var host = await SamplesHost.StartAsync();
        (await host.FailAsync("complex_operation", """{"data":""}""")).ShouldBe("validation_failed");
        (await host.CallAsync("complex_operation", """{"data":"x"}"""))
            .GetProperty("steps")
            .GetArrayLength()
            .ShouldBe(3);
        var primes = await host.CallAsync("expensive_operation", """{"limit":1000}""");
        primes.GetProperty("count").GetInt32().ShouldBe(168);
        primes.GetProperty("largest").GetInt32().ShouldBe(997);
        host.Admin.Get<NativeTools>()
            .Policy("expensive_operation")!
            .Rate.ShouldBe(new RateRule(10, TimeSpan.FromMinutes(1)));
    }

    // P-89, P-91: ten calls a minute for each user, and again after the window
    [Fact]
    public async Task ExpensiveOperation_TheEleventhTimeInAMinute_IsRefused()
    {
        await using var host = await SamplesHost.StartAsync();
        for (var i = 0; i < 10; i++)
            await host.CallAsync("expensive_operation", """{"limit":10}""", "carol");
        (await host.AnswerAsync("expensive_operation", """{"limit":10}""", "carol"))
            .GetProperty("result")
            .GetProperty("isError")
            .GetBoolean()
            .ShouldBeTrue();
        // Others have a window of their own.
        await host.CallAsync("expensive_operation", """{"limit":10}""", "cora");
        host.Admin.Time.Advance(TimeSpan.FromSeconds(61));
        await host.CallAsync("expensive_operation", """{"limit":10}""", "carol");
    }

    // P-52, A-42, P-112
    [Fact]
    public async Task Metrics_AfterCalls_CountThem()
    {
        await using var host = await SamplesHost.StartAsync();
        await host.CallAsync("get_service_info");
        await host.CallAsync("get_service_info");
        await host.FailAsync("get_service_info", """{"project_id":"none"}""");
        var metrics = await host.CallAsync("get_call_metrics");
        metrics.GetProperty("total_calls").GetInt32().ShouldBe(3);
        metrics.GetProperty("tool_calls").GetProperty("get_service_info").GetInt32().ShouldBe(3);
        metrics.GetProperty("error_rates").GetProperty("get_service_info").GetDouble().ShouldBe(33.33);
        metrics.GetProperty("success_rate").GetDouble().ShouldBe(66.67);
        var times = await host.CallAsync("get_performance_metrics");
        times.EnumerateObject().Select(m => m.Name).ShouldBe(["avg", "p95", "p99", "total"]);
        times.GetProperty("total").GetInt32().ShouldBeGreaterThanOrEqualTo(4);
        var health = await host.CallAsync("health_check");
        health.EnumerateObject().Select(m => m.Name).ShouldBe(["status", "version", "environment", "metrics"]);
        health.GetProperty("status").GetString().ShouldBe("healthy");
        health.GetProperty("metrics").GetProperty("requests_total").GetInt32().ShouldBeGreaterThanOrEqualTo(5);
    }

    // nothing is divided by no calls.
    [Fact]
    public async Task CallMetrics_WithoutCalls_AreSafe()
    {
        await using var admin = await AdminHost.StartWholeAsync();
        var none = admin.Get<Server.State.ApplicationState>().CallMetrics();
        (none.TotalCalls, none.SuccessRate, none.ErrorRates.Count).ShouldBe((0, 100, 0));
    }

    // P-09
    [Fact]
    public async Task Call_WithoutADatabase_FailsWithItsCode()
    {
        var db = new SampleDb(new ServiceCollection().BuildServiceProvider());
        await using var host = new GatewayHost(
            tools: [new ProjectSamples(db), new CustomerSamples(db, TimeProvider.System)]
        );
        host.AddNativeGroup();
        await host.StartAsync();
        foreach (
            var (tool, arguments) in new[] { ("get_service_info", "{}"), ("analyze_customer", """{"user_id":"x"}""") }
        )
        {
            var answer = await host.Client()
                .AskAsync(Wire.Modern("tools/call", $"\"name\":\"{tool}\",\"arguments\":{arguments}", name: tool));
            var result = answer.GetProperty("result");
            result.GetProperty("isError").GetBoolean().ShouldBeTrue();
            result
                .GetProperty("content")[0]
                .GetProperty("text")
                .GetString()!
                .ShouldContain("\"code\":\"database_not_initialized\"");
        }
    }

    // P-54, P-55: what one source does not bring is null, the rest is there.
    [Fact]
    public async Task AggregateData_WithoutADatabase_HasTheOtherPart()
    {
        await using var host = await SamplesHost.StartAsync();
        var db = new SampleDb(new ServiceCollection().BuildServiceProvider());
        var state = host.Admin.Get<Fairlead.Toolkit.State.IApplicationState>();
        var work = new WorkSamples(db, state.Cache, state, null!, host.Admin.Get<ILogger<WorkSamples>>());
        var parts = await work.AggregateDataAsync(default);
        parts.application.ShouldNotBeNull();
        parts.failed.ShouldBe(["projects", "users"]);
        var json = JsonSerializer.SerializeToElement(parts, Server.Tools.Binding.MethodSchemas.Json);
        json.GetProperty("users").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    // C-52: search_with_logging, with the members of P-58
    [Fact]
    public async Task SearchWithLogging_OfAQuery_WritesWhoAskedWhatAndFound()
    {
        await using var host = await SamplesHost.StartAsync();
        var found = await host.CallAsync("search_with_logging", """{"query":"laser"}""");
        found.GetProperty("result_count").GetInt32().ShouldBe(3);
        Guid.TryParse(found.GetProperty("request_id").GetString(), out _).ShouldBeTrue();

        using var log = new LogLines();
        using var logging = LoggerFactory.Create(l => l.AddProvider(log));
        var tool = new SearchSamples(
            new SampleSearch(host.Admin.Get<SampleDb>()),
            null!,
            null!,
            new SamplesOptions(),
            logging.CreateLogger<SearchSamples>()
        );
        var context = new CallContext(host.Admin.Get<IServiceProvider>()) { Name = "search_with_logging" };
        await tool.SearchWithLoggingAsync(context, "mail bob.lee@example.com laser");
        var line = log.All[^1];
        foreach (
            var member in new[]
            {
                "user:",
                "tool:",
                "query:",
                "result_count:",
                "duration_ms:",
                "request_id:",
                "status:success",
            }
        )
            line.ShouldContain(member);
        line.ShouldNotContain("bob.lee@example.com");
        var broken = new SampleSearch(new SampleDb(new ServiceCollection().BuildServiceProvider()));
        tool = new SearchSamples(broken, null!, null!, new SamplesOptions(), logging.CreateLogger<SearchSamples>());
        await Should.ThrowAsync<ToolFailedException>(() => tool.SearchWithLoggingAsync(context, "laser"));
        log.All[^1].ShouldStartWith("Error");
        log.All[^1].ShouldContain("status:error");
    }

    private static bool Cached(JsonElement result) => result.GetProperty("cached").GetBoolean();

    // A machine of the own network with something to fetch.
    private static async Task<WebApplication> WebAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var web = builder.Build();
        web.MapGet("/plain", () => "plain text");
        web.MapGet("/large", () => Results.Bytes(new byte[Fetching.MaxBytes + 10], "text/plain"));
        web.MapGet("/away", () => Results.Redirect("http://other.example/"));
        web.MapGet(
            "/find",
            (string q) =>
                Results.Bytes(
                    Encoding.UTF8.GetBytes($$"""{"asked":{{JsonSerializer.Serialize(q)}}}"""),
                    "application/json"
                )
        );
        await web.StartAsync();
        return web;
    }

    /// <summary>A client whose model knows one translation.</summary>
    private sealed class ModelContext() : CallContext(new ServiceCollection().BuildServiceProvider())
    {
        public string Asked { get; private set; } = "";

        protected override ValueTask<JsonElement> AskAsync(string method, JsonElement parameters)
        {
            Asked = parameters.GetRawText();
            return new(JsonElement.Parse("""{"content":{"type":"text","text":"hello"}}"""));
        }
    }
}
