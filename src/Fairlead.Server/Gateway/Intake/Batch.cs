using System.Collections.Concurrent;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Replies;
using Fairlead.Server.Gateway.Sessions;

namespace Fairlead.Server.Gateway.Intake;

/// <summary>
/// Several messages in one array (revision 2025-03-26 basic, "JSON-RPC batching"). Its requests run at once; their
/// answers come back as one array, in the order they were ready.
/// </summary>
/// <param name="send">Sends a whole message before the answers (progress, log, question); false when it cannot go out.</param>
internal sealed class Batch(Func<byte[], bool> send)
{
    /// <summary>Most messages of one batch.</summary>
    public const int MaxMessages = 100;

    private readonly ConcurrentQueue<byte[]> answers = new();

    /// <summary>Takes the messages of <paramref name="array"/>, valid JSON, and runs its requests.</summary>
    /// <returns>The array of answers, one error object where the array itself is wrong, null when nothing is to be said.</returns>
    public async Task<byte[]?> RunAsync(
        ReadOnlyMemory<byte> array,
        LegacySession session,
        Func<Envelope, IReply, Task> call
    )
    {
        var messages = Split(array);
        if (messages.Count is 0 or > MaxMessages)
        {
            var text = $"Invalid request: a batch has 1 to {MaxMessages} messages";
            return HttpReply.Whole(default, new Answer(true, MessageBytes.Error(McpErrorCode.InvalidRequest, text)));
        }
        // Each on a thread of its own: a tool that keeps its thread must not keep the others waiting (I-20).
        await Task.WhenAll(messages.Select(m => Task.Run(() => TakeAsync(m, session, call))));
        return answers.IsEmpty ? null : Join();
    }

    private Task TakeAsync(ReadOnlyMemory<byte> message, LegacySession session, Func<Envelope, IReply, Task> call)
    {
        var part = new LineReply(send, answers.Enqueue);
        var fault = EnvelopeReader.Read(message, EnvelopeLimits.Default, out var envelope);
        if (fault != EnvelopeFault.None)
            return RefuseAsync(part, envelope, fault.Code(), fault.Text());
        if (envelope.Kind != MessageKind.Request)
        {
            LegacyIntake.Accept(session, envelope);
            return Task.CompletedTask;
        }
        return envelope.Method == McpMethod.Initialize
            ? RefuseAsync(
                part,
                envelope,
                McpErrorCode.InvalidRequest,
                "Invalid request: initialize may not be part of a batch"
            )
            : call(envelope, part);
    }

    private static Task RefuseAsync(LineReply part, Envelope envelope, int code, string text) =>
        part.FinishAsync(envelope.Id.Of(envelope.Message), new Answer(true, MessageBytes.Error(code, text))).AsTask();

    private static List<ReadOnlyMemory<byte>> Split(ReadOnlyMemory<byte> array)
    {
        var messages = new List<ReadOnlyMemory<byte>>();
        var reader = new Utf8JsonReader(array.Span);
        reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray && messages.Count <= MaxMessages)
        {
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            messages.Add(array[start..(int)reader.BytesConsumed]);
        }
        return messages;
    }

    private byte[] Join()
    {
        var all = answers.ToArray();
        var whole = new byte[all.Sum(a => a.Length + 1) + 1];
        var at = 0;
        foreach (var answer in all)
        {
            whole[at] = (byte)',';
            answer.CopyTo(whole, at + 1);
            at += answer.Length + 1;
        }
        whole[0] = (byte)'[';
        whole[at] = (byte)']';
        return whole;
    }
}
