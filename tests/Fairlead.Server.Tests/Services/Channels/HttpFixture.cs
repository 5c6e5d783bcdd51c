using Fairlead.Protocol;
using Fairlead.Server.Services.Channels;
using Fairlead.Testing;

namespace Fairlead.Server.Tests.Services.Channels;

/// <summary>An HTTP fixture service and a channel to it, made the way supervision makes it.</summary>
internal sealed class HttpFixture : IAsyncDisposable
{
    private HttpFixture(FixtureProcess process, ChannelRecorder events, IChannel channel)
    {
        Process = process;
        Events = events;
        Channel = channel;
    }

    public FixtureProcess Process { get; }

    public ChannelRecorder Events { get; }

    public IChannel Channel { get; }

    public static async Task<HttpFixture> StartAsync(Era era, ChannelOptions? options = null, params string[] arguments)
    {
        var process = await FixtureProcess.StartHttpAsync([
            "--era",
            era == Era.Modern ? "modern" : "legacy",
            .. arguments,
        ]);
        var events = new ChannelRecorder();
        var opened = await Connector.OpenHttpAsync(
            process.Address,
            [new("X-Test", "yes")],
            known: null,
            events,
            options ?? new ChannelOptions(),
            TimeProvider.System,
            CancellationToken.None
        );
        return opened.Channel is { } channel && channel.Hello.Era == era
            ? new HttpFixture(process, events, channel)
            : throw new InvalidOperationException(opened.Problem);
    }

    public async ValueTask DisposeAsync()
    {
        await Channel.DisposeAsync();
        await Process.DisposeAsync();
    }
}
