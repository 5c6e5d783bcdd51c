using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Fairlead.Server.Console;
using Fairlead.Server.Groups;
using Fairlead.Server.Hosting;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Identity;
using Fairlead.Server.Services;
using Fairlead.Server.Services.Trust;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Fairlead.Server.Telemetry.Calls;
using Fairlead.Server.Tests.Storage;
using Fairlead.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Shouldly;

namespace Fairlead.Server.Tests.Hosting;

/// <summary>The administrative rooms on a SQLite store, served in memory, with users of two roles.</summary>
internal sealed class AdminHost : IAsyncDisposable
{
    public const string Password = "correct horse battery";
    private readonly WebApplication app;

    private AdminHost(WebApplication app, TempFolder folder, FakeTimeProvider time)
    {
        this.app = app;
        Folder = folder;
        Time = time;
        Client = app.GetTestClient();
    }

    public TempFolder Folder { get; }
    public FakeTimeProvider Time { get; }
    public HttpClient Client { get; }
    public TestServer Server => app.GetTestServer();
    public string? Token { get; set; }
    public StoreSnapshot Now => Get<StoreWatcher>().Current;

    public T Get<T>()
        where T : notnull => app.Services.GetRequiredService<T>();

    public IReadOnlyList<Endpoint> Endpoints =>
        ((IEndpointRouteBuilder)app).DataSources.SelectMany(s => s.Endpoints).ToList();

    /// <summary>Starts with users <c>admin</c> and <c>carol</c> (customer); signed in as admin.</summary>
    public static async Task<AdminHost> StartAsync(
        GroupsOptions? groups = null,
        IdentityOptions? identity = null,
        Action<IEndpointRouteBuilder>? map = null,
        ServicesOptions? services = null,
        ILoggerProvider? logs = null
    ) =>
        await StartAsync(
            builder =>
            {
                if (logs is not null)
                    builder.Logging.AddProvider(logs);
                builder.Services.AddRest();
                builder.Services.AddIdentity(identity ?? new IdentityOptions());
                builder.Services.AddAudit();
                builder.Services.AddTelemetry(new CallLogOptions());
                builder.Services.AddGroups(groups);
                // Tests start whatever they need; those of the rules say what holds.
                builder.Services.AddServices(
                    services
                        ?? new ServicesOptions
                        {
                            Launch = new LaunchOptions { Unrestricted = true },
                            Channels = new(),
                        }
                );
                // The last hosted service is the reconcile loop: services run only in tests that start it.
                builder.Services.Remove(builder.Services.Last(s => s.ServiceType == typeof(IHostedService)));
                builder.Services.AddConsole();
            },
            app =>
            {
                app.MapIdentity();
                app.MapAudit();
                app.MapTelemetry();
                app.MapGroups();
                app.MapServices();
                app.MapConsole();
                map?.Invoke(app);
            },
            whole: false
        );

    /// <summary>The whole product, as it ships: for what must hold of every endpoint of every room.</summary>
    public static Task<AdminHost> StartWholeAsync(params (string Key, string Value)[] settings) =>
        StartWholeAsync(null, settings);

    /// <summary>The whole product and some endpoints more.</summary>
    public static Task<AdminHost> StartWholeAsync(
        Action<IEndpointRouteBuilder>? map,
        params (string Key, string Value)[] settings
    ) =>
        StartAsync(
            builder =>
            {
                foreach (var (key, value) in settings)
                    builder.Configuration[$"Fairlead:{key}"] = value;
                // Tests ask more often than people do; those of the limits say what holds.
                builder.Configuration["Fairlead:Limits:RestBurst"] ??= "100000";
                builder.Configuration["Fairlead:Limits:RestPerMinute"] ??= "6000000";
                builder.Configuration["Fairlead:Limits:UserCalls"] ??= "1000000";
                builder.Configuration["Fairlead:Services:Launch:Unrestricted"] ??= "true";
                builder.Configuration["Fairlead:Services:Channels:RefusePrivateAddresses"] ??= "false";
                builder.AddFairlead();
            },
            app =>
            {
                app.MapFairlead();
                map?.Invoke(app);
            },
            whole: true
        );

    private static async Task<AdminHost> StartAsync(
        Action<WebApplicationBuilder> add,
        Action<WebApplication> map,
        bool whole
    )
    {
        var folder = new TempFolder();
        var time = new FakeTimeProvider();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Configuration["Fairlead:Storage:DataDirectory"] = folder.Path;
        builder.Configuration["Fairlead:FirstStart:AdminPassword"] = Password;
        if (!whole)
            builder.Services.AddStorage(new StorageOptions { DataDirectory = folder.Path, NodeName = "test" });
        add(builder);
        builder.Services.AddSingleton<TimeProvider>(time);
        WebApplication built = builder.Build();
        map(built);
        await built.StartAsync();
        var host = new AdminHost(built, folder, time);
        await host.Get<UserStore>().EnsureAdminAsync(Password, default);
        // In the whole product the first start made the admin.
        (await host.Get<UserStore>().AddAsync("carol", Password, ["customer"], "gold", default)).Require();
        host.Token = await host.SignInAsync("admin");
        return host;
    }

    public async Task<string> SignInAsync(string username)
    {
        Answer answer = await PostAsync(
            "/api/v1/auth/login",
            $$"""{"username":"{{username}}","password":"{{Password}}"}"""
        );
        answer.Status.ShouldBe(200, answer.Text);
        return answer.Data.GetProperty("access_token").GetString()!;
    }

    public Task<Answer> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null);

    public Task<Answer> PostAsync(string path, string? json = null) => SendAsync(HttpMethod.Post, path, json);

    public Task<Answer> PutAsync(string path, string? json = null) => SendAsync(HttpMethod.Put, path, json);

    public Task<Answer> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path, null);

    /// <summary>Sends, and checks that the answer is a whole envelope (I-14), whatever it says.</summary>
    public async Task<Answer> SendAsync(
        HttpMethod method,
        string path,
        string? json,
        string mediaType = "application/json"
    )
    {
        using var request = new HttpRequestMessage(method, path);
        if (Token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, mediaType);
        using HttpResponseMessage response = await Client.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        var answer = new Answer((int)response.StatusCode, text, response.Headers);
        answer.CheckEnvelope();
        return answer;
    }

    public async Task<GroupId> CreateGroupAsync(string name)
    {
        Answer answer = await PostAsync("/api/v1/mcp/groups", $$"""{"name":"{{name}}"}""");
        answer.Status.ShouldBe(201, answer.Text);
        return new GroupId(answer.Data.GetProperty("id").GetString()!);
    }

    public async Task<ServiceId> AddServiceAsync(string name, params string[] tools)
    {
        ServiceId id = (await Get<ServiceStore>().AddAsync(new ServiceDraft(name, TestStore.Definition()), default))
            .Require()
            .Id;
        await Get<CatalogueStore>().SaveAsync(id, TestStore.Items(id, ItemKind.Tool, tools), null, default);
        return id;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await app.DisposeAsync();
        Folder.Dispose();
    }
}

internal sealed record Answer(int Status, string Text, HttpResponseHeaders Headers)
{
    public JsonElement Json { get; } = Parse(Text);
    public JsonElement Data => Json.GetProperty("data");
    public string? Code =>
        Json.TryGetProperty("error", out JsonElement error) ? error.GetProperty("code").GetString() : null;
    public string? Field =>
        Json.TryGetProperty("error", out JsonElement error) && error.TryGetProperty("field", out JsonElement named)
            ? named.GetString()
            : null;

    public void CheckEnvelope()
    {
        bool success = Status < 400;
        Json.ValueKind.ShouldBe(JsonValueKind.Object, Text);
        Json.GetProperty("success").GetBoolean().ShouldBe(success);
        Json.GetProperty("message").GetString().ShouldNotBeNullOrEmpty();
        Json.GetProperty("timestamp").GetString()!.ShouldEndWith("Z");
        Guid.Parse(Json.GetProperty("request_id").GetString()!)
            .ToString()
            .ShouldBe(Headers.GetValues("X-Request-Id").Single());
        Json.GetProperty("performance").GetProperty("duration_ms").GetDouble().ShouldBeGreaterThanOrEqualTo(0);
        Json.GetProperty("performance")
            .GetProperty("cache_hit")
            .ValueKind.ShouldBeOneOf(JsonValueKind.True, JsonValueKind.False);
        Json.TryGetProperty("error", out JsonElement error).ShouldBe(!success);
        (Data.ValueKind is JsonValueKind.Null).ShouldBe(!success);
        if (!success)
        {
            error.GetProperty("code").GetString().ShouldNotBeNullOrEmpty();
            error.GetProperty("message").GetString().ShouldNotBeNullOrEmpty();
        }
        // R-34 names members exception_id and exception_type.
        Text.ShouldNotContain("Exception", Case.Sensitive);
        Text.ShouldNotContain("System.");
    }

    private static JsonElement Parse(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text.Length == 0 ? "null" : text);
        return document.RootElement.Clone();
    }
}
