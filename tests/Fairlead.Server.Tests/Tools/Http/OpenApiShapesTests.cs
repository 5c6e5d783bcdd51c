using System.Collections.Immutable;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.Server.Services.Api;
using Fairlead.Server.Tools.Http;
using Fairlead.Server.Tools.OpenApi;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Tools.Http;

/// <summary>What large documents of the wild have in them, in small ones of our own (R-15…R-17).</summary>
public sealed class OpenApiShapesTests
{
    private static OpenApiImport Read(string yaml, bool anyServer = false) =>
        OpenApiReader.Read(YamlJson.Read(yaml), anyServer);

    private static string Document(string paths, string more = "", string version = "3.0.3") =>
        $"openapi: {version}\ninfo: {{ title: t }}\n{more}\npaths:\n{paths}\n";

    // Which one is asked for first says nothing: the fewest secrets are needed where most operations agree.
    [Fact]
    public void Auth_OfAlternatives_IsTheOneMostOperationsHave()
    {
        var read = Read(
            Document(
                """
                  /a: { get: { operationId: a, security: [{ login: [] }, { key: [] }] } }
                  /b: { get: { operationId: b, security: [{ key: [] }] } }
                  /c: { get: { operationId: c, security: [] } }
                  /d: { get: { operationId: d, security: [{}, { key: [] }] } }
                  /e: { get: { operationId: e, security: [{ unknown: [] }, { id: [], secret: [] }] } }
                """,
                """
                components:
                  securitySchemes:
                    key: { type: apiKey, in: header, name: X-Key }
                    id: { type: apiKey, in: header, name: X-Id }
                    secret: { type: apiKey, in: header, name: X-Secret }
                    login: { type: http, scheme: bearer }
                    unknown: { type: mutualTLS }
                """
            )
        );
        read.Auth.ToDictionary(a => a.Key, a => string.Join('+', a.Value.Select(w => w.Scheme)))
            .ShouldBe(
                new Dictionary<string, string>
                {
                    ["a"] = "key",
                    ["b"] = "key",
                    ["e"] = "id+secret",
                },
                ignoreOrder: true
            );
    }

    // Two keys for one header: each tool sends its own, and only those that are taken count.
    [Fact]
    public void Credentials_ThatDifferInOneHeader_AreEachTools()
    {
        var read = Read(
            Document(
                """
                  /a: { get: { operationId: a, security: [{ user: [] }] } }
                  /b: { get: { operationId: b, security: [{ admin: [] }] } }
                  /c: { get: { operationId: c, security: [{ region: [] }] } }
                """,
                """
                components:
                  securitySchemes:
                    user: { type: http, scheme: bearer }
                    admin: { type: http, scheme: basic }
                    region: { type: apiKey, in: query, name: region }
                """
            )
        );
        var all = Of(read.Tools);
        all.Url.ShouldBe("https://api.example?region=${secret:s.region}");
        all.Headers.ShouldBeEmpty();
        all.Tools.Select(t => t.Headers.GetValueOrDefault("Authorization"))
            .ShouldBe(["Bearer ${secret:s.user}", "Basic ${secret:s.admin}", null]);
        var one = Of([read.Tools[0]]);
        one.Headers["Authorization"].ShouldBe("Bearer ${secret:s.user}");
        one.Tools[0].Headers.ShouldBeEmpty();

        OpenApiCredentials Of(IReadOnlyList<HttpTool> tools) =>
            OpenApiCredentials.Of(new OpenApiRequest { Name = "s" }, "https://api.example", tools, read.Auth);
    }

    [Fact]
    public void Server_OfAnOperation_MustBeTheServices()
    {
        const string Paths = """
              /a: { get: { operationId: a } }
              /b: { servers: [{ url: "https://b.example" }], get: { operationId: b } }
              /c: { get: { operationId: c, servers: [{ url: "https://a.example/" }] } }
            """;
        const string Servers =
            "servers: [{ url: \"https://{place}.example\", variables: { place: { enum: [a, z] } } }]";
        var read = Read(Document(Paths, Servers));
        read.Address.ShouldBe("https://a.example");
        read.Tools.Select(t => t.Name).ShouldBe(["a", "c"]);
        read.Problems.Single()
            .ShouldBe(
                "GET /b: it has a server of its own, https://b.example: import it as another service, with that address as url."
            );
        // Whoever names the address knows better.
        Read(Document(Paths, Servers), anyServer: true).Tools.Count.ShouldBe(3);
        // Documents that have servers at their paths alone.
        Read(Document("""  /b: { servers: [{ url: "https://b.example" }], get: { operationId: b } }"""))
            .Address.ShouldBe("https://b.example");
        Read(Document("  /b: { get: { operationId: b } }", "servers: [{ url: /v1 }]")).Address.ShouldBeNull();
    }

    // Names are at most 64 long; what tells operations apart is at their end.
    [Fact]
    public void Name_ThatIsTooLong_KeepsBothEnds()
    {
        const string Long = "/companies/{companyId}/apiCredentials/{apiCredentialId}/allowedOrigins/{originId}";
        var read = Read(
            Document(
                $$"""
                  {{Long}}:
                    parameters:
                      - { name: companyId, in: path, required: true, schema: { type: string } }
                      - { name: apiCredentialId, in: path, required: true, schema: { type: string } }
                      - { name: originId, in: path, required: true, schema: { type: string } }
                    get: {}
                    delete: {}
                """
            )
        );
        read.Tools.Select(t => t.Name)
            .ShouldBe(["get_companies_companyId_allowedOrigins_originId", "delete_companies_allowedOrigins_originId"]);
        read.Tools.ShouldAllBe(t => t.Name.Length <= 64);
        OpenApiNames.OfOperation(new string('x', 200), "GET", "/").Length.ShouldBe(64);
    }

    // 3.0 says "nullable" also of compositions, and documents of 3.1 still do.
    [Theory]
    [InlineData("3.0.3")]
    [InlineData("3.1.0")]
    public void Nullable_OfAComposition_IsMeantOfTheWhole(string version)
    {
        var tool = Read(
            Document(
                """
                  /a:
                    get:
                      operationId: a
                      parameters:
                        - name: q
                          in: query
                          schema: { nullable: true, oneOf: [{ type: string }, { $ref: "#/components/schemas/N" }] }
                        - { name: r, in: query, schema: { $ref: "#/components/schemas/M" } }
                """,
                """
                components:
                  schemas:
                    N: { type: integer, nullable: true, enum: [1, 2] }
                    M: { nullable: true, allOf: [{ $ref: "#/components/schemas/N" }] }
                """,
                version
            )
        )
            .Tools.Single();
        var schema = tool.Parameters!.Value[0].Schema!.Value;
        schema
            .GetRawText()
            .ShouldBe("""{"anyOf":[{"oneOf":[{"type":"string"},{"$ref":"#/$defs/N"}]},{"type":"null"}]}""");
        tool.Defs!.Value.GetProperty("N").GetRawText().ShouldBe("""{"type":["integer","null"],"enum":[1,2,null]}""");
        tool.Defs!.Value.GetProperty("M").GetProperty("anyOf")[1].GetRawText().ShouldBe("""{"type":"null"}""");
    }

    // References in a circle, through properties, items and compositions, end; one of parameters to itself is told.
    [Fact]
    public void References_InACircle_End()
    {
        var read = Read(
            Document(
                """
                  /a:
                    post:
                      operationId: a
                      requestBody: { $ref: "#/components/requestBodies/B" }
                  /b: { get: { operationId: b, parameters: [{ $ref: "#/components/parameters/P" }] } }
                """,
                """
                components:
                  requestBodies:
                    B: { content: { application/json: { schema: { $ref: "#/components/schemas/T" } } } }
                  parameters:
                    P: { $ref: "#/components/parameters/Q" }
                    Q: { $ref: "#/components/parameters/P" }
                  schemas:
                    T: { type: object, properties: { u: { $ref: "#/components/schemas/U" }, me: { items: { $ref: "#/components/schemas/T" } } } }
                    U: { allOf: [{ $ref: "#/components/schemas/T" }] }
                """
            )
        );
        read.Tools.Single().Defs!.Value.EnumerateObject().Select(d => d.Name).ShouldBe(["T", "U"], ignoreOrder: true);
        read.Problems.Single().ShouldContain("leads in a circle");
    }

    [Theory]
    [InlineData("query", "", "[1,\"a b\"]", "?p=1&p=a%20b")]
    [InlineData("query", "explode: false,", "[1,2]", "?p=1%2C2")]
    [InlineData("query", "style: spaceDelimited, explode: false,", "[1,2]", "?p=1%202")]
    [InlineData("query", "style: pipeDelimited, explode: false,", "[1,2]", "?p=1%7C2")]
    [InlineData("query", "", "{\"a\":1,\"b\":\"x\"}", "?a=1&b=x")]
    [InlineData("query", "explode: false,", "{\"a\":1,\"b\":\"x\"}", "?p=a%2C1%2Cb%2Cx")]
    [InlineData("query", "style: deepObject,", "{\"a\":{\"b\":[{\"c\":1}]}}", "?p%5Ba%5D%5Bb%5D%5B0%5D%5Bc%5D=1")]
    [InlineData("path", "", "[1,\"a/b\"]", "/1,a%2Fb")]
    [InlineData("path", "style: label,", "[1,2]", "/.1.2")]
    [InlineData("path", "style: matrix,", "[1,2]", "/;p=1,2")]
    public void Style_OfAParameter_IsHeeded(string place, string style, string value, string expected)
    {
        var path = place == "path" ? "/{p}" : "/";
        var tool = Read(
            Document(
                $$"""
                  {{path}}: { get: { operationId: a, parameters: [{ name: p, in: {{place}}, {{style}} required: true, schema: {} }] } }
                """
            )
        )
            .Tools.Single();
        using var request = Request(tool, $$"""{"p":{{value}}}""");
        request.RequestUri!.OriginalString.ShouldBe("http://api.example" + expected);
    }

    // A parameter with a media type is written as that says; one in a header with commas.
    [Fact]
    public void Parameter_OfAMediaTypeOrInAHeader_IsWrittenSo()
    {
        var tool = Read(
            Document(
                """
                  /x:
                    get:
                      operationId: a
                      parameters:
                        - { name: filter, in: query, content: { application/json: { schema: { type: object } } } }
                        - { name: X-Tags, in: header, schema: { type: array, items: { type: string } } }
                """
            )
        )
            .Tools.Single();
        using var request = Request(tool, """{"filter":{"a":[1]},"X-Tags":["b","c"]}""");
        request.RequestUri!.Query.ShouldBe("?filter=%7B%22a%22%3A%5B1%5D%7D");
        request.Headers.GetValues("X-Tags").Single().ShouldBe("b,c");
    }

    // Forms with objects in them, as payment services have them; and files, which are data URIs.
    [Fact]
    public async Task Body_OfAForm_IsWrittenAsItsEncodingSays()
    {
        var form = Read(
            Document(
                """
                  /x:
                    post:
                      operationId: a
                      requestBody:
                        content:
                          application/x-www-form-urlencoded:
                            schema: { type: object }
                            encoding: { card: { style: deepObject, explode: true } }
                """
            )
        )
            .Tools.Single();
        using var request = Request(
            form,
            """{"body":{"amount":7,"card":{"number":"1","owner":{"name":"A B"}},"expand":["x","y"],"items":[{"price":1}]}}"""
        );
        Uri.UnescapeDataString(await request.Content!.ReadAsStringAsync(TestContext.Current.CancellationToken))
            .ShouldBe("amount=7&card[number]=1&card[owner][name]=A B&expand=x&expand=y&items[0][price]=1");

        var upload = new HttpTool { Name = "u", ContentType = "multipart/form-data" };
        using var sent = Request(
            upload,
            """{"data":{"purpose":"p","meta":{"a":1},"file":"data:image/png;base64,AQID"}}"""
        );
        var text = await sent.Content!.ReadAsStringAsync(TestContext.Current.CancellationToken);
        text.ShouldContain("name=purpose\r\n\r\np\r\n");
        text.ShouldContain("{\"a\":1}");
        text.ShouldContain("Content-Type: image/png");
        text.ShouldContain("filename=file");
        text.ShouldContain("\r\n\r\n\u0001\u0002\u0003\r\n");
    }

    // JSON first wherever it stands, then what is like it; what cannot be carried is told.
    [Theory]
    [InlineData("text/plain: {}, application/json: {}", "application/json")]
    [InlineData("text/plain: {}, application/vnd.x+json: {}", "application/vnd.x+json")]
    [InlineData("text/plain: {}, multipart/form-data: {}", "multipart/form-data")]
    [InlineData(
        "application/octet-stream: {}, application/x-www-form-urlencoded: {}",
        "application/x-www-form-urlencoded"
    )]
    [InlineData("\"*/*\": {}", "application/octet-stream")]
    public void MediaType_OfABody_IsTheBestThereIs(string content, string expected) =>
        Read(Document($$"""  /x: { post: { operationId: a, requestBody: { content: { {{content}} } } } }"""))
            .Tools.Single()
            .ContentType.ShouldBe(expected);

    // Blank lines with more spaces than the text below them: YAML forbids them, documents have them.
    [Fact]
    public void Yaml_WithSpacesInBlankLines_IsRead()
    {
        var yaml = Document(
            "  /a:\n    get:\n      operationId: a\n      description: |+\n            \n        text\n"
        );
        Read(yaml).Tools.Single().Description!.Trim().ShouldBe("text");
        Should.Throw<FormatException>(() => YamlJson.Read("a: [\n   \n")).Message.ShouldContain("line");
    }

    // Deep is no reason to fail, too deep one to leave a tool out.
    [Theory]
    [InlineData(20, 1)]
    [InlineData(90, 0)]
    [InlineData(190, 0)]
    public void Schema_ThatIsDeep_IsTakenOrLeftOut(int depth, int tools)
    {
        var schema = string.Concat(Enumerable.Repeat("""{"items":""", depth)) + "{}" + new string('}', depth);
        var read = Read(
            """{"openapi":"3.1.0","paths":{"/a":{"get":{"operationId":"a","parameters":[{"name":"p","in":"query","schema":@}]}},"/b":{"get":{"operationId":"b"}}}}""".Replace(
                "@",
                schema,
                StringComparison.Ordinal
            )
        );
        read.Tools.Count.ShouldBe(1 + tools);
        read.Problems.Count.ShouldBe(1 - tools);
    }

    // Whatever stands where, only what is no document is refused, with words; nothing else escapes.
    [Fact]
    public void Document_WithAnythingAnywhere_IsReadOrRefused()
    {
        const string Whole = """
            {"openapi":"3.0.1","info":{"title":"t"},"servers":[{"url":"https://{a}.example","variables":{"a":{"default":"b"}}}],
             "security":[{"k":[]}],
             "paths":{"/a/{i}":{"parameters":[{"name":"i","in":"path","required":true,"schema":{"type":"string"}}],
               "post":{"operationId":"a","tags":["t"],"summary":"s","description":"d","security":[{"k":[]}],
                 "parameters":[{"$ref":"#/components/parameters/P"}],
                 "requestBody":{"required":true,"content":{"application/x-www-form-urlencoded":{"schema":{"$ref":"#/components/schemas/S"},"encoding":{"a":{"style":"deepObject"}}}}}}}},
             "components":{"parameters":{"P":{"name":"p","in":"query","explode":false,"content":{"application/json":{"schema":{"type":"integer","minimum":1,"exclusiveMinimum":true,"nullable":true}}}}},
               "schemas":{"S":{"type":"object","properties":{"a":{"enum":["x"],"nullable":true}},"allOf":[{"$ref":"#/components/schemas/S"}]}},
               "securitySchemes":{"k":{"type":"apiKey","in":"header","name":"X"}}}}
            """;
        string[] wrong =
        [
            "null",
            "1",
            "-1e400",
            "\"\"",
            "\"\\ud800\"",
            "\"$ref\"",
            "[]",
            "[null]",
            "[[[]]]",
            "{}",
            """{"$ref":"#/paths"}""",
            """{"$ref":"x"}""",
        ];
        var places = new List<string>();
        Collect(JsonNode.Parse(Whole)!, places);
        places.Count.ShouldBeGreaterThan(60);
        var refused = 0;
        foreach (var place in places)
        {
            foreach (var value in wrong)
            {
                var text = Replaced(JsonNode.Parse(Whole)!, place, value);
                try
                {
                    _ = OpenApiReader.Read(YamlJson.Read(text));
                }
                catch (FormatException)
                {
                    refused++;
                }
                catch (Exception e)
                {
                    Assert.Fail($"{place} = {value}: {e}");
                }
            }
        }
        refused.ShouldBeGreaterThan(0);
    }

    // Issue: what is like the pet store of the specification is imported in less than 2 s, too, from YAML and JSON.
    [Fact]
    public void Read_OfAPetStore_TakesLessThanTwoSeconds()
    {
        var paths = new StringBuilder();
        foreach (var thing in (string[])["pet", "store", "user", "order", "tag"])
            paths.Append(
                System.Globalization.CultureInfo.InvariantCulture,
                $$"""
                  /{{thing}}:
                    get: { operationId: list_{{thing}}, parameters: [{ name: status, in: query, schema: { type: array, items: { type: string, enum: [a, b] } } }] }
                    post: { operationId: add_{{thing}}, requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/Thing" } } } } }
                  /{{thing}}/{id}:
                    parameters: [{ name: id, in: path, required: true, schema: { type: integer, format: int64 } }]
                    get: { operationId: get_{{thing}} }
                    delete: { operationId: delete_{{thing}} }

                """
            );
        var yaml = Document(
            paths.ToString(),
            """components: { schemas: { Thing: { type: object, required: [name], properties: { name: { type: string }, tags: { type: array, items: { $ref: "#/components/schemas/Thing" } } } } } }"""
        );
        var watch = Stopwatch.StartNew();
        Read(yaml).Tools.Count.ShouldBe(20);
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(2));
    }

    private static HttpRequestMessage Request(HttpTool tool, string arguments) =>
        new HttpToolRequest(new Uri("http://api.example"), tool).Build(
            JsonElement.Parse(arguments),
            ImmutableDictionary<string, string>.Empty
        );

    private static void Collect(JsonNode node, List<string> places)
    {
        places.Add(node.GetPath());
        if (node is JsonObject o)
        {
            foreach (var (_, child) in o)
                Collect(child!, places);
        }
        else if (node is JsonArray a)
        {
            foreach (var child in a)
                Collect(child!, places);
        }
    }

    private static string Replaced(JsonNode root, string place, string value)
    {
        // The replacement may be what no node can hold, so it is put in as text.
        const string Mark = "\"@here@\"";
        if (place == "$")
            return value;
        Find(root, place).ReplaceWith("@here@");
        return root.ToJsonString().Replace(Mark, value, StringComparison.Ordinal);
    }

    private static JsonNode Find(JsonNode node, string place)
    {
        var all = new List<JsonNode>();
        Walk(node);
        return all.First(n => n.GetPath() == place);

        void Walk(JsonNode one)
        {
            all.Add(one);
            if (one is JsonObject o)
            {
                foreach (var (_, child) in o)
                    Walk(child!);
            }
            else if (one is JsonArray a)
            {
                foreach (var child in a)
                    Walk(child!);
            }
        }
    }
}
