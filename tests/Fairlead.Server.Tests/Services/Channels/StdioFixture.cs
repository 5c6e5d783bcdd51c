using Fairlead.Protocol;
using Fairlead.Runtime;
using Fairlead.Server.Services.Channels;
using Fairlead.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Server.Tests.Services.Channels;

/// <summary>A stdio fixture service and a channel to it, made the way supervision makes it.</summary>
internal sealed class StdioFixture : IAsyncDisposable
{
    private readonly ProcessHost host;

    private StdioFixture(ProcessHost host, ServiceProcess process, ChannelRecorder events, Opened opened)
    {
        this.host = host;
        Process = process;
        Events = events;
        Opened = opened;
    }

    public ServiceProcess Process { get; }

    public ChannelRecorder Events { get; }

    public Opened Opened { get; }

    public IChannel Channel => Opened.Channel ?? throw new InvalidOperationException(Opened.Problem);

    public static Task<StdioFixture> StartAsync(Era era, params string[] arguments) =>
        OpenAsync(null, null, ["--era", era == Era.Modern ? "modern" : "legacy", .. arguments]);

    public static async Task<StdioFixture> OpenAsync(
        Revision? known,
        ChannelOptions? options,
        params string[] arguments
    )
    {
        var started = new ProcessHost(new ProcessHostOptions(), TimeProvider.System, NullLogger.Instance);
        var events = new ChannelRecorder();
        var channel = new StdioChannel(events, TimeProvider.System);
        var spec = new ProcessSpec
        {
            Name = "fixture",
            Command = FixtureProcess.Command,
            Arguments = arguments,
        };
        var process = await channel.StartAsync(started, spec, CancellationToken.None);
        var opened = await Connector.OpenStdioAsync(
            channel,
            known,
            options ?? new ChannelOptions(),
            TimeProvider.System,
            CancellationToken.None
        );
        return new StdioFixture(started, process, events, opened);
    }

    public async ValueTask DisposeAsync()
    {
        if (Opened.Channel is { } channel)
            await channel.DisposeAsync();
        await Process.StopAsync(force: true);
        await host.DisposeAsync();
    }
}
