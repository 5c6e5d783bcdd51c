namespace Fairlead.Server.Gateway.Replies;

/// <summary>
/// Replies on a line of single messages, where answers and all else share one stream: standard streams, HTTP+SSE.
/// </summary>
/// <param name="send">Sends one whole message; false when the client is gone.</param>
/// <param name="finish">Where answers go when not there.</param>
internal sealed class LineReply(Func<byte[], bool> send, Action<byte[]>? finish = null) : IReply
{
    public bool Send(byte[] message) => send(message);

    public void StartStreaming()
    {
        // The line is open anyway; nothing in between could take it for dead.
    }

    public ValueTask FinishAsync(ReadOnlyMemory<byte> rawId, Answer answer)
    {
        var whole = HttpReply.Whole(rawId, answer);
        if (finish is not null)
            finish(whole);
        else
            send(whole);
        return ValueTask.CompletedTask;
    }

    public ValueTask AbandonAsync() => ValueTask.CompletedTask;
}
