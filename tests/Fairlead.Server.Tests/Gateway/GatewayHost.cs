using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Fairlead.Protocol;
using Fairlead.Server.Gateway;
using Fairlead.Server.Gateway.Intake;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Gateway.Sessions;
using Fairlead.Server.Gateway.Traffic;
using Fairlead.Server.Services;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Fairlead.Server.Tools;
using Fairlead.Server.Tools.Native;
using Fairlead.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Tests.Gateway;

/// <summary>The real data plane on an in-memory server, over snapshots and services given by the test.</summary>
internal sealed class GatewayHost : IAsyncDisposable
{
    public const string Key = "mcp_key_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    private readonly WebApplication app;
    private readonly bool onPort;
    private readonly Dictionary<ServiceId, (ServiceConfig Config, List<CatalogueItem> Items)> services = [];
    private readonly List<GroupConfig> groups = [];
    private readonly List<PublicationConfig> publications = [];
    private long epoch;

    /// <param name="options">Limits and names.</param>
    /// <param name="users">Reads user tokens.</param>
    /// <param name="port">True listens on a real loopback port, with Kestrel's own reading of HTTP; else all is in memory.</param>
    /// <param name="also">Adds rooms to the data plane's.</param>
    /// <param name="tools">Objects whose methods are native tools besides the calculator.</param>
    public GatewayHost(
        GatewayOptions? options = null,
        Func<string, CallingUser?>? users = null,
        bool port = false,
        Action<IServiceCollection>? also = null,
        params object[] tools
    )
    {
        var builder = WebApplication.CreateSlimBuilder();
        if (port)
            builder.WebHost.UseUrls("http://127.0.0.1:0");
        else
            builder.WebHost.UseTestServer();
        onPort = port;
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<TimeProvider>(Time);
        builder.Services.AddSingleton(new SessionIds(new byte[32], "n1"));
        builder.Services.AddSingleton<ServiceSlots>();
        builder.Services.AddSingleton(p => new NativeTools(
            tools.Prepend(new CalculatorTools()).SelectMany(t => NativeTool.Of(t, p, Time)),
            Time,
            services: p,
            readUser: p.GetRequiredService<ReadUserToken>()
        ));
        builder.Services.AddSingleton<WriteCallLog>(
            (in CallLogRow row) =>
            {
                Rows.Enqueue(row);
                return true;
            }
        );
        builder.Services.AddSingleton<NoteRefusal>((in Refusal refusal) => Refusals.Enqueue(refusal));
        builder.Services.AddSingleton<ReadUserToken>(token => users?.Invoke(token));
        builder.Services.AddSingleton<Func<bool>>(() => StoreIsFresh);
        builder.Services.AddGateway(options ?? new GatewayOptions());
        also?.Invoke(builder.Services);
        app = builder.Build();
        app.UseHostGuard();
        app.MapGateway();
    }

    public FakeTimeProvider Time { get; } = new();
    public ConcurrentQueue<CallLogRow> Rows { get; } = new();
    public ConcurrentQueue<Refusal> Refusals { get; } = new();
    public bool StoreIsFresh { get; set; } = true;
    public SessionStore Sessions => app.Services.GetRequiredService<SessionStore>();
    public ResourceWatches Watches => app.Services.GetRequiredService<ResourceWatches>();
    public ServiceSlots Slots => app.Services.GetRequiredService<ServiceSlots>();
    public NativeTools Native => app.Services.GetRequiredService<NativeTools>();
    public CallsInFlight InFlight => app.Services.GetRequiredService<CallsInFlight>();
    public TestServer Server => app.GetTestServer();
    public IHost App => app;

    /// <summary>Adds a running service that lists the given tools.</summary>
    public ServiceSlot AddService(string name, IChannel channel, params string[] tools) =>
        AddService(name, channel, [.. tools.Select(t => (ItemKind.Tool, t, Tool(t)))]);

    public ServiceSlot AddService(
        string name,
        IChannel? channel,
        params (ItemKind Kind, string Name, string Json)[] items
    )
    {
        var id = new ServiceId(name);
        var config = new ServiceConfig
        {
            Id = id,
            Name = name,
            Enabled = true,
            Position = services.Count,
            Definition = new ServiceDefinition { Transport = ServiceTransport.Stdio },
        };
        services[id] = (
            config,
            [
                .. items.Select(
                    (item, i) =>
                        new CatalogueItem
                        {
                            Service = id,
                            Kind = item.Kind,
                            Name = item.Name,
                            Definition = Encoding.UTF8.GetBytes(item.Json),
                            Position = i,
                        }
                ),
            ]
        );
        var slot = Slots.Get(id);
        if (channel is not null)
            slot.Begin(new ServiceState(ServicePhase.Healthy, "ready", Time.GetUtcNow(), Channel: channel));
        return slot;
    }

    /// <summary>Adds a group that publishes everything of the named services under their own names.</summary>
    public GroupConfig AddGroup(
        string code = "default",
        string key = Key,
        Func<GroupConfig, GroupConfig>? with = null,
        params string[] of
    )
    {
        var group = new GroupConfig
        {
            Id = new GroupId(code),
            Name = code,
            Description = "",
            ServerCode = code,
            Enabled = true,
            KeyHashes = [HashOf(key)],
            Services = [.. of.Select(n => new ServiceId(n))],
        };
        group = with?.Invoke(group) ?? group;
        groups.RemoveAll(g => g.Id == group.Id);
        publications.RemoveAll(p => p.Group == group.Id);
        groups.Add(group);
        foreach (var item in of.SelectMany(n => services[new ServiceId(n)].Items))
            Publish(group.Id, item.Service, item.Kind, item.Name, item.Name);
        return group;
    }

    public static KeyHash HashOf(string key) =>
        new(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key))), null);

    public void RemoveGroup(string code)
    {
        groups.RemoveAll(g => g.Id == new GroupId(code));
        publications.RemoveAll(p => p.Group == new GroupId(code));
    }

    public void Publish(GroupId group, ServiceId? service, ItemKind kind, string exposed, string upstream) =>
        publications.Add(
            new PublicationConfig
            {
                Id = new PublicationId($"{group}/{kind}/{exposed}"),
                Group = group,
                Kind = kind,
                ExposedName = exposed,
                Service = service,
                UpstreamName = upstream,
                Enabled = true,
                Removed = false,
            }
        );

    /// <summary>Another definition of a service; in force with the next <see cref="Apply"/>.</summary>
    public void Define(string service, Func<ServiceDefinition, ServiceDefinition> with)
    {
        var (config, items) = services[new ServiceId(service)];
        services[config.Id] = (config with { Definition = with(config.Definition) }, items);
    }

    /// <summary>Another state for all a service lists; in force with the next <see cref="Apply"/>.</summary>
    public void SetState(string service, ItemState state)
    {
        var (config, items) = services[new ServiceId(service)];
        services[config.Id] = (config, [.. items.Select(i => i with { State = state })]);
    }

    /// <summary>Adds a group that publishes the native tools.</summary>
    public void AddNativeGroup(string code = "default", Func<GroupConfig, GroupConfig>? with = null)
    {
        var group = AddGroup(code, with: g => (with?.Invoke(g) ?? g) with { PublishNative = true });
        foreach (var item in Native.Names)
            Publish(group.Id, null, item.Kind, item.Name, item.Name);
    }

    public void Change(Predicate<PublicationConfig> which, Func<PublicationConfig, PublicationConfig> how)
    {
        for (var i = 0; i < publications.Count; i++)
        {
            if (which(publications[i]))
                publications[i] = how(publications[i]);
        }
    }

    /// <summary>Puts the configuration in force, as a store change does.</summary>
    public void Apply() =>
        app
            .Services.GetRequiredService<Routes>()
            .Swap(
                new StoreSnapshot(
                    ++epoch,
                    [.. services.Values.Select(s => s.Config)],
                    [.. groups],
                    [.. publications],
                    [.. services.Values.SelectMany(s => s.Items)]
                )
            );

    public async Task<GatewayHost> StartAsync()
    {
        Apply();
        await app.StartAsync();
        return this;
    }

    public HttpClient Client(string? key = Key)
    {
        var client = onPort ? new HttpClient { BaseAddress = new Uri(app.Urls.Single()) } : app.GetTestClient();
        client.Timeout = TimeSpan.FromSeconds(20);
        if (key is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        client.DefaultRequestHeaders.Accept.ParseAdd("application/json, text/event-stream");
        return client;
    }

    public static string Tool(string name) =>
        $$$"""{"name":"{{{name}}}","description":"d","inputSchema":{"type":"object"}}""";

    public async ValueTask DisposeAsync() => await app.DisposeAsync();
}
