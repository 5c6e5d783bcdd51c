using System.CommandLine;
using Fairlead.Server.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Serve;

/// <summary><c>fairlead serve</c>: runs the gateway in this process.</summary>
internal static class ServeCommand
{
    public const string DefaultUrl = "http://127.0.0.1:8000";

    public static Command Build()
    {
        var urls = new Option<string>("--urls")
        {
            Description = $"Addresses to listen on, separated by ';'. Default {DefaultUrl}.",
        };
        var data = new Option<string>("--data")
        {
            Description = "Folder of the database, keys and logs. Default ./data.",
        };
        var mcpConfig = new Option<string>("--mcp-config")
        {
            Description = "An mcpServers file; imported when the store is empty.",
        };
        var config = new Option<string>("--config")
        {
            Description = "A JSON file of settings (docs/guide/configuration.md).",
        };
        var stdio = new Option<bool>("--stdio")
        {
            Description = "Serve one client on standard input and output instead of HTTP.",
        };
        var group = new Option<string>("--group")
        {
            Description = "Code of the group that --stdio serves. Default: default.",
        };
        var command = new Command("serve", "Runs the gateway: MCP, REST and health on one port.")
        {
            urls,
            data,
            mcpConfig,
            config,
            stdio,
            group,
        };
        command.SetAction(
            (parsed, cancellationToken) =>
                RunAsync(
                    new ServeSettings(
                        parsed.GetValue(urls) ?? Environment.GetEnvironmentVariable("FAIRLEAD_URLS") ?? DefaultUrl,
                        parsed.GetValue(data),
                        parsed.GetValue(mcpConfig),
                        parsed.GetValue(config),
                        parsed.GetValue(stdio) ? parsed.GetValue(group) ?? "default" : null
                    ),
                    cancellationToken
                )
        );
        return command;
    }

    public static async Task<int> RunAsync(ServeSettings settings, CancellationToken cancellationToken)
    {
        try
        {
            await using var app = Create(settings);
            ConfigFile.Tell(app.Logger, settings.ConfigFile);
            await app.StartAsync(cancellationToken);
            await TellAsync(app, settings, cancellationToken);
            if (settings.StdioGroup is { } code)
            {
                await app.ServeStdioAsync(
                    code,
                    Console.OpenStandardInput(),
                    Console.OpenStandardOutput(),
                    cancellationToken
                );
                await app.StopAsync(CancellationToken.None);
            }
            else
            {
                await UntilStoppedAsync(app, cancellationToken);
            }
            return 0;
        }
        catch (Exception e) when (StartFailure.Explain(e) is { } line)
        {
            await Console.Error.WriteLineAsync($"fairlead serve: {line}");
            return 1;
        }
    }

    private static async Task TellAsync(WebApplication app, ServeSettings settings, CancellationToken cancellationToken)
    {
        // In stdio mode nothing listens, and standard output carries nothing but JSON-RPC.
        var address = settings.StdioGroup is null ? ListenAddresses.ForClients(Address(app)) : null;
        var to = address is null ? Console.Error : Console.Out;
        var shown = false;
        await app.ShowFirstStartAsync(
            first =>
            {
                StartBanner.PrintFirst(to, first, address, app.PublicUrl());
                shown = true;
            },
            cancellationToken
        );
        if (!shown && address is not null)
            StartBanner.PrintReady(to, address);
        if (app.McpConfigLeftOut() is { } left)
            StartBanner.PrintLeftOut(Console.Error, left, asked: settings.McpConfig is not null);
    }

    /// <summary>Waits for the stop; connections that do not end within its limit are cut, which is no failure.</summary>
    private static async Task UntilStoppedAsync(WebApplication app, CancellationToken cancellationToken)
    {
        try
        {
            await app.WaitForShutdownAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync("fairlead serve: what had not ended in time was cut");
        }
    }

    private static WebApplication Create(ServeSettings settings)
    {
        // The slim builder watches no files: the content root may be a folder full of node_modules.
        var builder = WebApplication.CreateSlimBuilder(
            new WebApplicationOptions
            {
                ContentRootPath = AppContext.BaseDirectory,
                Args = ["--hostBuilder:reloadConfigOnChange=false"],
            }
        );
        builder.Configuration.Sources.Clear();
        settings.AddTo(builder.Configuration);
        builder.Logging.ClearProviders().SetMinimumLevel(ServeSettings.LogLevel);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        // While it is on, at whatever level, each request is given an activity and a log scope nobody reads.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.Logging.AddFilter("Microsoft.Hosting", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.EntityFrameworkCore", LogLevel.Warning);
        // A wrong setting is told in one line by RunAsync, not with the host's stack trace.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
        builder.Logging.AddSimpleConsole(o =>
        {
            o.SingleLine = true;
            o.UseUtcTimestamp = true;
            o.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
        });
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(o =>
            o.LogToStandardErrorThreshold = LogLevel.Trace
        );
        builder.WebHost.ConfigureKestrel(k =>
        {
            k.AddServerHeader = false;
            k.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            k.Limits.MaxConcurrentConnections = 20_000;
        });
        // Half the receives: without it each read is two system calls, one of them for no bytes.
        builder.WebHost.UseSockets(s => s.WaitForDataBeforeAllocatingBuffer = false);
        if (settings.StdioGroup is null)
            builder.WebHost.UseUrls(ListenAddresses.Parse(settings.Urls));
        else
            builder.Services.AddSingleton<IServer, NoServer>();
        builder.AddFairlead();
        var app = builder.Build();
        app.MapFairlead();
        return app;
    }

    private static string Address(WebApplication app) =>
        app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault()
        ?? DefaultUrl;
}
