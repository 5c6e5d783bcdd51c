using System.Text.Json;
using Fairlead.Cli;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

/// <summary>An HTTP API becomes tools and is called, all by the command line (R-15…R-17).</summary>
[Trait("Category", "integration")]
public sealed class CliOpenApiTests(CliGateway gateway) : IClassFixture<CliGateway>
{
    private const string Document = """
        openapi: 3.0.3
        info: { title: Shop, version: "1" }
        security: [{ key: [] }]
        paths:
          /pets/{id}:
            get:
              operationId: getPet
              tags: [pets]
              parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
              responses: { "200": { description: ok } }
          /orders:
            get:
              operationId: listOrders
              tags: [orders]
              responses: { "200": { description: ok } }
          /far:
            get:
              operationId: far
              parameters: [{ $ref: "https://elsewhere.example/p.yaml" }]
              responses: { "200": { description: ok } }
        components:
          securitySchemes: { key: { type: apiKey, in: header, name: X-Key } }
        """;
    private static readonly (string, string?)[] Admin = [("FAIRLEAD_ADMIN_PASSWORD", CliGateway.Password)];

    private Task<Ran> SayAsync(string input, params string[] args) => gateway.RunAsync(input, Admin, args);

    [Fact]
    public async Task Document_BecomesToolsThatAreCalled()
    {
        await using var shop = await ShopAsync();
        var url = shop.Urls.First();
        var plan = await SayAsync(Document, "services", "openapi", "shop", "-", "--url", url, "--dry-run");
        plan.Code.ShouldBe(ExitCode.Ok, plan.Error);
        plan.Out.ShouldMatch("getPet +GET +/?pets/{id} +pets");
        plan.Out.ShouldContain("shop (Shop) at ");
        plan.Out.ShouldContain("2 tools would be registered.");
        plan.Error.ShouldContain("Left out: ");
        plan.Error.ShouldContain("fairlead secrets set shop.key");

        (await SayAsync("s3cret-of-the-shop", "secrets", "set", "shop.key")).Code.ShouldBe(ExitCode.Ok);
        var done = await SayAsync(
            Document,
            "services",
            "openapi",
            "shop",
            "-",
            "--url",
            url,
            "--allow-private",
            "--select",
            "pets",
            "--rename",
            "getPet=pet",
            "--group",
            "default",
            "--json"
        );
        done.Code.ShouldBe(ExitCode.Ok, done.Error);
        var outcome = JsonElement.Parse(done.Out);
        outcome.GetProperty("import").GetProperty("tools")[0].GetProperty("name").GetString().ShouldBe("pet");
        outcome.GetProperty("service").GetProperty("status").GetString().ShouldBe("running");

        var called = await gateway.RunAsync("tools", "call", "pet", "--arg", "id=7", "--json");
        called.Code.ShouldBe(ExitCode.Ok, called.Error);
        called.Out.ShouldContain("pet 7 for s3cret-of-the-shop");

        var again = await SayAsync(Document, "services", "openapi", "shop", "-", "--url", url);
        again.Code.ShouldBe(ExitCode.Failed);
        again.Error.ShouldContain("There is a service shop");
    }

    [Theory]
    [InlineData("There is no file", "nowhere.yaml")]
    [InlineData("is not OLD=NEW", "-", "--rename", "x")]
    [InlineData("is not NAME=VALUE", "-", "--header", "=x")]
    public async Task Input_ThatIsWrong_IsNamed(string problem, params string[] args)
    {
        var ran = await SayAsync(Document, ["services", "openapi", "other", .. args]);
        ran.Code.ShouldBe(ExitCode.WrongUsage);
        ran.Error.ShouldContain(problem);
    }

    [Fact]
    public async Task Text_ThatIsNoDocument_IsRefused()
    {
        var ran = await SayAsync("just: text", "services", "openapi", "other", "-");
        ran.Code.ShouldNotBe(ExitCode.Ok);
        ran.Error.ShouldContain("openapi");
    }

    private static async Task<WebApplication> ShopAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapGet("/pets/{id:int}", (int id, HttpRequest request) => $"pet {id} for {request.Headers["X-Key"]}");
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }
}
