using System.Collections.Immutable;
using System.Text;
using Fairlead.Server.Groups;
using Fairlead.Server.Services.Trust;
using Fairlead.Server.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Server.Tests.Storage;

/// <summary>One node on a store: the real storage and groups rooms, started.</summary>
internal sealed class TestStore : IAsyncDisposable
{
    private readonly ServiceProvider provider;

    private TestStore(ServiceProvider provider) => this.provider = provider;

    public StoreWatcher Watcher => Get<StoreWatcher>();
    public StoreSnapshot Now => Watcher.Current;
    public ServiceStore Services => Get<ServiceStore>();
    public CatalogueStore Catalogue => Get<CatalogueStore>();

    public T Get<T>()
        where T : notnull => provider.GetRequiredService<T>();

    public static async Task<TestStore> OpenAsync(
        StorageOptions options,
        TimeProvider? time = null,
        TrustOptions? trust = null
    )
    {
        var services = new ServiceCollection();
        services.AddLogging();
        if (time is not null)
            services.AddSingleton(time);
        if (trust is not null)
            services.AddSingleton(trust);
        services.AddStorage(options);
        services.AddGroups();
        var store = new TestStore(services.BuildServiceProvider());
        try
        {
            await store.Watcher.StartAsync(CancellationToken.None);
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
        return store;
    }

    public async Task<ServiceId> AddServiceAsync(string name) =>
        (await Services.AddAsync(new ServiceDraft(name, Definition()), CancellationToken.None)).Require().Id;

    public Task<bool> SaveToolsAsync(ServiceId service, params string[] tools) =>
        Catalogue.SaveAsync(service, Items(service, ItemKind.Tool, tools), null, CancellationToken.None);

    public static ServiceDefinition Definition(string command = "cat") =>
        new()
        {
            Transport = ServiceTransport.Stdio,
            Command = command,
            Args = ["-u"],
            Env = ImmutableSortedDictionary<string, string>.Empty.Add("TOKEN", "canary-env-secret"),
        };

    public static List<CatalogueItem> Items(ServiceId service, ItemKind kind, params string[] names) =>
        [
            .. names.Select(
                (name, position) =>
                    new CatalogueItem
                    {
                        Service = service,
                        Kind = kind,
                        Name = name,
                        Definition = Encoding.UTF8.GetBytes($$"""{"name":"{{name}}"}"""),
                        Position = position,
                    }
            ),
        ];

    public async ValueTask DisposeAsync()
    {
        await Watcher.StopAsync(CancellationToken.None);
        await provider.DisposeAsync();
    }
}

/// <summary>A temporary directory that goes with the test.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("fairlead-test-").FullName;

    public void Dispose()
    {
        // What a stopped host still writes comes between listing and deleting: a second look takes it, too.
        for (var look = 0; look < 3; look++)
        {
            try
            {
                Directory.Delete(Path, recursive: true);
                return;
            }
            catch (IOException) when (look < 2)
            {
                Thread.Yield();
            }
        }
    }
}
