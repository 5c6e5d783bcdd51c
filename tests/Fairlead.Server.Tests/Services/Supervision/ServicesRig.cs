using Fairlead.Runtime;
using Fairlead.Server.Services;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Services.Health;
using Fairlead.Server.Services.Supervision;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Secrets;
using Fairlead.Server.Tests.Storage;
using Fairlead.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Server.Tests.Services.Supervision;

/// <summary>The real Services room on a real store, with real processes; short pauses.</summary>
internal sealed class ServicesRig : IAsyncDisposable
{
    private readonly TempFolder folder = new();
    private readonly ProcessHost host = new(new ProcessHostOptions(), TimeProvider.System, NullLogger.Instance);

    private ServicesRig(TestStore store, string data, ServicesOptions options)
    {
        Store = store;
        Slots = new ServiceSlots(TimeProvider.System);
        var connector = new ServiceConnector(
            host,
            new StorageOptions { DataDirectory = data },
            store.Get<SecretStore>(),
            options,
            TimeProvider.System
        );
        Health = new HealthBook(options, TimeProvider.System);
        Journal = new ServiceJournal(Slots, store.Watcher, TimeProvider.System, NullLogger<ServiceJournal>.Instance);
        Loop = new ReconcileLoop(
            new ServiceRoom(
                Slots,
                connector,
                store.Watcher,
                store.Services,
                store.Catalogue,
                options,
                Health,
                new DependencyTurn(store.Watcher, Slots),
                Journal,
                TimeProvider.System,
                NullLogger<ServiceRoom>.Instance
            )
        );
    }

    public TestStore Store { get; private init; }

    public ServiceSlots Slots { get; }

    public ReconcileLoop Loop { get; }

    public HealthBook Health { get; }

    public ServiceJournal Journal { get; }

    /// <summary>As shipped, but with short pauses and without an end to restarts.</summary>
    public static ServicesOptions Quick { get; } =
        new()
        {
            Recovery = new RecoveryOptions
            {
                Delay = TimeSpan.FromMilliseconds(50),
                ReconnectDelay = TimeSpan.FromMilliseconds(50),
                MaxAttempts = 0,
            },
            RefreshInterval = TimeSpan.FromMilliseconds(50),
            // Its services are on this machine.
            Channels = new ChannelOptions { RefusePrivateAddresses = false },
        };

    public static async Task<ServicesRig> StartAsync(ServicesOptions? options = null)
    {
        var data = Directory.CreateTempSubdirectory("fairlead-services-").FullName;
        var store = await TestStore.OpenAsync(new StorageOptions { DataDirectory = data });
        var rig = new ServicesRig(store, data, options ?? Quick);
        await rig.Loop.StartAsync(CancellationToken.None);
        return rig;
    }

    public Task<ServiceId> AddAsync(string name, params string[] arguments) => AddAsync(name, d => d, arguments);

    public async Task<ServiceId> AddAsync(
        string name,
        Func<ServiceDefinition, ServiceDefinition> with,
        params string[] arguments
    ) => (
            await Store.Services.AddAsync(
                new ServiceDraft(
                    name,
                    with(
                        new ServiceDefinition
                        {
                            Transport = ServiceTransport.Stdio,
                            Command = FixtureProcess.Command,
                            Args = [.. arguments],
                        }
                    )
                ),
                CancellationToken.None
            )
        ).Require().Id;

    public ServiceState State(ServiceId id) => Slots.Get(id).State;

    public Task UntilAsync(ServiceId id, ServiceStatus status) =>
        Eventually.UntilAsync(() => State(id).Status == status, TimeSpan.FromSeconds(20));

    public List<string> Tools(ServiceId id) =>
        [.. Store.Now.Catalogue.Where(i => i.Service == id && i.Kind == ItemKind.Tool).Select(i => i.Name)];

    public async ValueTask DisposeAsync()
    {
        await Loop.StopAsync(CancellationToken.None);
        Loop.Dispose();
        await host.DisposeAsync();
        await Store.DisposeAsync();
        folder.Dispose();
    }
}
