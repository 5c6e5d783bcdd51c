using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Fairlead.Protocol;

namespace Fairlead.Server.Services.Channels;

/// <summary>Sends one finished message to the service; best effort.</summary>
internal delegate ValueTask WireSend(PooledBytes message, CancellationToken cancellationToken);

/// <summary>
/// Questions of a legacy service (elicitation, sampling, roots) while they are open: asked on the one call they can
/// belong to, answered or refused, ended with their call. Never shown to a stranger.
/// </summary>
internal sealed class Questions(PendingCalls calls, WireSend send)
{
    /// <summary>More at once than any honest service has open; beyond it the service gets errors.</summary>
    private const int MostOpen = 64;

    private static readonly byte[] NoRoots = "{\"roots\":[]}"u8.ToArray();
    private static readonly byte[] Empty = "{}"u8.ToArray();
    private readonly ConcurrentDictionary<string, CancellationTokenSource> open = new(StringComparer.Ordinal);

    public static QuestionAnswer Refusal(string message, int code = McpErrorCode.InternalError)
    {
        using var json = new PooledBytes(message.Length + 64);
        json.Append("{\"code\":"u8);
        json.Append(code);
        json.Append(",\"message\":\""u8);
        json.Append(JsonEncodedText.Encode(message).EncodedUtf8Bytes);
        json.Append("\"}"u8);
        return new QuestionAnswer(IsError: true, json.Written.ToArray());
    }

    /// <summary>A request of the service. <paramref name="context"/> is the call on whose own stream it came, if any.</summary>
    public void OnRequest(ReadOnlySpan<byte> message, in WireMessage parts, PendingCall? context)
    {
        var id = message[parts.RawId].ToArray();
        switch (parts.Method)
        {
            case McpMethod.Ping:
                Fire(SendAsync(id, new QuestionAnswer(IsError: false, Empty)));
                break;
            case McpMethod.ElicitationCreate or McpMethod.SamplingCreateMessage or McpMethod.RootsList:
                Ask(id, parts.Method, message[parts.Body].ToArray(), context);
                break;
            default:
                Fire(SendAsync(id, Refusal("no such method", McpErrorCode.MethodNotFound)));
                break;
        }
    }

    /// <summary>The service takes a question back.</summary>
    public void OnCancelled(ReadOnlySpan<byte> rawId)
    {
        if (open.TryRemove(Encoding.UTF8.GetString(rawId), out var question))
            question.Cancel();
    }

    private void Ask(byte[] id, McpMethod method, byte[] parameters, PendingCall? context)
    {
        var none = false;
        var call = context ?? calls.OnlyAsker(out none);
        if (call is { HasAsker: true } && open.Count < MostOpen)
            Fire(AskAsync(id, method, parameters, call));
        else if (method == McpMethod.RootsList && (none || call is { HasAsker: false }))
            // Services ask right after the handshake; with no client there, "no roots" is the truth.
            Fire(SendAsync(id, new QuestionAnswer(IsError: false, NoRoots)));
        else
            Fire(SendAsync(id, Refusal("the question belongs to no single open call")));
    }

    private async Task AskAsync(byte[] id, McpMethod method, byte[] parameters, PendingCall call)
    {
        var key = Encoding.UTF8.GetString(id);
        // Not disposed: the service may take the question back at the very moment it is answered.
        var cancel = CancellationTokenSource.CreateLinkedTokenSource(call.Life);
        if (!open.TryAdd(key, cancel))
        {
            await SendAsync(id, Refusal("the id is in use", McpErrorCode.InvalidRequest));
            return;
        }
        // Leave the reader: the answer may take minutes.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        QuestionAnswer answer;
        try
        {
            answer = await call.Events.OnQuestionAsync(method, parameters, cancel.Token);
        }
        catch (OperationCanceledException)
        {
            answer = Refusal("the call has ended");
        }
        catch (Exception)
        {
            answer = Refusal("the client could not be asked");
        }
        // A question the service took back gets no answer.
        if (open.TryRemove(key, out _))
            await SendAsync(id, answer);
    }

    private async Task SendAsync(byte[] id, QuestionAnswer answer)
    {
        using var message = WireWriter.Response(id, answer);
        try
        {
            await send(message, CancellationToken.None);
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException)
        {
            // The connection is gone; its end is reported by its owner.
        }
    }

    private static void Fire(Task _) { }
}
