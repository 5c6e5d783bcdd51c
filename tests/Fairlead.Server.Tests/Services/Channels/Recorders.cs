using System.Collections.Concurrent;
using System.Text;
using Fairlead.Protocol;
using Fairlead.Server.Services.Channels;
using Fairlead.Testing;

namespace Fairlead.Server.Tests.Services.Channels;

/// <summary>Keeps what a call's events bring; answers questions with <see cref="Answer"/>.</summary>
internal sealed class CallRecorder : ICallEvents
{
    public ConcurrentQueue<(McpMethod Method, string Params, string Token)> Notifications { get; } = new();

    public ConcurrentQueue<(McpMethod Method, string Params)> Questions { get; } = new();

    public Func<CancellationToken, Task<QuestionAnswer>> Answer { get; set; } =
        _ => Task.FromResult(new QuestionAnswer(false, """{"action":"accept","content":{"name":"Ann"}}"""u8.ToArray()));

    public void OnNotification(McpMethod method, ReadOnlySpan<byte> parameters, Range token) =>
        Notifications.Enqueue(
            (
                method,
                Encoding.UTF8.GetString(parameters),
                token.Equals(default) ? "" : Encoding.UTF8.GetString(parameters[token])
            )
        );

    public async ValueTask<QuestionAnswer> OnQuestionAsync(
        McpMethod method,
        ReadOnlyMemory<byte> parameters,
        CancellationToken cancellationToken
    )
    {
        Questions.Enqueue((method, Encoding.UTF8.GetString(parameters.Span)));
        return await Answer(cancellationToken);
    }
}

/// <summary>Keeps what a channel tells outside calls.</summary>
internal sealed class ChannelRecorder : IChannelEvents
{
    public ConcurrentQueue<(McpMethod Method, string Params)> Notifications { get; } = new();

    public ConcurrentQueue<string> Closed { get; } = new();

    public void OnNotification(McpMethod method, ReadOnlyMemory<byte> parameters) =>
        Notifications.Enqueue((method, Encoding.UTF8.GetString(parameters.Span)));

    public void OnClosed(string reason) => Closed.Enqueue(reason);
}

/// <summary>Shorthand for calls of the fixture's tools.</summary>
internal static class FixtureCalls
{
    private const string Meta =
        "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{\"elicitation\":{\"form\":{}}}";

    public static string Text(this ChannelReply reply) => Encoding.UTF8.GetString(reply.Json.Span);

    public static ChannelCall Tool(
        Era era,
        string name,
        string arguments = "{}",
        bool progress = false,
        string? session = null,
        IReadOnlyList<KeyValuePair<string, string>>? headers = null
    )
    {
        var meta = (era == Era.Modern ? Meta : "\"x\":1") + (progress ? ",\"progressToken\":\"client\"" : "");
        var json = $"{{\"name\":\"{name}\",\"arguments\":{arguments},\"_meta\":{{{meta}}}}}";
        var at = json.IndexOf("\"client\"", StringComparison.Ordinal);
        return new ChannelCall
        {
            Method = McpMethod.ToolsCall,
            Params = Encoding.UTF8.GetBytes(json),
            Name = name,
            ProgressToken = progress ? at..(at + "\"client\"".Length) : default,
            SessionKey = session,
            ParamHeaders = headers,
        };
    }

    public static async Task<string> CallTextAsync(
        this IChannel channel,
        string name,
        string arguments = "{}",
        ICallEvents? events = null,
        CancellationToken cancellationToken = default
    )
    {
        using var reply = await channel.CallAsync(
            Tool(channel.Hello.Era, name, arguments),
            events ?? new CallRecorder(),
            cancellationToken
        );
        return $"{reply.Kind}:{reply.Failure}:{reply.Text()}";
    }

    /// <summary>Waits until the fixture's counters say so.</summary>
    public static Task UntilCountsAsync(this IChannel channel, string expected) =>
        Eventually.UntilAsync(
            async () => (await channel.CallTextAsync("counts")).Contains(expected, StringComparison.Ordinal),
            text: expected
        );
}
