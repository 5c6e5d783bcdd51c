using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Fairlead.Server.Automation.Agents;
using Fairlead.Server.Automation.Flows;
using Fairlead.Server.Hosting;
using Fairlead.Server.Identity;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Caching;
using Fairlead.Server.Tests.Hosting;
using Fairlead.Server.Tests.Storage;
using Fairlead.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.TestHost;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Shouldly;

namespace Fairlead.Server.Tests.Automation;

/// <summary>The whole product in memory, its agents reaching its own endpoint; on a store that outlives it.</summary>
internal sealed class AutomationHost : IAsyncDisposable
{
    public const string Password = "correct horse battery";
    private readonly WebApplication app;
    private int registered;

    private AutomationHost(WebApplication app, LogLines log)
    {
        this.app = app;
        Log = log;
        Client = app.GetTestClient();
    }

    public HttpClient Client { get; }
    public LogLines Log { get; }

    public T Get<T>()
        where T : notnull => app.Services.GetRequiredService<T>();

    /// <param name="folder">Where the store is.</param>
    /// <param name="database">A PostgreSQL database instead.</param>
    /// <param name="time">The clock; null is the system's.</param>
    /// <param name="add">Takes the place of services.</param>
    /// <param name="settings">Settings below <c>Fairlead:</c>.</param>
    public static async Task<AutomationHost> StartAsync(
        string folder,
        string? database = null,
        TimeProvider? time = null,
        Action<IServiceCollection>? add = null,
        params (string Key, string Value)[] settings
    )
    {
        var log = new LogLines();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders().AddProvider(log);
        var configuration = new Dictionary<string, string?>
        {
            ["Storage:DataDirectory"] = folder,
            ["FirstStart:AdminPassword"] = Password,
            ["Limits:RestBurst"] = "100000",
            ["Limits:RestPerMinute"] = "6000000",
            ["Limits:RegistrationsPerAddress"] = "600000",
            ["Limits:RegistrationsPerMinute"] = "600000",
            ["Services:Channels:RefusePrivateAddresses"] = "false",
            ["Automation:Agents:OwnUrl"] = "http://localhost",
            ["Gateway:CallsPerMinute"] = "600000",
            ["Gateway:ConcurrentCalls"] = "1000",
            ["Limits:AnonymousCalls"] = "600000",
        };
        if (database is not null)
        {
            // Nodes share the database, not their folders.
            configuration["Storage:DataDirectory"] = Directory
                .CreateDirectory(Path.Combine(folder, $"{Guid.NewGuid():N}"))
                .FullName;
            var keys = Path.Combine(folder, "master");
            await File.WriteAllTextAsync(keys, Convert.ToBase64String(new byte[32]));
            configuration["Storage:Provider"] = "Postgres";
            configuration["Storage:ConnectionString"] = database;
            configuration["Storage:MasterKeyFile"] = keys;
        }
        foreach (var (key, value) in settings)
            configuration[key] = value;
        builder.Configuration.AddInMemoryCollection(
            configuration.Select(c => KeyValuePair.Create($"Fairlead:{c.Key}", c.Value))
        );
        builder.AddFairlead();
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        builder.Services.AddSingleton(static p => new OwnHandler(() =>
            ((TestServer)p.GetRequiredService<IServer>()).CreateHandler()
        ));
        add?.Invoke(builder.Services);
        var built = builder.Build();
        built.MapFairlead();
        await built.StartAsync();
        return new AutomationHost(built, log);
    }

    /// <summary>A user of whatever roles; his id.</summary>
    public async Task<string> AddUserAsync(string name, params string[] roles) =>
        (await Get<UserStore>().AddAsync(name, Password, roles, null, default)).Require().Id;

    public async Task<Answer> SendAsync(HttpMethod method, string path, string? json = null, string? user = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (user is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await TokenAsync(user));
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await Client.SendAsync(request);
        var answer = new Answer((int)response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers);
        answer.CheckEnvelope();
        return answer;
    }

    public Task<Answer> GetAsync(string path, string user) => SendAsync(HttpMethod.Get, path, null, user);

    public async Task<string> TokenAsync(string user)
    {
        var answer = await SendAsync(
            HttpMethod.Post,
            "/api/v1/auth/login",
            $$"""{"username":"{{user}}","password":"{{Password}}"}"""
        );
        answer.Status.ShouldBe(200, answer.Text);
        return answer.Data.GetProperty("access_token").GetString()!;
    }

    /// <summary>Registers somebody; his id.</summary>
    public async Task<string> RegisterAsync(string? name = null)
    {
        name ??= $"user{Interlocked.Increment(ref registered)}";
        var answer = await SendAsync(
            HttpMethod.Post,
            "/api/v1/auth/register",
            $$"""{"username":"{{name}}","email":"u{{Guid.NewGuid():N}}@example.org","password":"{{Password}}","phone":"13800138000"}"""
        );
        answer.Status.ShouldBe(201, answer.Text);
        return answer.Data.GetProperty("id").GetString()!;
    }

    /// <summary>A WebSocket of a user.</summary>
    public async Task<LiveClient> ConnectAsync(string user)
    {
        var client = app.GetTestServer().CreateWebSocketClient();
        var token = await TokenAsync(user);
        client.ConfigureRequest = request => request.Headers.Authorization = $"Bearer {token}";
        return new LiveClient(await client.ConnectAsync(new Uri("ws://localhost/api/v1/live"), default));
    }

    /// <summary>The run of an automation about somebody, once it is over.</summary>
    public async Task<(RunRow Run, List<StepRow> Steps)> EndedAsync(string automation, string subject)
    {
        RunRow? run = null;
        await Eventually.UntilAsync(
            async () =>
            {
                run = (
                    await RowsAsync(db => db.Runs.Where(r => r.Automation == automation && r.Subject == subject))
                ).SingleOrDefault();
                return run is not null && run.State != RunRow.Running;
            },
            TimeSpan.FromSeconds(30)
        );
        return (await Get<RunStore>().FindAsync(run!.Id, default))!.Value;
    }

    public Task<List<T>> RowsAsync<T>(Func<FairleadDb, IQueryable<T>> rows)
        where T : class => Get<StoreWriter>().ReadAsync(db => rows(db).AsNoTracking().ToListAsync(), default);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await app.StopAsync();
        await app.DisposeAsync();
    }
}

/// <summary>What a user hears.</summary>
internal sealed class LiveClient(WebSocket socket) : IDisposable
{
    /// <summary>The next message; fails after 10 s.</summary>
    public async Task<JsonElement> NextAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var buffer = new byte[16 * 1024];
        var got = await socket.ReceiveAsync(buffer.AsMemory(), patience.Token);
        got.MessageType.ShouldBe(WebSocketMessageType.Text);
        return JsonElement.Parse(buffer.AsSpan(0, got.Count));
    }

    /// <summary>Why the gateway ends it.</summary>
    public async Task<string?> ClosedAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var got = await socket.ReceiveAsync(new byte[64].AsMemory(), patience.Token);
        got.MessageType.ShouldBe(WebSocketMessageType.Close);
        return socket.CloseStatusDescription;
    }

    public void Dispose() => socket.Dispose();
}
