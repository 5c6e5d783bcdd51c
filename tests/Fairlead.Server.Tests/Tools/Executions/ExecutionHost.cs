using System.Text;
using Fairlead.Protocol;
using Fairlead.Server.Gateway;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Gateway;
using Fairlead.Server.Tests.Storage;
using Fairlead.Server.Tools;
using Fairlead.Server.Tools.Executions;
using Fairlead.Server.Tools.Recovery;
using Fairlead.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Server.Tests.Tools.Executions;

/// <summary>The real queue, recovery and store over the real data plane; tools are scripts of the test.</summary>
internal sealed class ExecutionHost : IAsyncDisposable
{
    private readonly TempFolder folder = new();
    private readonly GatewayHost gateway;

    private ExecutionHost(
        ExecutionOptions? options,
        ToolRecoveryOptions? recovery,
        GatewayOptions? gatewayOptions,
        Action<IServiceCollection>? also,
        object[] native
    ) =>
        gateway = new GatewayHost(
            // The queue's own tests are not about the key's limits.
            gatewayOptions ?? new GatewayOptions { CallsPerMinute = 0, ConcurrentCalls = 0 },
            also: services =>
            {
                services.AddStorage(new StorageOptions { DataDirectory = folder.Path, NodeName = "test" });
                also?.Invoke(services);
                services.AddExecutions(options ?? new ExecutionOptions(), recovery ?? new ToolRecoveryOptions());
            },
            tools: native
        );

    public FakeTimeProvider Time => gateway.Time;
    public GatewayHost Gateway => gateway;
    public ExecutionQueue Queue => Get<ExecutionQueue>();
    public Turns Turns => Get<Turns>();
    public ToolRecovery Recovery => Get<ToolRecovery>();

    public T Get<T>()
        where T : notnull => gateway.App.Services.GetRequiredService<T>();

    /// <summary>Starts with a service whose tools are the given ones; each may be asked twice unless marked <c>!</c>.</summary>
    public static async Task<ExecutionHost> StartAsync(
        Func<ScriptedCall, Task<ChannelReply>> script,
        string[] tools,
        ExecutionOptions? options = null,
        ToolRecoveryOptions? recovery = null,
        GatewayOptions? gatewayOptions = null,
        Action<IServiceCollection>? also = null,
        object? native = null
    )
    {
        var host = new ExecutionHost(options, recovery, gatewayOptions, also, native is null ? [] : [native]);
        host.Channel = new ScriptedChannel(Revision.V20251125, script);
        host.gateway.AddService(
            "svc",
            host.Channel,
            [.. tools.Select(t => (ItemKind.Tool, t.TrimEnd('!'), Definition(t)))]
        );
        var group = host.gateway.AddGroup(
            "default",
            GatewayHost.Key,
            native is null ? null : g => g with { PublishNative = true },
            "svc"
        );
        foreach (var tool in native is null ? [] : host.Get<NativeTools>().Names)
            host.gateway.Publish(group.Id, null, ItemKind.Tool, tool.Name, tool.Name);
        await host.gateway.StartAsync();
        return host;
    }

    public ScriptedChannel Channel { get; private set; } = null!;

    public static ExecutionRequest Of(string tool, string input = "{}") =>
        new()
        {
            Group = new GroupId("default"),
            ToolName = tool,
            Input = Encoding.UTF8.GetBytes(input),
        };

    public Execution Submit(ExecutionRequest request) => Queue.Submit(request).Require();

    /// <summary>The end of an execution, moving the clock on in steps until it is there.</summary>
    public async Task<ExecutionResult> EndAsync(Execution execution, TimeSpan? step = null)
    {
        await Eventually.UntilAsync(() =>
        {
            if (!execution.Ended.IsCompleted)
                Time.Advance(step ?? TimeSpan.FromMilliseconds(100));
            return execution.Ended.IsCompleted;
        });
        return await execution.Ended;
    }

    /// <summary>A tool that answers only by being cancelled.</summary>
    public static Task HangAsync(ScriptedCall call) => new TaskCompletionSource().Task.WaitAsync(call.Token);

    public static ChannelReply Good(string text = "ok") =>
        ScriptedChannel.Result($$"""{"content":[{"type":"text","text":"{{text}}"}]}""");

    public static ChannelReply Bad(string text) =>
        ScriptedChannel.Result($$"""{"content":[{"type":"text","text":"{{text}}"}],"isError":true}""");

    public async ValueTask DisposeAsync()
    {
        await gateway.DisposeAsync();
        folder.Dispose();
    }

    private static string Definition(string tool) =>
        tool.EndsWith('!')
            ? GatewayHost.Tool(tool.TrimEnd('!'))
            : $$$"""{"name":"{{{tool}}}","inputSchema":{"type":"object"},"annotations":{"idempotentHint":true}}""";
}
