// The yardstick: YARP with one route, everything else at its defaults, logging off.
//   YarpProxy --url http://127.0.0.1:PORT --to http://127.0.0.1:PORT
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Configuration;

var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.UseUrls(Value("--url"));
builder
    .Services.AddReverseProxy()
    .LoadFromMemory(
        [
            new RouteConfig
            {
                RouteId = "all",
                ClusterId = "echo",
                Match = new RouteMatch { Path = "{**path}" },
            },
        ],
        [
            new ClusterConfig
            {
                ClusterId = "echo",
                Destinations = new Dictionary<string, DestinationConfig>(StringComparer.Ordinal)
                {
                    ["one"] = new() { Address = Value("--to") },
                },
            },
        ]
    );
await using var app = builder.Build();
app.MapReverseProxy();
await app.RunAsync();

string Value(string name)
{
    var at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : throw new ArgumentException($"{name} is missing");
}
