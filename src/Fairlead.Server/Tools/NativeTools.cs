using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Fairlead.Protocol;
using Fairlead.Server.Gateway;
using Fairlead.Server.Gateway.Intake;
using Fairlead.Server.Gateway.Replies;
using Fairlead.Server.Services;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Storage;
using Fairlead.Toolkit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Tools;

/// <summary>
/// All native tools, prompts and resources, behind the same channel as a service's, so that the call path knows one
/// kind only.
/// </summary>
internal sealed class NativeTools : IChannel
{
    private readonly FrozenDictionary<string, NativeTool> tools;

    // Of one name there may be a tool for all groups and others each for one group, which take its place there.
    private readonly FrozenDictionary<(string Name, string Group), NativeTool> ofGroups;
    private readonly FrozenDictionary<string, NativePrompt> prompts;
    private readonly FrozenDictionary<string, NativeResource> resources;
    private readonly NativeResource[] templates;
    private readonly FrozenDictionary<(ItemKind, string, string?), CatalogueItem> definitions;
    private readonly IServiceProvider services;
    private readonly ReadUserToken? readUser;
    private readonly TimeProvider time;
    private readonly ILogger? logger;

    /// <exception cref="StoreException">Two of them have one name.</exception>
    public NativeTools(
        IEnumerable<NativeTool> tools,
        TimeProvider time,
        IEnumerable<NativePrompt>? prompts = null,
        IEnumerable<NativeResource>? resources = null,
        IServiceProvider? services = null,
        ReadUserToken? readUser = null
    )
    {
        All = [.. tools];
        var allPrompts = (prompts ?? []).ToList();
        var allResources = (resources ?? []).ToList();
        (this.services, this.readUser, this.time) = (services ?? EmptyProvider.Instance, readUser, time);
        logger = services?.GetService<ILoggerFactory>()?.CreateLogger("Fairlead.Tools");
        if (services?.GetService<GatewayOptions>() is { } gateway)
        {
            foreach (var tool in All)
                tool.MaxResultBytes = gateway.MaxResultBytes;
        }
        Suspended = new SuspendedRuns(time);
        Slot = new ServiceSlot(
            new ServiceId("native"),
            new ServiceState(ServicePhase.Healthy, "native tools", time.GetUtcNow(), Channel: this),
            time
        );
        List<(NativeName Name, ReadOnlyMemory<byte> Definition)> items =
        [
            .. All.Select(t => (new NativeName(ItemKind.Tool, t.Name, t.Policy.Group), t.Definition)),
            .. allPrompts.Select(p => (new NativeName(ItemKind.Prompt, p.Name, p.Group), p.Definition)),
            .. allResources.Select(r => (new NativeName(r.Kind, r.Uri, r.Group), r.Definition)),
        ];
        if (items.GroupBy(i => Key(i.Name)).FirstOrDefault(g => g.Skip(1).Any()) is { } twice)
            throw new StoreException($"There are two native {twice.Key.Item1}s of the name {twice.Key.Item2}.");
        Names = [.. items.Select(i => i.Name)];
        var known = new Dictionary<(ItemKind, string, string?), CatalogueItem>();
        foreach (var (name, definition) in items.OrderBy(static i => i.Name.Group is null ? 0 : 1))
        {
            var item = new CatalogueItem
            {
                Service = Slot.Id,
                Kind = name.Kind,
                Name = name.Name,
                Definition = definition,
                Position = known.Count,
            };
            known[Key(name)] = item;
            known.TryAdd((name.Kind, name.Name, null), item);
        }
        definitions = known.ToFrozenDictionary();
        foreach (var sharing in All.Where(t => t.Policy.Exclusive is not null).GroupBy(t => t.Policy.Exclusive))
        {
            var alone = new SemaphoreSlim(1, 1);
            foreach (var tool in sharing)
                tool.Alone = alone;
        }
        var named = All.ToLookup(t => t.Name);
        this.tools = named.ToFrozenDictionary(t => t.Key, t => t.MinBy(one => one.Policy.Group is null ? 0 : 1)!);
        ofGroups = named
            .Where(t => t.Skip(1).Any())
            .SelectMany(t => t)
            .Where(t => t.Policy.Group is not null)
            .ToFrozenDictionary(t => (t.Name, t.Policy.Group!));
        this.prompts = allPrompts.ToFrozenDictionary(p => p.Name);
        this.resources = allResources.Where(r => r.Kind == ItemKind.Resource).ToFrozenDictionary(r => r.Uri);
        templates = [.. allResources.Where(r => r.Kind == ItemKind.ResourceTemplate)];
        Categories = All.GroupBy(t => t.Policy.Category)
            .ToFrozenDictionary(
                g => g.Key,
                g => (IReadOnlyList<string>)[.. g.Select(t => t.Name).Order(StringComparer.Ordinal)]
            );
    }

    /// <summary>All tools, in listed order.</summary>
    public IReadOnlyList<NativeTool> All { get; }

    /// <summary>What is to be published, in listed order.</summary>
    public IReadOnlyList<NativeName> Names { get; }

    /// <summary>Names of tools by category, each once .</summary>
    public FrozenDictionary<string, IReadOnlyList<string>> Categories { get; }

    /// <summary>The slot native routes lead to; always running.</summary>
    public ServiceSlot Slot { get; }

    /// <summary>Runs that wait for answers of modern clients.</summary>
    public SuspendedRuns Suspended { get; }

    public ServiceHello Hello { get; } =
        new(
            Revisions.NewestLegacy,
            "{\"tools\":{},\"prompts\":{},\"resources\":{}}"u8.ToArray(),
            "{\"name\":\"native\"}"u8.ToArray(),
            null
        );

    /// <summary>The definition a group publishes.</summary>
    public CatalogueItem? Definition(ItemKind kind, string name, string? group = null) =>
        definitions.GetValueOrDefault((kind, name, group)) ?? definitions.GetValueOrDefault((kind, name, null));

    /// <summary>A tool by the name its author gave it, as a group has it; null where there is none.</summary>
    public NativeTool? Find(string name, string? group = null) =>
        group is not null && ofGroups.TryGetValue((name, group), out var own) ? own : tools.GetValueOrDefault(name);

    /// <summary>What a tool's attributes say; null where there is no such tool.</summary>
    public ToolPolicy? Policy(string name, string? group = null) => Find(name, group)?.Policy;

    private static (ItemKind, string, string?) Key(NativeName item) => (item.Kind, item.Name, item.Group);

    public ValueTask<ChannelReply> CallAsync(
        ChannelCall call,
        ICallEvents events,
        CancellationToken cancellationToken
    ) =>
        call.Method switch
        {
            McpMethod.ToolsCall
                when call.Name is { } name && Find(name, (events as Call)?.Group.Config.ServerCode) is { } tool =>
                CallToolAsync(tool, call, events, cancellationToken),
            McpMethod.PromptsGet when call.Name is { } name && prompts.TryGetValue(name, out var prompt) =>
                prompt.GetAsync(call.Params, Context(name, events, cancellationToken)),
            McpMethod.ResourcesRead when call.Name is { } uri && Resource(uri) is { } resource => resource.ReadAsync(
                uri,
                Context(resource.Uri, events, cancellationToken)
            ),
            _ => new(ChannelReply.Fail(ChannelFailure.NotConnected, dispatched: false)),
        };

    public ValueTask NotifyAsync(
        McpMethod method,
        ReadOnlyMemory<byte> parameters,
        CancellationToken cancellationToken
    ) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private NativeResource? Resource(string uri) =>
        resources.GetValueOrDefault(uri) ?? System.Array.Find(templates, t => t.IsMatch(uri));

    private NativeContext Context(string name, ICallEvents events, CancellationToken cancellationToken)
    {
        var call = events as Call;
        return new NativeContext(services, time, call, events, readUser, logger, cancellationToken)
        {
            RequestId = call?.Number ?? default,
            Name = name,
            Group = call?.Group.Config.ServerCode,
            SessionId = call?.Session?.Id,
        };
    }

    private async ValueTask<ChannelReply> CallToolAsync(
        NativeTool tool,
        ChannelCall sent,
        ICallEvents events,
        CancellationToken cancellationToken
    )
    {
        // Only a modern client's call can end before its tool does.
        if (tool.IsAsync && events is Call call && call.Revision.Era() == Era.Modern)
            return await CallInLegsAsync(tool, sent, call, cancellationToken);
        var at = JsonScan.Find(sent.Params.Span, "arguments"u8);
        var context = Context(tool.Name, events, cancellationToken);
        return Reply(await tool.RunAsync(at.Present ? at.Of(sent.Params) : default, context), context);
    }

    private async ValueTask<ChannelReply> CallInLegsAsync(
        NativeTool tool,
        ChannelCall sent,
        Call call,
        CancellationToken cancellationToken
    )
    {
        var owner = $"{call.Group.Config.Id.Value}/{call.User?.Value}/{tool.Name}";
        NativeRun run;
        if (JsonScan.Text(sent.Params.Span, "requestState"u8) is { } state)
        {
            if (Suspended.Resume(state, owner) is not { } waiting)
                return Refused(call, "Invalid params: requestState names no call that waits here for an answer");
            run = waiting;
            if (SuspendedRuns.Answer(sent.Params.Span) is not { } answer)
                return new ChannelReply(ChannelReplyKind.Result, Suspended.Suspend(run));
            run.Context.Join(call, call);
            run.Question!.Answer.TrySetResult(answer);
        }
        else
        {
            var life = new CancellationTokenSource();
            var context = Context(tool.Name, call, life.Token);
            context.AllowLegs();
            run = new NativeRun(context, owner, life);
        }
        // Before it begins: it may not give its thread back until it is cancelled.
        using var ended = cancellationToken.UnsafeRegister(
            static l => ((CancellationTokenSource)l!).Cancel(),
            run.Life
        );
        if (run.Question is null)
        {
            var at = JsonScan.Find(sent.Params.Span, "arguments"u8);
            run.Result = tool.RunAsync(at.Present ? at.Of(sent.Params) : default, run.Context).AsTask();
        }
        try
        {
            await Task.WhenAny(run.Result, run.Context.Asked!).WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Whoever waits hears of it before the one who registered first, and ends that registration.
            await run.Life.CancelAsync();
            throw;
        }
        if (run.Result.IsCompleted)
            return Reply(await run.Result, run.Context);
        run.Question = await run.Context.Asked!;
        return new ChannelReply(ChannelReplyKind.Result, Suspended.Suspend(run));
    }

    private static ChannelReply Reply(NativeResult result, NativeContext context) =>
        new(result.IsRefusal ? ChannelReplyKind.Error : ChannelReplyKind.Result, result.Json)
        {
            Threw = context.Threw,
            Permit = result.Permit,
        };

    private static ChannelReply Refused(Call call, string why) =>
        new(ChannelReplyKind.Error, ErrorTable.Answer(Condition.InvalidParams, call.RequestId, why).A);
}
