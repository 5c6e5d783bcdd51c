using Fairlead.Server.Gateway.Traffic;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Postgres;
using Fairlead.Server.Telemetry.Calls;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Fairlead.Server.Telemetry;

/// <summary>The Telemetry room: what is known of the calls that passed.</summary>
internal static class TelemetryFeature
{
    /// <summary>
    /// Registers the call log and the meter. Needs <see cref="StorageOptions"/>. Register before the data plane: hosted
    /// services stop in reverse, and the log must outlive the calls.
    /// </summary>
    /// <exception cref="StoreException">The options are wrong; the message lists everything that is.</exception>
    public static IServiceCollection AddTelemetry(this IServiceCollection services, CallLogOptions options)
    {
        if (options.Validate() is { Count: > 0 } errors)
            throw new StoreException(string.Join(Environment.NewLine, errors));
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddSingleton(options);
        services.AddSingleton<ICallLogStore>(static p => Store(p.GetRequiredService<StorageOptions>()));
        services.AddSingleton<CallLog>();
        services.AddSingleton<IHostedService>(static p => p.GetRequiredService<CallLog>());
        services.AddSingleton<CallLogQuery>();
        services.AddSingleton<TrafficMeter>();
        services.AddSingleton<WriteCallLog>(static p =>
        {
            var log = p.GetRequiredService<CallLog>();
            var meter = p.GetRequiredService<TrafficMeter>();
            var ended = p.GetService<CallEnded>();
            return (in CallLogRow row) =>
            {
                meter.Count(in row);
                ended?.Invoke(in row);
                return log.TryWrite(in row);
            };
        });
        return services.AddRestJson(CallLogJson.Default);
    }

    /// <summary>Maps <c>GET /api/v1/calls</c>.</summary>
    public static IEndpointRouteBuilder MapTelemetry(this IEndpointRouteBuilder routes)
    {
        CallLogEndpoints.Map(routes);
        return routes;
    }

    private static ICallLogStore Store(StorageOptions storage) =>
        storage.Provider is StorageProvider.Postgres
            ? new PostgresCallLogStore(NpgsqlDataSource.Create(PostgresEngine.WithPlace(storage.ConnectionString)))
            : new SqliteCallLogStore(Path.Combine(storage.DataDirectory, "logs"));
}

/// <summary>Told of every call that ended, on its thread: to be quick.</summary>
internal delegate void CallEnded(in CallLogRow row);
