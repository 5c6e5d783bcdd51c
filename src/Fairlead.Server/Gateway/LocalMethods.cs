using System.Text;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Handshake;
using Fairlead.Server.Gateway.Replies;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Gateway.Sessions;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Gateway;

/// <summary>The methods the gateway answers itself: handshakes, lists, levels, subscriptions.</summary>
internal sealed class LocalMethods(
    ResourceWatches watches,
    LogLevelKeeper levels,
    GatewayOptions options,
    ListenMethod listen,
    ILogger<LocalMethods> log
)
{
    private static readonly byte[] Empty = "{}"u8.ToArray();

    public ILogger Log { get; } = log;

    public ValueTask<Answer?> ListenAsync(Call call) => listen.RunAsync(call);

    public async ValueTask<Answer> AnswerAsync(Call call)
    {
        var modern = call.Revision.Era() == Era.Modern;
        return call.Envelope.Method switch
        {
            McpMethod.ToolsList => List(call, call.Group.ToolList),
            McpMethod.PromptsList => List(call, call.Group.PromptList),
            McpMethod.ResourcesList => List(call, call.Group.ResourceList),
            McpMethod.ResourcesTemplatesList => List(call, call.Group.TemplateList),
            McpMethod.ServerDiscover when modern => Answer.Result(Discover(call.Group)),
            McpMethod.Ping when !modern => Answer.Result(Empty),
            McpMethod.LoggingSetLevel when !modern => await SetLevelAsync(call),
            McpMethod.ResourcesSubscribe when !modern => await SubscribeAsync(call),
            McpMethod.ResourcesUnsubscribe when !modern => Unsubscribe(call),
            _ => NotFound(call),
        };
    }

    /// <summary>The <c>result</c> of <c>initialize</c>.</summary>
    public byte[] Initialize(GroupRoute group, RevisionRules rules) =>
        Encoding.UTF8.GetBytes(
            $$$"""{"protocolVersion":"{{{rules.Revision.Wire()}}}","capabilities":{{{rules.Capabilities}}},"serverInfo":{{{ServerInfo}}}{{{Instructions(group)}}}}"""
        );

    private string ServerInfo => $$"""{"name":{{Quoted(options.ServerName)}},"version":"{{ProductVersion.Text}}"}""";

    private byte[] Discover(GroupRoute group) =>
        Encoding.UTF8.GetBytes(
            $$$"""{"resultType":"complete","supportedVersions":{{{Revisions.AllAsJson}}},"capabilities":{{{Rules20251125.Rules.Capabilities}}}{{{Instructions(group)}}},"ttlMs":{{{options.ListTtlMs}}},"cacheScope":"private","_meta":{{{Meta}}}}"""
        );

    private string Meta => $"{{\"io.modelcontextprotocol/serverInfo\":{ServerInfo}}}";

    private static string Instructions(GroupRoute group) =>
        group.Config.Description.Length == 0 ? "" : $",\"instructions\":{Quoted(group.Config.Description)}";

    private static string Quoted(string text) => Encoding.UTF8.GetString(JsonText.Quote(text));

    private static Answer List(Call call, PublishedList list) =>
        list.Page(call.Revision.Era(), call.Envelope.Text(call.Envelope.Cursor)) is { } page
            ? Answer.Result(page)
            : ErrorTable.Answer(Condition.InvalidCursor, call.RequestId);

    private static Answer NotFound(Call call)
    {
        var name = Encoding.UTF8.GetString(call.Envelope.MethodName.Of(call.Envelope.Message.Span));
        var answer = ErrorTable.Answer(
            Condition.MethodNotFound,
            call.RequestId,
            $"Method not found: {(name.Length > 128 ? name[..128] : name)}"
        );
        // Inside a legacy session 404 means "session gone" and nothing else (security.md §2).
        return call.Revision.Era() == Era.Legacy ? answer with { Status = 200 } : answer;
    }

    private async ValueTask<Answer> SetLevelAsync(Call call)
    {
        var level = JsonScan.Text(call.Envelope.Params.Of(call.Envelope.Message.Span), "level"u8);
        if (level is null || !LogLevels.IsKnown(level))
            return ErrorTable.Answer(
                Condition.InvalidParams,
                call.RequestId,
                "Invalid params: level is not a log level"
            );
        call.Session!.LogLevel = level;
        await levels.ApplyAsync(call.Group.Services);
        return Answer.Result(Empty);
    }

    private async ValueTask<Answer> SubscribeAsync(Call call)
    {
        var uri = call.Envelope.Text(call.Envelope.Uri);
        call.Name = uri;
        if (uri is null)
            return ErrorTable.Answer(Condition.InvalidParams, call.RequestId, "Invalid params: uri is missing");
        if (call.Group.FindResource(uri) is not { } route)
            return CallPipeline.Unknown(call, Condition.UnknownResource, uri);
        if (route.IsHeld)
            return CallPipeline.Held(call, route);
        var session = call.Session!;
        if (session.Subscriptions().Count >= options.MaxSubscriptions)
            return ErrorTable.Answer(
                Condition.TooManyListeners,
                call.RequestId,
                $"A session watches at most {options.MaxSubscriptions} resources: unsubscribe some first"
            );
        if (session.Subscribe(uri, new WatchedResource(route.Slot, route.UpstreamName)))
            await watches.AddAsync(route.Slot, route.UpstreamName);
        // The session may have ended meanwhile, with nobody left to take the watch away.
        if (session.Ended.IsCancellationRequested)
            watches.Release(session);
        return Answer.Result(Empty);
    }

    private Answer Unsubscribe(Call call)
    {
        var uri = call.Envelope.Text(call.Envelope.Uri);
        call.Name = uri;
        if (uri is null)
            return ErrorTable.Answer(Condition.InvalidParams, call.RequestId, "Invalid params: uri is missing");
        if (call.Session!.Unsubscribe(uri) is { } watched)
            watches.Remove(watched.Slot, watched.Uri);
        return Answer.Result(Empty);
    }
}
