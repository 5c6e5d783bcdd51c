using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace NativeHost;

/// <summary>One server for both faces, set as <c>fairlead serve</c> sets it: what differs is what runs on it.</summary>
internal static class Kestrel
{
    public static WebApplicationBuilder Create()
    {
        var builder = WebApplication.CreateSlimBuilder(
            new WebApplicationOptions
            {
                ContentRootPath = AppContext.BaseDirectory,
                Args = ["--hostBuilder:reloadConfigOnChange=false"],
            }
        );
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static k => k.AddServerHeader = false);
        builder.WebHost.UseSockets(static s => s.WaitForDataBeforeAllocatingBuffer = false);
        return builder;
    }
}
