using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Fairlead.Server.Tools.Http;
using Fairlead.Server.Tools.OpenApi;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Tools.Http;

/// <summary>OpenAPI documents as tools (R-15…R-17).</summary>
public sealed class OpenApiTests
{
    private const string Shop = """
        openapi: 3.0.3
        info: { title: A shop, version: "1" }
        servers:
          - url: https://{region}.shop.example/v1/
            variables: { region: { default: eu } }
        security:
          - key: []
        paths:
          /pets:
            parameters:
              - $ref: '#/components/parameters/Trace'
            get:
              operationId: listPets
              summary: List pets
              description: All of them, by page.
              tags: [pets, read]
              parameters:
                - { name: limit, in: query, schema: { type: integer, minimum: 1, exclusiveMinimum: true, maximum: 100, nullable: true } }
                - { name: tags, in: query, explode: false, schema: { type: array, items: { type: string } } }
              responses: { "200": { description: ok } }
            post:
              operationId: create pet!
              security:
                - login: [write]
              requestBody:
                required: true
                content:
                  text/plain: { schema: { type: string } }
                  application/json: { schema: { $ref: '#/components/schemas/Pet' } }
              responses: { "201": { description: made } }
          /pets/{id}:
            delete:
              parameters:
                - { name: id, in: path, required: true, schema: { type: string } }
                - { name: id, in: query, schema: { type: string } }
                - { name: sid, in: cookie, schema: { type: string } }
              responses: { "204": { description: gone } }
          /broken:
            get:
              parameters:
                - { name: a, in: query, schema: { $ref: 'other.yaml#/A' } }
              responses: {}
        components:
          parameters:
            Trace: { name: X-Trace, in: header, description: Kept in logs, schema: { type: string } }
          schemas:
            Pet:
              allOf:
                - $ref: '#/components/schemas/Named'
                - type: object
                  required: [kind]
                  properties:
                    kind: { type: string, enum: [cat, dog], nullable: true }
                    friend: { $ref: '#/components/schemas/Pet' }
                    example: { type: string, example: a property of that name }
            Named:
              type: object
              required: [name]
              properties: { name: { type: string } }
          securitySchemes:
            key: { type: apiKey, in: header, name: X-Api-Key }
            login: { type: oauth2, flows: {} }
            unused: { type: http, scheme: basic }
        """;

    [Fact]
    public void Read_OfADocument_GivesAToolForEachOperation()
    {
        var read = OpenApiReader.Read(YamlJson.Read(Shop));
        read.Title.ShouldBe("A shop");
        read.Address.ShouldBe("https://eu.shop.example/v1");
        read.Tools.Select(t => (t.Name, t.Method, t.Endpoint))
            .ShouldBe([
                ("listPets", "GET", "/pets"),
                ("create_pet", "POST", "/pets"),
                ("delete_pets_id", "DELETE", "/pets/{id}"),
            ]);
        read.Tools[0].Description.ShouldBe("List pets. All of them, by page.");
        read.Tags["listPets"].ShouldBe(["pets", "read"]);
        read.Auth["listPets"].ShouldBe([new OpenApiAuth("key", "header", "X-Api-Key", "")]);
        read.Auth["create_pet"].ShouldBe([new OpenApiAuth("login", "header", "Authorization", "Bearer ")]);
        read.Problems.Single().ShouldBe("GET /broken: $ref other.yaml#/A is not in this document; nothing is fetched.");
    }

    [Fact]
    public void Read_Parameters_AreArgumentsWithTheirPlaces()
    {
        var tools = OpenApiReader.Read(YamlJson.Read(Shop)).Tools;
        tools[0]
            .Parameters!.Value.Select(p => (p.Name, p.In, p.Style))
            .ShouldBe([
                ("X-Trace", HttpPlace.Header, "form"),
                ("limit", HttpPlace.Query, "form"),
                ("tags", HttpPlace.Query, "comma"),
            ]);
        tools[0].Parameters!.Value[0].Schema!.Value.GetProperty("description").GetString().ShouldBe("Kept in logs");
        // 3.0's own ways, as JSON Schema says them.
        tools[0]
            .Parameters!.Value[1]
            .Schema!.Value.GetRawText()
            .ShouldBe("""{"type":["integer","null"],"exclusiveMinimum":1,"maximum":100}""");
        tools[2]
            .Parameters!.Value.Select(p => (p.Name, p.Key, p.In))
            .ShouldBe([("id", "id", HttpPlace.Path), ("query_id", "id", HttpPlace.Query)]);
    }

    [Fact]
    public async Task Read_Body_IsCheckedByItsSchema_AlsoWhereThatRefersToItself()
    {
        var tool = OpenApiReader.Read(YamlJson.Read(Shop)).Tools[1];
        tool.ContentType.ShouldBe("application/json");
        var definition = JsonElement.Parse(new HttpToolAdapter(tool).Definition.Span);
        var defs = definition.GetProperty("inputSchema").GetProperty("$defs");
        defs.EnumerateObject().Select(d => d.Name).ShouldBe(["Pet", "Named"], ignoreOrder: true);
        defs.GetProperty("Pet")
            .GetProperty("allOf")[1]
            .GetProperty("properties")
            .TryGetProperty("example", out _)
            .ShouldBeTrue();
        (
            await MistakeAsync(tool, """{"body":{"name":"a","kind":"cat","friend":{"name":"b","kind":null}}}""")
        ).ShouldBeNull();
        (await MistakeAsync(tool, """{"body":{"name":"a","kind":"cow"}}"""))
            .ShouldNotBeNull()
            .ShouldContain("body.kind");
        (await MistakeAsync(tool, """{"body":{"name":"a","kind":"cat","friend":{"kind":"dog"}}}"""))
            .ShouldNotBeNull()
            .ShouldContain("name");
        (await MistakeAsync(tool, "{}")).ShouldNotBeNull().ShouldContain("body");
    }

    [Theory]
    [InlineData("[]", "object")]
    [InlineData("""{"swagger":"2.0"}""", "convert it")]
    [InlineData("""{"openapi":"4.0.0","paths":{}}""", "3.0 or 3.1")]
    [InlineData("""{"openapi":"3.1.0","paths":{}}""", "no operations")]
    [InlineData("a: [1", "YAML: line")]
    [InlineData("{", "no JSON")]
    public void Read_OfSomethingElse_SaysWhatIsWrong(string text, string says) =>
        Should.Throw<FormatException>(() => OpenApiReader.Read(YamlJson.Read(text))).Message.ShouldContain(says);

    [Fact]
    public void Yaml_WithAliasesOfAliases_StaysWithinItsBound()
    {
        var bomb = new StringBuilder("a0: &a0 [\"0123456789\"]\n");
        for (var i = 1; i < 30; i++)
            bomb.Append(CultureInfo.InvariantCulture, $"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n");
        Should.Throw<FormatException>(() => YamlJson.Read(bomb.ToString())).Message.ShouldContain("aliases");
    }

    // Issue: a document of 500 operations is imported in less than 2 s.
    [Fact]
    public void Read_Of500Operations_TakesLessThanTwoSeconds()
    {
        const string Operation = """
            "/things#/{id}":{"post":{"operationId":"op#","parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"string"}}],"requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/S@"}}}}}}
            """;
        const string Schema = """
            "S@":{"type":"object","properties":{"a":{"type":"string","maxLength":100},"next":{"$ref":"#/components/schemas/S%"}}}
            """;
        var json = new StringBuilder("""{"openapi":"3.1.0","info":{"title":"large"},"paths":{""")
            .AppendJoin(',', Enumerable.Range(0, 500).Select(i => Filled(Operation, i)))
            .Append("},\"components\":{\"schemas\":{")
            .AppendJoin(',', Enumerable.Range(0, 500).Select(i => Filled(Schema, i)))
            .Append("}}}");
        var text = json.ToString();
        var watch = Stopwatch.StartNew();
        var read = OpenApiReader.Read(YamlJson.Read(text));
        watch.Stop();
        read.Problems.ShouldBeEmpty();
        read.Tools.Count.ShouldBe(500);
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(2));
    }

    // # is a number of its own; schemas lead to ten more each.
    private static string Filled(string text, int i) =>
        text.Replace("things#", $"things{i}", StringComparison.Ordinal)
            .Replace("op#", $"op{i}", StringComparison.Ordinal)
            .Replace("S@", $"S{i}", StringComparison.Ordinal)
            .Replace("S%", $"S{(i % 10 == 9 ? i : i + 1)}", StringComparison.Ordinal);

    private static async Task<string?> MistakeAsync(HttpTool tool, string arguments)
    {
        using var http = new HttpMessageInvoker(new Unreached());
        var result = JsonElement.Parse(
            await new HttpToolAdapter(tool).RunAsync(
                Encoding.UTF8.GetBytes(arguments),
                new Uri("http://shop.example"),
                [],
                http,
                TimeProvider.System,
                CancellationToken.None
            )
        );
        return result.TryGetProperty("isError", out _)
            ? result.GetProperty("content")[0].GetProperty("text").GetString()
            : null;
    }

    private sealed class Unreached : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request,
            CancellationToken cancellationToken
        ) => Task.FromResult(new HttpResponseMessage());
    }
}
