using System.Text.Json;
using Fairlead.Server.Storage;
using Microsoft.EntityFrameworkCore;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Tools.Samples;

/// <summary>The sample tools that read and write the database, through the whole pipeline, on each engine.</summary>
public abstract class SampleDataContract
{
    private protected abstract Task<(string, string)[]> StoreAsync();

    private async Task<SamplesHost> StartAsync() => await SamplesHost.StartAsync(await StoreAsync());

    // A-38
    [Fact]
    public async Task GetUserProfile_OfAUser_IsMaskedUnlessDetailed()
    {
        await using var host = await StartAsync();
        var carol = await host.IdAsync("carol");
        var updated = await host.CallAsync(
            "update_user_profile",
            $$"""{"user_id":"{{carol}}","email":"Carol.Li@example.com","phone":"13812348888","avatar":"https://pics.example/c.png"}""",
            "carol"
        );
        Texts(updated, "updated").ShouldBe(["email", "phone", "avatar"]);
        var brief = await host.CallAsync("get_user_profile", $$"""{"user_id":"{{carol}}"}""");
        brief.GetProperty("user_id").GetString().ShouldBe(carol);
        brief.GetProperty("username").GetString().ShouldBe("carol");
        Texts(brief, "roles").ShouldBe(["customer"]);
        brief.GetProperty("is_active").GetBoolean().ShouldBeTrue();
        brief.GetProperty("details_included").GetBoolean().ShouldBeFalse();
        DateTimeOffset
            .Parse(brief.GetProperty("registration_time").GetString()!)
            .ShouldBe(host.Admin.Time.GetUtcNow(), TimeSpan.FromSeconds(1));
        brief.GetProperty("email").GetString().ShouldBe("c***i@example.com");
        brief.GetProperty("phone").GetString().ShouldBe("138****8888");
        brief.TryGetProperty("avatar", out _).ShouldBeFalse();
        var whole = await host.CallAsync("get_user_profile", $$"""{"user_id":"{{carol}}","include_details":true}""");
        whole.GetProperty("email").GetString().ShouldBe("carol.li@example.com");
        whole.GetProperty("phone").GetString().ShouldBe("138****8888");
        whole.GetProperty("avatar").GetString().ShouldBe("https://pics.example/c.png");
        whole.GetProperty("details_included").GetBoolean().ShouldBeTrue();
        (await host.FailAsync("get_user_profile", """{"user_id":"nobody"}""")).ShouldBe("not_found");
    }

    // P-55: update_user_profile
    [Fact]
    public async Task UpdateUserProfile_OfOthersOrWrong_ChangesNothing()
    {
        await using var host = await StartAsync();
        var (carol, cora) = (await host.IdAsync("carol"), await host.IdAsync("cora"));
        var mine = $$"""{"user_id":"{{carol}}","email":"x@example.com"}""";
        var others = $$"""{"user_id":"{{cora}}","email":"x@example.com"}""";
        (await host.FailAsync("update_user_profile", mine)).ShouldBe("user_required");
        (await host.FailAsync("update_user_profile", others, "carol")).ShouldBe("forbidden");
        var wrong = $$"""{"user_id":"{{carol}}","email":"no mail","phone":"12","avatar":"javascript:alert(1)"}""";
        var told = await host.ErrorAsync("update_user_profile", wrong, "carol");
        foreach (var field in new[] { "email", "phone", "avatar" })
            told.ShouldContain($"\"field\":\"{field}\"");
        await host.CallAsync("update_user_profile", mine, "admin");
        (await host.FailAsync("update_user_profile", others.Replace("x@", "X@"), "cora")).ShouldBe("conflict");
        var now = await host.CallAsync("get_user_profile", $$"""{"user_id":"{{cora}}","include_details":true}""");
        now.TryGetProperty("email", out _).ShouldBeFalse();
    }

    // P-47, P-50, P-53
    [Fact]
    public async Task CachedUsers_AfterAChange_AreReadAnew()
    {
        await using var host = await StartAsync();
        var (carol, cora) = (await host.IdAsync("carol"), await host.IdAsync("cora"));
        var one = $$"""{"user_id":"{{carol}}"}""";
        Cached(await host.CallAsync("get_cached_user_profile", one)).ShouldBeFalse();
        Cached(await host.CallAsync("get_cached_user_profile", one)).ShouldBeTrue();
        Cached(await host.CallAsync("query_users")).ShouldBeFalse();
        Cached(await host.CallAsync("query_users")).ShouldBeTrue();
        var some = await host.CallAsync("batch_query_users", $$"""{"user_ids":["{{carol}}","{{cora}}","gone"]}""");
        some.GetProperty("users")
            .EnumerateArray()
            .Select(u => u.GetProperty("username").GetString())
            .ShouldBe(["carol", "cora"]);
        Texts(some, "missing").ShouldBe(["gone"]);
        // The batch left it there.
        Cached(await host.CallAsync("get_cached_user_profile", $$"""{"user_id":"{{cora}}"}""")).ShouldBeTrue();

        await host.CallAsync("update_user_profile", $$"""{"user_id":"{{carol}}","phone":"13800001111"}""", "carol");
        Cached(await host.CallAsync("get_cached_user_profile", one)).ShouldBeFalse();
        Cached(await host.CallAsync("query_users")).ShouldBeFalse();
        (await host.FailAsync("get_cached_user_profile", """{"user_id":"gone"}""")).ShouldBe("not_found");
    }

    // C-52: query_users
    [Fact]
    public async Task QueryUsers_WithRoleAndLimit_HasTheseOnly()
    {
        await using var host = await StartAsync();
        var customers = await host.CallAsync("query_users", """{"role":"customer"}""");
        customers.GetProperty("users").EnumerateArray().Single().GetProperty("username").GetString().ShouldBe("carol");
        var first = await host.CallAsync("query_users", """{"limit":1}""");
        first.GetProperty("users").GetArrayLength().ShouldBe(1);
        first.GetProperty("total").GetInt32().ShouldBe(3);
        (await host.ErrorAsync("query_users", """{"limit":0}""")).ShouldContain("limit");
    }

    // A-37: projects/service_info; P-102: documents
    [Fact]
    public async Task GetServiceInfo_OfTheSeededProjects_IsToolAndDocument()
    {
        await using var host = await StartAsync();
        var all = await host.CallAsync("get_service_info");
        all.GetProperty("total").GetInt32().ShouldBe(8);
        var one = await host.CallAsync("get_service_info", """{"project_id":"pico-laser"}""");
        one.GetProperty("projects")[0].GetProperty("price").GetInt32().ShouldBe(2980);
        (await host.CallAsync("get_service_info", """{"category":"laser"}"""))
            .GetProperty("total")
            .GetInt32()
            .ShouldBe(3);
        (await host.FailAsync("get_service_info", """{"project_id":"none"}""")).ShouldBe("not_found");
        (await ReadAsync(host, "documents://projects")).ShouldContain("Hydrating facial");
        (await ReadAsync(host, "documents://projects/pico-laser")).ShouldContain("2980 yuan");
    }

    // A-40, A-37: consultation/history and consultation/summary
    [Fact]
    public async Task Conversation_IsForThoseWhoTakePartInIt()
    {
        await using var host = await StartAsync();
        var begun = await host.CallAsync(
            "add_conversation_message",
            """{"text":"My skin is dry. What helps?"}""",
            "carol"
        );
        var id = begun.GetProperty("conversation_id").GetString();
        foreach (var (text, user) in new[] { ("A hydrating facial helps dry skin.", "cora"), ("Thank you!", "carol") })
        {
            host.Admin.Time.Advance(TimeSpan.FromSeconds(1));
            await host.CallAsync(
                "add_conversation_message",
                $$"""{"conversation_id":"{{id}}","text":"{{text}}"}""",
                user
            );
        }
        var ask = $$"""{"conversation_id":"{{id}}","page":2,"page_size":2}""";
        var page = await host.CallAsync("get_conversation_data", ask, "carol");
        page.GetProperty("total").GetInt32().ShouldBe(3);
        page.GetProperty("user_id").GetString().ShouldBe(await host.IdAsync("carol"));
        page.GetProperty("messages").EnumerateArray().Single().GetProperty("text").GetString().ShouldBe("Thank you!");
        page.GetProperty("ai_enabled").GetBoolean().ShouldBeTrue();
        var summary = await host.CallAsync("summarize_consultation", $$"""{"conversation_id":"{{id}}"}""", "cora");
        summary.GetProperty("message_count").GetInt32().ShouldBe(3);
        summary.GetProperty("by_role").GetProperty("consultant").GetInt32().ShouldBe(1);
        summary.GetProperty("summary").GetString()!.ShouldContain("hydrating facial");

        await host
            .Admin.Get<Server.Identity.UserStore>()
            .AddAsync("dave", Hosting.AdminHost.Password, ["customer"], null, default);
        (await host.FailAsync("get_conversation_data", ask)).ShouldBe("user_required");
        // As if it were not there.
        (await host.FailAsync("get_conversation_data", ask, "dave")).ShouldBe("not_found");
        (await host.FailAsync("summarize_consultation", $$"""{"conversation_id":"{{id}}"}""", "dave")).ShouldBe(
            "not_found"
        );
        (
            await host.FailAsync("add_conversation_message", $$"""{"conversation_id":"{{id}}","text":"x"}""", "dave")
        ).ShouldBe("not_found");
    }

    // A-39, A-37: customer/analysis
    [Fact]
    public async Task AnalyzeCustomer_OfEachType_HasItsMembers()
    {
        await using var host = await StartAsync();
        var carol = await host.IdAsync("carol");
        var silent = await AnalyzeAsync("basic");
        silent.GetProperty("segment").GetString().ShouldBe("new");
        silent.GetProperty("behaviour_pattern").GetString().ShouldBe("silent");
        silent.GetProperty("engagement").GetInt32().ShouldBe(0);
        Texts(silent, "recommendations").ShouldBe(["skin-consultation"]);
        silent.GetProperty("analysis_type").GetString().ShouldBe("basic");
        silent.TryGetProperty("risk_profile", out _).ShouldBeFalse();

        await host.CallAsync("add_conversation_message", """{"text":"Hello"}""", "carol");
        await host.CallAsync(
            "generate_treatment_plan",
            $$"""{"user_id":"{{carol}}","budget":3000,"category":"laser","save":true}""",
            "carol"
        );
        var detailed = await AnalyzeAsync("detailed");
        detailed.GetProperty("behaviour_pattern").GetString().ShouldBe("planning");
        detailed.GetProperty("engagement").GetInt32().ShouldBe(35);
        detailed.GetProperty("lifetime_value").GetInt32().ShouldBe(890 + 1580);
        detailed.GetProperty("risk_profile").GetString().ShouldBe("low");
        detailed.GetProperty("churn_probability").GetDouble().ShouldBe(0);
        detailed.TryGetProperty("strategy", out _).ShouldBeFalse();
        Texts(detailed, "recommendations").ShouldBe(["pico-laser"]);

        host.Admin.Time.Advance(TimeSpan.FromDays(180));
        var predictive = await AnalyzeAsync("predictive");
        predictive.GetProperty("segment").GetString().ShouldBe("dormant");
        predictive.GetProperty("churn_probability").GetDouble().ShouldBe(0.632, 0.001);
        predictive.GetProperty("next_best_action").GetString().ShouldBe("confirm_appointment");
        predictive.GetProperty("best_contact_time").GetString()!.ShouldEndWith(":00 UTC");
        predictive.GetProperty("strategy").GetString().ShouldBe("retention");
        (
            await host.ErrorAsync("analyze_customer", $$"""{"user_id":"{{carol}}","analysis_type":"magic"}""")
        ).ShouldContain("analysis_type");
        (await host.FailAsync("analyze_customer", """{"user_id":"gone"}""")).ShouldBe("not_found");

        Task<JsonElement> AnalyzeAsync(string type) =>
            host.CallAsync("analyze_customer", $$"""{"user_id":"{{carol}}","analysis_type":"{{type}}"}""");
    }

    // A-37: customer/preferences
    [Fact]
    public async Task CustomerPreferences_AreSetByThemselvesAndConsultants()
    {
        await using var host = await StartAsync();
        var (carol, cora) = (await host.IdAsync("carol"), await host.IdAsync("cora"));
        var hour = $$"""{"user_id":"{{carol}}","name":"contact_hour","value":"18"}""";
        await host.CallAsync("set_customer_preference", hour, "carol");
        await host.CallAsync("set_customer_preference", hour.Replace("\"18\"", "\"19\""), "cora");
        var known = await host.CallAsync("get_customer_preferences", $$"""{"user_id":"{{carol}}"}""");
        known.GetProperty("preferences").GetProperty("contact_hour").GetString().ShouldBe("19");
        var gone = await host.CallAsync("set_customer_preference", hour.Replace("\"18\"", "\"\""), "carol");
        gone.GetProperty("preferences").EnumerateObject().ShouldBeEmpty();
        (await host.FailAsync("set_customer_preference", hour.Replace(carol, cora), "carol")).ShouldBe("forbidden");
        (await host.FailAsync("get_customer_preferences", """{"user_id":"gone"}""")).ShouldBe("not_found");
    }

    // A-37: treatment/plan_generation and treatment/optimization
    [Fact]
    public async Task Treatments_ArePlannedWithinTheBudgetAndPutInOrder()
    {
        await using var host = await StartAsync();
        var carol = await host.IdAsync("carol");
        var ask = $$"""{"user_id":"{{carol}}","budget":6000,"category":"laser","save":true}""";
        (await host.FailAsync("optimize_treatment", $$"""{"user_id":"{{carol}}"}""", "carol")).ShouldBe("not_found");
        (await host.FailAsync("generate_treatment_plan", ask)).ShouldBe("user_required");
        var plan = await host.CallAsync("generate_treatment_plan", ask, "carol");
        plan.GetProperty("total_price").GetInt32().ShouldBe(890 + 1580 + 2980);
        Projects(plan).ShouldBe(["hair-removal", "photo-rejuvenation", "pico-laser"]);
        // Once more replaces the former plan.
        await host.CallAsync("generate_treatment_plan", ask.Replace("6000", "2500"), "carol");
        var better = await host.CallAsync("optimize_treatment", $$"""{"user_id":"{{carol}}","save":true}""", "cora");
        Projects(better.GetProperty("before")).ShouldBe(["hair-removal", "photo-rejuvenation"]);
        var (before, after) = (Last(better.GetProperty("before")), Last(better.GetProperty("after")));
        after.CompareTo(before).ShouldBeLessThanOrEqualTo(0);
        (await host.FailAsync("generate_treatment_plan", ask.Replace(carol, "gone"), "cora")).ShouldBe("not_found");

        static string Last(JsonElement plan) => plan.GetProperty("last_day").GetString()!;
        static List<string?> Projects(JsonElement plan) =>
            [.. plan.GetProperty("treatments").EnumerateArray().Select(t => t.GetProperty("project_id").GetString())];
    }

    // C-52: query_data, cache_data; P-54: aggregate_data
    [Fact]
    public async Task Counts_OfTheDatabase_AreCachedAheadOrOnDemand()
    {
        await using var host = await StartAsync();
        var first = await host.CallAsync("query_data", """{"subject":"projects"}""");
        first.GetProperty("counts").GetProperty("laser").GetInt32().ShouldBe(3);
        Cached(first).ShouldBeFalse();
        Cached(await host.CallAsync("query_data", """{"subject":"projects"}""")).ShouldBeTrue();
        await host.CallAsync("cache_data", """{"subject":"users"}""");
        var users = await host.CallAsync("query_data", """{"subject":"users"}""");
        Cached(users).ShouldBeTrue();
        users.GetProperty("counts").GetProperty("active").GetInt32().ShouldBe(3);
        var all = await host.CallAsync("aggregate_data");
        all.GetProperty("users").GetProperty("active").GetInt32().ShouldBe(3);
        all.GetProperty("projects").GetProperty("skin").GetInt32().ShouldBe(2);
        all.GetProperty("application").GetProperty("version").GetString().ShouldBe("1.0.0");
        Texts(all, "failed").ShouldBeEmpty();
    }

    // P-79
    [Fact]
    public async Task GetProfile_OfAnyUser_IsHisOwn()
    {
        await using var host = await StartAsync();
        var mine = await host.CallAsync("get_profile", user: "carol");
        mine.GetProperty("user_id").GetString().ShouldBe(await host.IdAsync("carol"));
        mine.GetProperty("tier").GetString().ShouldBe("gold");
        (await host.FailAsync("get_profile")).ShouldBe("user_required");
    }

    // P-79, P-90
    [Fact]
    public async Task DeleteUser_ByAnAdministrator_IsAuditedOnceForEachOutcome()
    {
        await using var host = await StartAsync();
        var cora = await host.IdAsync("cora");
        await host.CallAsync("add_conversation_message", """{"text":"hello"}""", "cora");
        var ask = $$"""{"user_id":"{{cora}}"}""";
        foreach (var user in new[] { null, "carol" })
        {
            var refused = await host.AnswerAsync("delete_user", ask, user);
            refused.TryGetProperty("error", out _).ShouldBeTrue(refused.GetRawText());
        }
        (await AuditedAsync("samples.delete_user")).ShouldBeEmpty();
        await host.CallAsync("delete_user", ask, "admin");
        (await host.FailAsync("delete_user", ask, "admin")).ShouldBe("not_found");
        (await host.FailAsync("delete_user", $$"""{"user_id":"{{await host.IdAsync("admin")}}"}""", "admin")).ShouldBe(
            "conflict"
        );
        (await AuditedAsync("samples.delete_user")).ShouldBe(["CONFLICT", "NOT_FOUND", "success"]);
        // With all that was kept of the user.
        (await host.CallAsync("query_data", """{"subject":"conversations"}"""))
            .GetProperty("counts")
            .EnumerateObject()
            .ShouldBeEmpty();

        async Task<List<string>> AuditedAsync(string action)
        {
            var (rows, _) = await host
                .Admin.Get<Server.Telemetry.AuditLog>()
                .ReadAsync(new(action, await host.IdAsync("admin"), null, null, null), 0, 10, default);
            return [.. rows.Select(r => r.Record.Result)];
        }
    }

    // P-91: create_user
    [Fact]
    public async Task CreateUser_WithEachMistake_IsRefusedWithIt()
    {
        await using var host = await StartAsync();
        const string Good = """{"username":"dora_1","email":"Dora@example.com","age":30,"password":"long enough"}""";
        var made = await host.CallAsync("create_user", Good, "admin");
        var id = made.GetProperty("user_id").GetString();
        (await host.Admin.Get<Server.Identity.UserStore>().VerifyAsync("dora_1", "long enough", default))!.Id.ShouldBe(
            id
        );
        var profile = await host.CallAsync("get_user_profile", $$"""{"user_id":"{{id}}","include_details":true}""");
        profile.GetProperty("email").GetString().ShouldBe("dora@example.com");
        Texts(profile, "roles").ShouldBe(["customer"]);
        foreach (
            var (wrong, field) in new[]
            {
                (Good.Replace("dora_1", "d!"), "username"),
                (Good.Replace("Dora@example.com", "dora"), "email"),
                (Good.Replace("30", "151"), "age"),
                (Good.Replace("long enough", "short"), "password"),
            }
        )
            (await host.ErrorAsync("create_user", wrong, "admin")).ShouldContain($"'{field}'");
        (await host.ErrorAsync("create_user", Good.Replace("dora_1", "other"), "admin")).ShouldContain(
            "\"field\":\"email\""
        );
        (await host.ErrorAsync("create_user", Good.Replace("Dora@", "other@"), "admin")).ShouldContain(
            "\"field\":\"username\""
        );
        (await host.AnswerAsync("create_user", Good, "carol")).TryGetProperty("error", out _).ShouldBeTrue();
    }

    // P-91, A-37: user/search, screened (P-87)
    [Fact]
    public async Task SearchUsers_ByAPartOfTheName_IsScreened()
    {
        await using var host = await StartAsync();
        var found = await host.CallAsync("search_users", """{"query":"CAR"}""");
        found.GetProperty("users").EnumerateArray().Single().GetProperty("username").GetString().ShouldBe("carol");
        (await host.CallAsync("search_users", """{"query":"%"}""")).GetProperty("users").GetArrayLength().ShouldBe(0);
        (await host.ErrorAsync("search_users", """{"query":"x' UNION SELECT 1"}""")).ShouldContain("query");
    }

    // P-80, P-91: store, retrieve and delete_sensitive_data
    [Fact]
    public async Task SensitiveData_StoredAndRetrieved_IsEncryptedInTheDatabase()
    {
        await using var host = await StartAsync();
        const string Canary = "canary-value-4711";
        var keep = $$"""{"name":"pin","value":"{{Canary}}"}""";
        (await host.FailAsync("store_sensitive_data", keep)).ShouldBe("user_required");
        await host.CallAsync("store_sensitive_data", keep, "carol");
        var first = await RawAsync();
        first.ShouldNotContain(Canary);
        await host.CallAsync("store_sensitive_data", keep, "carol");
        (await RawAsync()).ShouldNotBe(first);
        var back = await host.CallAsync("retrieve_sensitive_data", """{"name":"pin"}""", "carol");
        back.GetProperty("secret").GetString().ShouldBe(Canary);
        (await host.FailAsync("retrieve_sensitive_data", """{"name":"pin"}""", "cora")).ShouldBe("not_found");

        var gone = $$"""{"user_id":"{{await host.IdAsync("carol")}}","name":"pin"}""";
        (await host.AnswerAsync("delete_sensitive_data", gone, "carol")).TryGetProperty("error", out _).ShouldBeTrue();
        await host.CallAsync("delete_sensitive_data", gone, "admin");
        (await host.FailAsync("delete_sensitive_data", gone, "admin")).ShouldBe("not_found");
        (await host.FailAsync("retrieve_sensitive_data", """{"name":"pin"}""", "carol")).ShouldBe("not_found");
        var (rows, _) = await host
            .Admin.Get<Server.Telemetry.AuditLog>()
            .ReadAsync(new("samples.delete_sensitive_data", null, null, null, null), 0, 10, default);
        rows.Select(r => r.Record.Result).ShouldBe(["NOT_FOUND", "success"]);

        Task<string> RawAsync() =>
            host
                .Admin.Get<StoreWriter>()
                .ReadAsync(async db => (await db.SampleSensitive.SingleAsync()).Value, default);
    }

    // P-91: update_user_info, with its echo masked (P-85)
    [Fact]
    public async Task UpdateUserInfo_OfOneself_IsShownMasked()
    {
        await using var host = await StartAsync();
        var done = await host.CallAsync(
            "update_user_info",
            """{"email":"carol.li@example.com","phone":"13812348888","id_card":"110101199003071234"}""",
            "carol"
        );
        Texts(done, "updated").ShouldBe(["email", "phone", "id_card"]);
        done.GetProperty("email").GetString().ShouldBe("c***i@example.com");
        done.GetProperty("phone").GetString().ShouldBe("138****8888");
        done.GetProperty("id_card").GetString().ShouldBe("110101********1234");
        var kept = await host.CallAsync("retrieve_sensitive_data", """{"name":"id_card"}""", "carol");
        kept.GetProperty("secret").GetString().ShouldBe("110101199003071234");
        (await host.FailAsync("update_user_info", """{"phone":"1"}""", "carol")).ShouldBe("invalid_input");
        (await host.FailAsync("update_user_info", """{"phone":"13812348888"}""")).ShouldBe("user_required");
    }

    private protected static bool Cached(JsonElement result) => result.GetProperty("cached").GetBoolean();

    private protected static List<string?> Texts(JsonElement of, string member) =>
        [.. of.GetProperty(member).EnumerateArray().Select(t => t.GetString())];

    private static async Task<string> ReadAsync(SamplesHost host, string uri)
    {
        var answer = await host.AskAsync(
            Gateway.Wire.Modern("resources/read", $"\"uri\":\"{uri}\"", name: uri, path: "/samples/mcp")
        );
        answer.TryGetProperty("result", out var result).ShouldBeTrue(answer.GetRawText());
        return result.GetProperty("contents")[0].GetProperty("text").GetString()!;
    }
}

public sealed class SqliteSampleTests : SampleDataContract
{
    private protected override Task<(string, string)[]> StoreAsync() => Task.FromResult<(string, string)[]>([]);
}

[Trait("Category", "integration")]
public sealed class PostgresSampleTests(Storage.PostgresFixture fixture) : SampleDataContract, IDisposable
{
    private readonly Storage.TempFolder folder = new();

    private protected override async Task<(string, string)[]> StoreAsync()
    {
        var keys = Path.Combine(folder.Path, "master");
        await File.WriteAllTextAsync(keys, Convert.ToBase64String(new byte[32]));
        return
        [
            ("Storage:Provider", nameof(StorageProvider.Postgres)),
            ("Storage:ConnectionString", await (await fixture.ServerAsync()).CreateDatabaseAsync()),
            ("Storage:MasterKeyFile", keys),
        ];
    }

    public void Dispose() => folder.Dispose();
}
