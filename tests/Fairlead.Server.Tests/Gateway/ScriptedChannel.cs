using System.Collections.Concurrent;
using System.Text;
using Fairlead.Protocol;
using Fairlead.Server.Services.Channels;

namespace Fairlead.Server.Tests.Gateway;

/// <summary>A service in memory behind the channel seam: answers by a script and remembers what it was sent.</summary>
internal sealed class ScriptedChannel(Revision revision, Func<ScriptedCall, Task<ChannelReply>> script) : IChannel
{
    public ConcurrentQueue<string> Received { get; } = new();

    public ServiceHello Hello { get; } =
        new(
            revision,
            """{"tools":{},"prompts":{},"resources":{},"completions":{},"logging":{}}"""u8.ToArray(),
            """{"name":"scripted","version":"1"}"""u8.ToArray(),
            null
        );

    public async ValueTask<ChannelReply> CallAsync(
        ChannelCall call,
        ICallEvents events,
        CancellationToken cancellationToken
    )
    {
        Received.Enqueue(Encoding.UTF8.GetString(call.Params.Span));
        return await script(new ScriptedCall(call, events, cancellationToken));
    }

    public ValueTask NotifyAsync(
        McpMethod method,
        ReadOnlyMemory<byte> parameters,
        CancellationToken cancellationToken
    ) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public static ChannelReply Result(string json) => new(ChannelReplyKind.Result, Encoding.UTF8.GetBytes(json));

    public static ChannelReply Error(string json) => new(ChannelReplyKind.Error, Encoding.UTF8.GetBytes(json));
}

internal sealed record ScriptedCall(ChannelCall Call, ICallEvents Events, CancellationToken Token)
{
    public string Params => Encoding.UTF8.GetString(Call.Params.Span);

    /// <summary>Reports progress with our token, as a channel hands it on.</summary>
    public void Progress(int value)
    {
        var json = Encoding.UTF8.GetBytes($$"""{"progressToken":77,"progress":{{value}}}""");
        Events.OnNotification(McpMethod.NotificationsProgress, json, 17..19);
    }

    public void Log(string level) =>
        Events.OnNotification(
            McpMethod.NotificationsMessage,
            Encoding.UTF8.GetBytes($$"""{"level":"{{level}}","data":"x"}"""),
            default
        );

    public async Task<QuestionAnswer> AskAsync(McpMethod method, string parameters) =>
        await Events.OnQuestionAsync(method, Encoding.UTF8.GetBytes(parameters), Token);
}
