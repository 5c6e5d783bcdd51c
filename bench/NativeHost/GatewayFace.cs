using Fairlead.Server.Gateway.Traffic;
using Fairlead.Server.Hosting;
using Fairlead.Server.Telemetry;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace NativeHost;

/// <summary>The whole gateway, as a program with tools of its own has it.</summary>
internal static class GatewayFace
{
    public static async Task RunAsync(string url, string data, string config, bool logs)
    {
        var builder = Kestrel.Create();
        builder.Configuration.Sources.Clear();
        builder
            .Configuration.AddJsonFile(Path.GetFullPath(config), optional: false, reloadOnChange: false)
            .AddInMemoryCollection([
                new("Fairlead:Storage:DataDirectory", data),
                new("Fairlead:FirstStart:DefaultKey", Environment.GetEnvironmentVariable("FAIRLEAD_DEFAULT_KEY")),
                new("Fairlead:FirstStart:AdminPassword", Environment.GetEnvironmentVariable("FAIRLEAD_ADMIN_PASSWORD")),
            ]);
        // A setting like the others: after what clears them.
        builder.WebHost.UseUrls(url);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.Logging.AddSimpleConsole();
        builder.AddFairlead().AddTools<BenchTools>();
        if (!logs)
            builder.Services.AddSingleton<WriteCallLog>(static p =>
            {
                var meter = p.GetRequiredService<TrafficMeter>();
                return (in CallLogRow row) =>
                {
                    meter.Count(in row);
                    return true;
                };
            });
        await using var app = builder.Build();
        app.MapFairlead();
        await app.RunAsync();
    }
}
