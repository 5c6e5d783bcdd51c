using Fairlead.Server.Gateway.Intake;

namespace Fairlead.Server.Gateway.Replies;

/// <summary>The replies of the stdio front: every message is one line, answers and all else share one stream.</summary>
internal sealed class StdioReply(StdioLines lines) : IReply
{
    public bool Send(byte[] message)
    {
        lines.Write(message);
        return true;
    }

    public void StartStreaming()
    {
        // The line is open anyway; nothing in between could take it for dead.
    }

    public ValueTask FinishAsync(ReadOnlyMemory<byte> rawId, Answer answer)
    {
        lines.Write(HttpReply.Whole(rawId, answer));
        return ValueTask.CompletedTask;
    }

    public ValueTask AbandonAsync() => ValueTask.CompletedTask;
}
