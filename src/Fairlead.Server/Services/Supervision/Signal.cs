using System.Threading.Channels;

namespace Fairlead.Server.Services.Supervision;

/// <summary>Something is to be looked at: any number of sets before the look are one.</summary>
internal sealed class Signal
{
    private readonly Channel<bool> one = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite }
    );

    public void Set() => one.Writer.TryWrite(true);

    public async ValueTask WaitAsync(CancellationToken cancellationToken) =>
        await one.Reader.ReadAsync(cancellationToken);
}
