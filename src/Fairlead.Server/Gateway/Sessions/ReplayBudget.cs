namespace Fairlead.Server.Gateway.Sessions;

/// <summary>
/// Bytes that all streams of the process hold together for clients that are slow or may come back. Above the limit
/// nothing is kept that was read already, and finished streams are forgotten at once.
/// </summary>
internal sealed class ReplayBudget(long limit)
{
    private long held;

    public long Held => Interlocked.Read(ref held);

    public bool IsOver => Held > limit;

    public void Add(long bytes) => Interlocked.Add(ref held, bytes);
}
