using System.Collections.Frozen;
using Fairlead.Protocol;
using Fairlead.Server.Gateway;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Services;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Tools;

/// <summary>All native tools, behind the same channel as a service's, so that the call path knows one kind only.</summary>
internal sealed class NativeTools : IChannel
{
    private readonly FrozenDictionary<string, NativeTool> tools;
    private readonly FrozenDictionary<string, CatalogueItem> definitions;

    public NativeTools(IEnumerable<NativeTool> tools, TimeProvider time)
    {
        var all = tools.ToList();
        this.tools = all.ToFrozenDictionary(t => t.Name);
        Names = [.. all.Select(t => t.Name)];
        Slot = new ServiceSlot(
            new ServiceId("native"),
            new ServiceState(ServicePhase.Healthy, "native tools", time.GetUtcNow(), Channel: this),
            time
        );
        definitions = all.Select(
                (t, i) =>
                    new CatalogueItem
                    {
                        Service = Slot.Id,
                        Kind = ItemKind.Tool,
                        Name = t.Name,
                        Definition = t.Definition,
                        Position = i,
                    }
            )
            .ToFrozenDictionary(c => c.Name);
    }

    /// <summary>Their names, in listed order.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The slot native routes lead to; always running.</summary>
    public ServiceSlot Slot { get; }

    public ServiceHello Hello { get; } =
        new(Revisions.NewestLegacy, "{\"tools\":{}}"u8.ToArray(), "{\"name\":\"native\"}"u8.ToArray(), null);

    public CatalogueItem? Definition(string name) => definitions.GetValueOrDefault(name);

    public async ValueTask<ChannelReply> CallAsync(
        ChannelCall call,
        ICallEvents events,
        CancellationToken cancellationToken
    )
    {
        if (call.Method != McpMethod.ToolsCall || call.Name is null || !tools.TryGetValue(call.Name, out var tool))
            return ChannelReply.Fail(ChannelFailure.NotConnected, dispatched: false);
        var at = JsonScan.Find(call.Params.Span, "arguments"u8);
        var context = new Dictionary<object, object?> { [typeof(GroupRoute)] = (events as Call)?.Group };
        var result = await tool.RunAsync(at.Present ? at.Of(call.Params) : default, context, cancellationToken);
        return new ChannelReply(ChannelReplyKind.Result, result);
    }

    public ValueTask NotifyAsync(
        McpMethod method,
        ReadOnlyMemory<byte> parameters,
        CancellationToken cancellationToken
    ) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
