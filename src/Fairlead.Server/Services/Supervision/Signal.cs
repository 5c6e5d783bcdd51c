using System.Threading.Channels;

namespace Fairlead.Server.Services.Supervision;

/// <summary>Something is to be looked at: any number of sets before the look are one.</summary>
internal sealed class Signal
{
    private readonly Channel<bool> one = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite }
    );

    public void Set() => one.Writer.TryWrite(true);

    /// <summary>What was set before does not count.</summary>
    public void Clear() => one.Reader.TryRead(out _);

    public async ValueTask WaitAsync(CancellationToken cancellationToken) =>
        await one.Reader.ReadAsync(cancellationToken);
}
