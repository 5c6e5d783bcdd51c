using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Fairlead.Server.Hosting;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Caching;
using Fairlead.Server.Tests.Gateway;
using Fairlead.Server.Tests.Storage;
using Fairlead.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Hosting.Lifespan;

/// <summary>A start while the database is away (C-05, P-16, P-109): PostgreSQL lets nobody in, later it does.</summary>
[Trait("Category", "integration")]
public sealed class DegradedStartTests(PostgresFixture postgres) : IDisposable
{
    private const string Password = "a-long-password-1";
    private readonly TempFolder folder = new();
    private readonly LogLines log = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact] // C-05, P-109
    public async Task Strict_IsTheDefaultOfProduction_AndDoesNotStart()
    {
        var (server, database) = await AwayAsync();
        (await Should.ThrowAsync<StoreException>(() => StartAsync(database))).Message.ShouldContain(
            "Check Fairlead:Storage and that the database runs and can be reached from here."
        );
        await server.SetReachableAsync(database, true);
    }

    [Theory] // C-05, P-16
    [InlineData("Development", null)]
    [InlineData("Production", "degraded")]
    public async Task Degraded_StartsWithoutIt_RefusesAll_AndCompletesItselfWhenItIsThere(
        string environment,
        string? mode
    )
    {
        var (server, database) = await AwayAsync();
        await using var app = await StartAsync(database, environment, mode);
        using var client = app.GetTestClient();
        (await StatusAsync(client, "/health")).ShouldBe(
            (HttpStatusCode.OK, "\"database\":{\"status\":\"degraded\",\"detail\":\"the store cannot be reached\"}")
        );
        (await StatusAsync(client, "/health/live")).Status.ShouldBe(HttpStatusCode.OK);
        (await StatusAsync(client, "/health/ready")).Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        // No key can be judged: refused as what it is, a gateway that is not ready, and never let in.
        (await CallAsync(client)).ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await LoginAsync(client)).Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        log.All.ShouldContain(l => l.Contains("Started degraded", StringComparison.Ordinal));

        await server.SetReachableAsync(database, true);
        await Eventually.UntilAsync(
            async () =>
            {
                // Never unknown in between: the key is good, it is the gateway that is not ready.
                (await CallAsync(client)).ShouldBeOneOf(HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK);
                return (await StatusAsync(client, "/health/ready")).Status == HttpStatusCode.OK;
            },
            TimeSpan.FromSeconds(60)
        );
        // Schema, first start, keys: all that had to wait.
        (await CallAsync(client)).ShouldBe(HttpStatusCode.OK);
        (await LoginAsync(client)).Status.ShouldBe(HttpStatusCode.OK);
        app.Services.GetRequiredService<StoreWatcher>().Current.FieldKeys.ShouldHaveSingleItem();
        log.All.ShouldContain(l => l.Contains("is there: the start is complete", StringComparison.Ordinal));
        log.All.Count(l => l.Contains("the last snapshot serves", StringComparison.Ordinal)).ShouldBeLessThan(5);
    }

    // What was revoked is not known without the store: a token signed by this gateway is not enough.
    [Fact]
    public async Task Degraded_JudgesNoAccessToken()
    {
        var (server, database) = await AwayAsync();
        await server.SetReachableAsync(database, true);
        string token;
        await using (var before = await StartAsync(database))
        {
            using var client = before.GetTestClient();
            token = (await LoginAsync(client)).Token!;
            (await ServicesAsync(client, token)).ShouldBe(HttpStatusCode.OK);
        }
        await server.SetReachableAsync(database, false);
        await using var app = await StartAsync(database, mode: "degraded");
        using var later = app.GetTestClient();
        (await ServicesAsync(later, token)).ShouldBe(HttpStatusCode.ServiceUnavailable);
        await server.SetReachableAsync(database, true);
        await Eventually.UntilAsync(
            async () => await ServicesAsync(later, token) == HttpStatusCode.OK,
            TimeSpan.FromSeconds(60)
        );
    }

    // Without a store nobody knows which bundles are in use.
    [Fact] // C-05
    public async Task Degraded_SweepsNoBundle_UntilTheStoreIsThere()
    {
        var bundle = Directory.CreateDirectory(Path.Combine(folder.Path, "bundles", "aa")).FullName;
        var (server, database) = await AwayAsync();
        var clock = new FakeTimeProvider();
        await using var app = await StartAsync(database, mode: "degraded", time: clock);
        using var client = app.GetTestClient();
        for (var i = 0; i < 20; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(5));
            await StatusAsync(client, "/health");
        }
        Directory.Exists(bundle).ShouldBeTrue();
        await server.SetReachableAsync(database, true);
        await Eventually.UntilAsync(
            () =>
            {
                clock.Advance(TimeSpan.FromSeconds(5));
                return Task.FromResult(!Directory.Exists(bundle));
            },
            TimeSpan.FromSeconds(60)
        );
    }

    private async Task<(PostgresServer Server, string Database)> AwayAsync()
    {
        var server = await postgres.ServerAsync();
        var database = await server.CreateDatabaseAsync();
        await server.SetReachableAsync(database, false);
        return (server, database);
    }

    private async Task<WebApplication> StartAsync(
        string database,
        string environment = "Production",
        string? mode = null,
        TimeProvider? time = null
    )
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = environment });
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders().AddProvider(log);
        builder.Configuration["Fairlead:Storage:DataDirectory"] = folder.Path;
        builder.Configuration["Fairlead:Storage:Provider"] = "postgres";
        builder.Configuration["Fairlead:Storage:ConnectionString"] = database;
        var keys = Path.Combine(folder.Path, "master");
        await File.WriteAllTextAsync(keys, Convert.ToBase64String(new byte[32]), Token);
        builder.Configuration["Fairlead:Storage:MasterKeyFile"] = keys;
        builder.Configuration["Fairlead:Storage:FieldKeyIterations"] = "100000";
        builder.Configuration["Fairlead:FirstStart:AdminPassword"] = Password;
        builder.Configuration["Fairlead:FirstStart:DefaultKey"] = GatewayHost.Key;
        // Both nodes of a test sign with the same key.
        builder.Configuration["Fairlead:Identity:JwtSecret"] = new string('k', 40);
        if (mode is not null)
            builder.Configuration["Fairlead:Startup:DatabaseMode"] = mode;
        builder.AddFairlead();
        if (time is not null)
            builder.Services.AddSingleton(time);
        var app = builder.Build();
        app.MapFairlead();
        try
        {
            await app.StartAsync(Token);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
        return app;
    }

    private static async Task<(HttpStatusCode Status, string Database)> StatusAsync(HttpClient client, string path)
    {
        using var response = await client.GetAsync(path, Token);
        var text = await response.Content.ReadAsStringAsync(Token);
        var at = text.IndexOf("\"database\"", StringComparison.Ordinal);
        return (response.StatusCode, at < 0 ? "" : text[at..(text.IndexOf('}', at) + 1)]);
    }

    private static async Task<HttpStatusCode> CallAsync(HttpClient client)
    {
        using var request = Wire.Modern("tools/call", "\"name\":\"add\",\"arguments\":{\"numbers\":[1,2]}", "add");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", GatewayHost.Key);
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        using var response = await client.SendAsync(request, Token);
        return response.StatusCode;
    }

    private static async Task<(HttpStatusCode Status, string? Token)> LoginAsync(HttpClient client)
    {
        using var content = new StringContent(
            $$"""{"username":"admin","password":"{{Password}}"}""",
            Encoding.UTF8,
            "application/json"
        );
        using var response = await client.PostAsync("/api/v1/auth/login", content, Token);
        using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Token));
        return (
            response.StatusCode,
            response.IsSuccessStatusCode
                ? body.RootElement.GetProperty("data").GetProperty("access_token").GetString()
                : null
        );
    }

    private static async Task<HttpStatusCode> ServicesAsync(HttpClient client, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/services");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await client.SendAsync(request, Token);
        return response.StatusCode;
    }
}
