using Fairlead.Server.Groups;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Services.Trust;
using Fairlead.Server.Storage.Postgres;
using Fairlead.Server.Storage.Secrets;
using Fairlead.Server.Storage.Sqlite;
using Fairlead.Toolkit.Protection;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Storage;

/// <summary>
/// The Storage room: one store, its snapshot and the ways to change it. The watcher is the first hosted service, so
/// that the snapshot stands before anything that reads it starts.
/// </summary>
internal static class StorageFeature
{
    /// <exception cref="StoreException">The options are wrong; the message lists everything that is.</exception>
    public static IServiceCollection AddStorage(this IServiceCollection services, StorageOptions options)
    {
        if (options.Validate() is { Count: > 0 } errors)
            throw new StoreException(string.Join(Environment.NewLine, errors));
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton(static provider =>
        {
            // A gateway has the folder to itself before anything is read or made in it; others only visit.
            _ = provider.GetService<DataFolderLock>();
            return MasterKey.Load(provider.GetRequiredService<StorageOptions>());
        });
        services.AddSingleton<Sealer>();
        services.AddSingleton<IStoreEngine>(static provider =>
        {
            // The key is made first: a store without its key is a broken one.
            _ = provider.GetRequiredService<MasterKey>();
            return Engine(provider.GetRequiredService<StorageOptions>(), provider);
        });
        services.TryAddSingleton(new StartupOptions());
        services.AddSingleton<SnapshotReader>();
        services.AddSingleton<StoreWatcher>();
        services.AddSingleton<IHostedService>(static provider => provider.GetRequiredService<StoreWatcher>());
        services.AddSingleton<StoreWriter>();
        services.AddSingleton<FirstStartMark>();
        services.AddSingleton<PublicationAligner>();
        services.AddSingleton<SecretStore>();
        services.AddSingleton<ReadSecret>(static p => p.GetRequiredService<SecretStore>().Read);
        services.AddSingleton<FieldKeyStore>();
        services.AddSingleton<IHostedService>(static provider => provider.GetRequiredService<FieldKeyStore>());
        services.AddSingleton<IFieldEncryption, FieldEncryption>();
        services.TryAddSingleton(new TrustOptions());
        services.AddSingleton<PinStore>();
        services.AddSingleton<ReviewStore>();
        services.AddSingleton<ServiceStore>();
        services.AddSingleton<CatalogueStore>();
        return services.AddRestJson(FieldKeysJson.Default);
    }

    /// <summary>Maps <c>/api/v1/field-keys</c>.</summary>
    public static IEndpointRouteBuilder MapStorage(this IEndpointRouteBuilder routes)
    {
        FieldKeyEndpoints.Map(routes.MapRest("/field-keys", "field keys"));
        return routes;
    }

    private static IStoreEngine Engine(StorageOptions options, IServiceProvider provider) =>
        options.Provider is StorageProvider.Postgres
            ? new PostgresEngine(
                options.ConnectionString,
                provider.GetRequiredService<TimeProvider>(),
                provider.GetService<ILoggerFactory>()?.CreateLogger<SessionPool>()
            )
            : new SqliteEngine(Path.Combine(options.DataDirectory, "fairlead.db"));
}
