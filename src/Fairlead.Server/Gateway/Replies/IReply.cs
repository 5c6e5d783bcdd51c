namespace Fairlead.Server.Gateway.Replies;

/// <summary>Where a call's messages go: an HTTP response of either era, or the stdio front.</summary>
internal interface IReply
{
    /// <summary>
    /// Sends a whole message before the answer (progress, log, question). False when the client cannot take one (it
    /// accepts only JSON) or the answer is already out.
    /// </summary>
    bool Send(byte[] message);

    /// <summary>
    /// Turns a response that is still unanswered into an event stream, so that nothing in between takes it for dead.
    /// </summary>
    void StartStreaming();

    /// <summary>Sends the answer and ends the response. <paramref name="rawId"/> empty: none could be read.</summary>
    ValueTask FinishAsync(ReadOnlyMemory<byte> rawId, Answer answer);

    /// <summary>Ends the response without an answer: the call was cancelled (R11, R43).</summary>
    ValueTask AbandonAsync();

    /// <summary>
    /// Whether what handles the request keeps its thread now. Headers that go out meanwhile tell a client that nothing else
    /// can use its connection: nobody may ever read what comes next on it.
    /// </summary>
    bool IsHeld
    {
        set { }
    }

    /// <summary>Ends a response that was answered, while whoever handles its request does not come back to it.</summary>
    ValueTask CompleteAsync() => ValueTask.CompletedTask;
}
