using System.ComponentModel;
using System.Net.Http.Headers;
using System.Text.Json;
using Fairlead.Server.Groups;
using Fairlead.Server.Hosting;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Gateway;
using Fairlead.Server.Tests.Storage;
using Fairlead.Toolkit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using ModelContextProtocol.Server;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Tools;

/// <summary>A program of an author's own around the gateway, over HTTP (R-03, P-102, A-41).</summary>
public sealed class BuilderTests : IDisposable
{
    private const string Key = GatewayHost.Key;
    private readonly TempFolder folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private sealed class Stock
    {
        private int made;

        public int Made => Volatile.Read(ref made);

        public void Count() => Interlocked.Increment(ref made);
    }

    private sealed class SearchModule
    {
        public SearchModule(Stock stock) => stock.Count();

        [FairleadTool(Name = "web_search", Category = "search")]
        public static string Web(string query) => $"web: {query}";

        [FairleadTool(Name = "local_search", Category = "search")]
        public static string Local(string query) => $"local: {query}";
    }

    private static class DatabaseModule
    {
        [FairleadTool(Name = "query", Category = "database", Group = "data")]
        public static string Query(string table) => $"rows of {table}";
    }

    private sealed class DocumentModule(Stock stock)
    {
        [McpServerResource(UriTemplate = "docs://index", Name = "index", MimeType = "text/plain"), Description("All.")]
        public string Index() => $"one, two, {stock.Made}";

        [McpServerResource(UriTemplate = "docs://{name}/text", Name = "text")]
        public static string Text(string name, CallContext context) => $"{name} for {context.Group}";

        [McpServerPrompt(Name = "summary"), Description("Sums up a document.")]
        public static string Summary([Description("Which.")] string name) => $"Sum up {name}.";

        [McpServerPrompt(Name = "broken")]
        public static string Broken() => throw new InvalidOperationException("canary");
    }

    private sealed class Loud : IToolMiddleware
    {
        public async ValueTask<ToolResult> InvokeAsync(ToolRun run, ToolNext next)
        {
            var result = await next(run);
            return result.IsError ? result : ToolResult.Of($"{result.Value}!");
        }
    }

    private async Task<WebApplication> StartAsync(Action<FairleadBuilder>? add = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Configuration["Fairlead:Storage:DataDirectory"] = folder.Path;
        builder.Configuration["Fairlead:FirstStart:AdminPassword"] = "a-long-password-1";
        builder.Configuration["Fairlead:FirstStart:DefaultKey"] = Key;
        builder.Services.AddSingleton<Stock>();
        var fairlead = builder.AddFairlead();
        add?.Invoke(fairlead);
        var app = builder.Build();
        app.MapFairlead();
        await app.StartAsync(Token);
        return app;
    }

    private static void All(FairleadBuilder fairlead) =>
        fairlead
            .AddTools<SearchModule>()
            .AddTools(typeof(DatabaseModule))
            .AddTools(new Multiplying(3))
            .AddResources<DocumentModule>()
            .AddPrompts<DocumentModule>()
            .AddToolMiddleware<Loud>();

    private sealed class Multiplying(int by)
    {
        [FairleadTool(Name = "times", Category = "calculator")]
        public int Times(int a) => a * by;
    }

    private static HttpClient Client(WebApplication app)
    {
        var client = app.GetTestClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        client.DefaultRequestHeaders.Accept.ParseAdd("application/json, text/event-stream");
        return client;
    }

    private static async Task<string> ListAsync(HttpClient client, string what, string key)
    {
        var answer = await client.AskAsync(Wire.Modern($"{what}/list"));
        var member = what.Split('/')[^1] == "templates" ? "resourceTemplates" : what;
        return string.Join(
            ',',
            answer
                .GetProperty("result")
                .GetProperty(member)
                .EnumerateArray()
                .Select(t => t.GetProperty(key).GetString())
                .Order(StringComparer.Ordinal)
        );
    }

    // P-102: each module brings itself; all are listed and called, in both eras.
    [Fact]
    public async Task Modules_Added_AreListedAndCalled()
    {
        await using var app = await StartAsync(All);
        var client = Client(app);
        (await ListAsync(client, "tools", "name")).ShouldBe("add,current_time,local_search,search,times,web_search");
        (await ListAsync(client, "resources", "uri")).ShouldBe("docs://index");
        (await ListAsync(client, "resources/templates", "uriTemplate")).ShouldBe("docs://{name}/text");
        (await ListAsync(client, "prompts", "name")).ShouldBe("broken,summary");

        var session = await Wire.InitializeAsync(client);
        foreach (
            var (method, name, parameters, said) in new[]
            {
                ("tools/call", "web_search", """{"name":"web_search","arguments":{"query":"x"}}""", "web: x!"),
                ("tools/call", "times", """{"name":"times","arguments":{"a":14}}""", "42!"),
                ("resources/read", "docs://index", """{"uri":"docs://index"}""", "one, two, 1"),
                ("resources/read", "docs://a/text", """{"uri":"docs://a/text"}""", "a for default"),
                ("prompts/get", "summary", """{"name":"summary","arguments":{"name":"it"}}""", "Sum up it."),
                (
                    "prompts/get",
                    "broken",
                    """{"name":"broken"}""",
                    "The prompt broken failed (InvalidOperationException)"
                ),
            }
        )
        {
            foreach (
                var request in new[]
                {
                    Wire.Legacy(session, method, parameters),
                    Wire.Modern(method, parameters[1..^1], name: name),
                }
            )
            {
                var answer = (await client.AskAsync(request)).GetRawText();
                answer.ShouldContain(said);
                answer.ShouldNotContain("canary");
            }
        }
    }

    // A tool that names a group is in that group only.
    [Fact]
    public async Task Tool_OfAGroup_IsPublishedThereOnly()
    {
        await using var app = await StartAsync(All);
        var groups = app.Services.GetRequiredService<GroupStore>();
        var draft = new GroupDraft
        {
            Name = "data",
            ServerCode = "data",
            Description = "",
            PublishNative = true,
            CreatedBy = "test",
        };
        var made = await groups.CreateAsync(draft, null, Token);
        var data = new AuthenticationHeaderValue("Bearer", made.Require().Key);
        var client = Client(app);
        client.DefaultRequestHeaders.Authorization = data;
        (await ListAsync(client, "tools", "name")).ShouldBe(
            "add,current_time,local_search,query,search,times,web_search"
        );
        (
            await client.AskAsync(
                Wire.Modern("tools/call", "\"name\":\"query\",\"arguments\":{\"table\":\"t\"}", "query")
            )
        )
            .GetRawText()
            .ShouldContain("rows of t!");
        // a tool that is not in the group is unknown to it.
        (await Client(app).AskAsync(Wire.Modern("tools/call", "\"name\":\"query\"", "query")))
            .GetProperty("error")
            .GetProperty("code")
            .GetInt32()
            .ShouldBe(-32602);
    }

    // What a program no longer has is gone from the lists after its next start, and comes back with it.
    [Fact]
    public async Task Modules_OfALaterStart_AreWhatIsListed()
    {
        await using (var first = await StartAsync(All))
            (await ListAsync(Client(first), "prompts", "name")).ShouldBe("broken,summary");
        await using (var without = await StartAsync())
        {
            (await ListAsync(Client(without), "prompts", "name")).ShouldBe("");
            (await ListAsync(Client(without), "tools", "name")).ShouldBe("add,current_time,search");
        }
        await using var again = await StartAsync(All);
        (await ListAsync(Client(again), "resources", "uri")).ShouldBe("docs://index");
    }

    [Fact]
    public async Task Tools_OfOneName_StopTheStart() =>
        (
            await Should.ThrowAsync<StoreException>(async () =>
                await StartAsync(f => f.AddTools(new Multiplying(1)).AddTools(new Multiplying(2)))
            )
        ).Message.ShouldContain("times");

    public void Dispose() => folder.Dispose();
}
