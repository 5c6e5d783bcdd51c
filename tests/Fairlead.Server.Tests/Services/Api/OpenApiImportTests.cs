using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Hosting;
using Fairlead.Server.Tests.Tools.Http;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Api;

/// <summary>An OpenAPI document becomes tools that call a live API through the gateway (R-15…R-17).</summary>
[Trait("Category", "integration")]
public sealed class OpenApiImportTests(HttpEcho echo) : IClassFixture<HttpEcho>
{
    private const string Key = "mcp_key_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    private const string Document = """
        openapi: 3.1.0
        info: { title: Notes, version: "2" }
        security: [{ token: [] }]
        paths:
          /notes/{id}:
            get:
              operationId: getNote
              tags: [read]
              parameters:
                - { name: id, in: path, required: true, schema: { type: integer, minimum: 1 } }
                - { name: lang, in: query, schema: { type: string, enum: [de, zh] } }
              responses: { "200": { description: ok } }
            put:
              operationId: putNote
              parameters:
                - { name: id, in: path, required: true, schema: { type: integer } }
              requestBody: { content: { application/json: { schema: { type: object, required: [text] } } } }
              responses: { "200": { description: ok } }
        components:
          securitySchemes:
            token: { type: http, scheme: bearer }
        """;

    [Fact]
    public async Task Import_OfADocument_GivesToolsThatCallTheApi()
    {
        await using var host = await AdminHost.StartWholeAsync(("FirstStart:DefaultKey", Key));
        var body = Json(
            new
            {
                name = "notes",
                document = Document,
                url = echo.Address.ToString(),
                allow_private = true,
            }
        );

        var dry = await host.PostAsync(
            "/api/v1/services/openapi",
            Json(
                new
                {
                    name = "notes",
                    document = Document,
                    url = echo.Address.ToString(),
                    allow_private = true,
                    dry_run = true,
                }
            )
        );
        dry.Status.ShouldBe(200, dry.Text);
        dry.Data.GetProperty("tools")
            .EnumerateArray()
            .Select(t => t.GetProperty("name").GetString())
            .ShouldBe(["getNote", "putNote"]);
        dry.Data.GetProperty("missing_secrets")[0].GetString().ShouldBe("notes.token");
        host.Now.Services.ShouldNotContain(s => s.Name == "notes");

        (await host.PutAsync("/api/v1/secrets/notes.token", """{"value":"s3cret-token-of-notes"}""")).Status.ShouldBe(
            200
        );
        var added = await host.PostAsync("/api/v1/services/openapi", body);
        added.Status.ShouldBe(200, added.Text);
        added.Text.ShouldNotContain("s3cret");
        await Eventually.UntilAsync(async () =>
            (await host.GetAsync("/api/v1/services/notes")).Data.GetProperty("health").GetString()
                is "ready"
                    or "healthy"
        );
        (await host.GetAsync("/api/v1/services/notes"))
            .Data.GetProperty("transport")
            .GetString()
            .ShouldBe("http-tools");

        await PublishedAsync(host, "notes", "getNote");
        var got = await CallAsync(host, "getNote", """{"id":7,"lang":"zh"}""");
        echo.Last.Method.ShouldBe("GET");
        echo.Last.PathAndQuery.ShouldBe("/notes/7?lang=zh");
        echo.Last.Headers["Authorization"].ShouldBe("Bearer s3cret-token-of-notes");
        got.GetProperty("structuredContent").GetProperty("status_code").GetInt32().ShouldBe(200);

        await CallAsync(host, "putNote", """{"id":8,"body":{"text":"你好"}}""");
        JsonElement.Parse(echo.Last.Body).GetProperty("text").GetString().ShouldBe("你好");

        var before = echo.Count;
        var wrong = await CallAsync(host, "getNote", """{"id":0,"lang":"zh"}""");
        wrong.GetProperty("isError").GetBoolean().ShouldBeTrue();
        wrong.GetProperty("content")[0].GetProperty("text").GetString()!.ShouldContain("'id'");
        echo.Count.ShouldBe(before);

        var again = await host.PostAsync("/api/v1/services/openapi", body);
        again.Code.ShouldBe("SERVICE_ALREADY_EXISTS");
    }

    // Selection and renaming at import.
    [Fact]
    public async Task Import_Selected_TakesAndRenamesWhatWasNamed()
    {
        await using var host = await AdminHost.StartWholeAsync();
        var answer = await host.PostAsync(
            "/api/v1/services/openapi",
            Json(
                new
                {
                    name = "notes",
                    document = Document,
                    url = "https://notes.example",
                    select = new[] { "get*" },
                    rename = new Dictionary<string, string> { ["getNote"] = "read_note" },
                }
            )
        );
        answer.Status.ShouldBe(200, answer.Text);
        host.Now.Services.Single(s => s.Name == "notes").Definition.Tools.Select(t => t.Name).ShouldBe(["read_note"]);
        host.Now.Services.Single(s => s.Name == "notes")
            .Definition.Headers["Authorization"]
            .ShouldBe("Bearer ${secret:notes.token}");
    }

    [Theory]
    [InlineData("""{"document":"x"}""", "name")]
    [InlineData("""{"name":"n"}""", "document")]
    [InlineData("""{"name":"n","document":"{}"}""", "document")]
    [InlineData("""{"name":"n","document":"#","url":"https://a.example","select":["nothing"]}""", "select")]
    [InlineData("""{"name":"n","document":"#","url":"https://a.example","rename":{"x":"y"}}""", "rename")]
    [InlineData(
        """{"name":"n","document":"#","url":"https://a.example","rename":{"getNote":"a b"}}""",
        "tools[0].name"
    )]
    [InlineData("""{"name":"n","document":"#"}""", "url")]
    [InlineData("""{"name":"n n","document":"#","url":"https://a.example"}""", "name")]
    public async Task Import_ThatIsWrong_NamesTheField(string json, string field)
    {
        await using var host = await AdminHost.StartWholeAsync();
        var quoted = JsonSerializer.Serialize(Document)[1..^1];
        var answer = await host.PostAsync(
            "/api/v1/services/openapi",
            json.Replace("\"#\"", $"\"{quoted}\"", StringComparison.Ordinal)
        );
        answer.Status.ShouldBe(400, answer.Text);
        answer.Field.ShouldBe(field);
    }

    // R-16: a tool by hand, without a document.
    [Fact]
    public async Task Add_OfToolsByHand_IsCheckedAndCalled()
    {
        await using var host = await AdminHost.StartWholeAsync(("FirstStart:DefaultKey", Key));
        var refused = await host.PostAsync(
            "/api/v1/services",
            """{"name":"hooks","url":"http://127.0.0.1:1","tools":[{"name":"a","method":"FETCH"}]}"""
        );
        refused.Field.ShouldBe("tools[0].method");

        var added = await host.PostAsync(
            "/api/v1/services",
            $$"""{"name":"hooks","url":"{{echo.Address}}","allow_private":true,"tools":[{"name":"notify","endpoint":"hook","headers":{"X-From":"fairlead"} }]}"""
        );
        added.Status.ShouldBe(201, added.Text);
        await PublishedAsync(host, "hooks", "notify");
        await CallAsync(host, "notify", """{"data":{"n":1},"params":{"q":"a"}}""");
        echo.Last.Method.ShouldBe("POST");
        echo.Last.PathAndQuery.ShouldBe("/hook?q=a");
        echo.Last.Headers["X-From"].ShouldBe("fairlead");
        echo.Last.Body.ShouldBe("""{"n":1}""");
    }

    private const string Call = """
        {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"#","arguments":@,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}
        """;

    private static async Task PublishedAsync(AdminHost host, string service, string tool)
    {
        var published = await host.PutAsync(
            $"/api/v1/mcp/groups/{host.Now.Groups.Single(g => g.ServerCode == "default").Id}/services/{service}"
        );
        published.Status.ShouldBe(200, published.Text);
        await Eventually.UntilAsync(() => host.Now.Publications.Any(p => p.ExposedName == tool));
    }

    private static string Json(object value) => JsonSerializer.Serialize(value);

    private static async Task<JsonElement> CallAsync(AdminHost host, string tool, string arguments)
    {
        JsonElement result = default;
        // Published, and served as soon as the routes are swapped.
        await Eventually.UntilAsync(async () =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/mcp");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Key);
            request.Headers.Accept.ParseAdd("application/json, text/event-stream");
            request.Headers.Add("MCP-Protocol-Version", "2026-07-28");
            request.Headers.Add("Mcp-Method", "tools/call");
            request.Headers.Add("Mcp-Name", tool);
            request.Content = new StringContent(
                Call.Replace("#", tool, StringComparison.Ordinal).Replace("@", arguments, StringComparison.Ordinal),
                Encoding.UTF8,
                "application/json"
            );
            using var response = await host.Client.SendAsync(request);
            var answer = JsonElement.Parse(await response.Content.ReadAsStringAsync());
            return answer.TryGetProperty("result", out result);
        });
        return result;
    }
}
