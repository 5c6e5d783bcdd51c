using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Gateway;
using Fairlead.Server.Services;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Gateway;

namespace Fairlead.Conformance;

/// <summary>
/// The gateway as its clients see it: the real data plane on a real port, one group over one service that a test
/// scripts. Everything it answers is kept for the schema check.
/// </summary>
internal sealed class Face : IAsyncDisposable
{
    public const string Greet = """{"name":"greet","description":"d","arguments":[{"name":"who","required":true}]}""";
    public const string Note = """{"uri":"test://note","name":"note","mimeType":"text/plain"}""";
    public const string Item = """{"uriTemplate":"test://item/{id}","name":"item"}""";
    private readonly HttpClient client;

    private readonly IChannel channel;

    private Face(GatewayHost host, IChannel channel)
    {
        Host = host;
        this.channel = channel;
        client = host.Client();
    }

    public GatewayHost Host { get; }

    /// <summary>The service behind the gateway.</summary>
    public ScriptedChannel Channel => (ScriptedChannel)channel;

    public ServiceSlot Slot => Host.Slots.Get(new ServiceId("svc"));

    /// <summary>Starts a gateway over a service of the given revision; without a script the service simply works.</summary>
    public static Task<Face> StartAsync(
        Func<ScriptedCall, Task<ChannelReply>>? script = null,
        Revision service = Revision.V20260728,
        GatewayOptions? options = null,
        params string[] tools
    ) =>
        OverAsync(
            new ScriptedChannel(service, script ?? (call => Task.FromResult(Works(call, service)))),
            options,
            tools
        );

    /// <summary>Starts a gateway over a service that is reached by the given channel.</summary>
    public static async Task<Face> OverAsync(IChannel channel, GatewayOptions? options, params string[] tools)
    {
        var host = new GatewayHost(options, port: true);
        var listed = tools.Length > 0 ? tools : [GatewayHost.Tool("echo")];
        host.AddService(
            "svc",
            channel,
            [
                .. listed.Select(t =>
                    (ItemKind.Tool, JsonDocument.Parse(t).RootElement.GetProperty("name").GetString()!, t)
                ),
                (ItemKind.Prompt, "greet", Greet),
                (ItemKind.Resource, "test://note", Note),
                (ItemKind.ResourceTemplate, "test://item/{id}", Item),
            ]
        );
        host.AddGroup("default", GatewayHost.Key, null, "svc");
        return new Face(await host.StartAsync(), channel);
    }

    /// <summary>What a healthy service answers.</summary>
    public static ChannelReply Works(ScriptedCall call, Revision revision)
    {
        var type = revision.Era() == Era.Modern ? "\"resultType\":\"complete\"," : "";
        var hints = revision.Era() == Era.Modern ? ",\"ttlMs\":5,\"cacheScope\":\"public\"" : "";
        return ScriptedChannel.Result(
            call.Call.Method switch
            {
                McpMethod.PromptsGet =>
                    $$$"""{{{{type}}}"messages":[{"role":"user","content":{"type":"text","text":"hello"}}]}""",
                McpMethod.ResourcesRead =>
                    $$$"""{{{{type}}}"contents":[{"uri":"test://note","text":"n"}]{{{hints}}}}""",
                McpMethod.CompletionComplete => $$$"""{{{{type}}}"completion":{"values":["you"],"hasMore":false}}""",
                _ => $$$"""{{{{type}}}"content":[{"type":"text","text":"ok"}]}""",
            }
        );
    }

    public static ChannelReply Text(string json) => ScriptedChannel.Result(json);

    /// <summary>A good modern request of a method, answered in whole.</summary>
    public Task<Reply> AskAsync(
        string method,
        string? parameters = null,
        string? name = null,
        string? meta = Modern.Meta,
        string id = "1"
    ) => SendAsync(Modern.Request(method, parameters, name, meta, id));

    public async Task<Reply> SendAsync(HttpRequestMessage request, string? key = GatewayHost.Key)
    {
        using var other = key == GatewayHost.Key ? null : Host.Client(key);
        using var response = await (other ?? client).SendAsync(request);
        var reply = new Reply(
            response.StatusCode,
            response.Content.Headers.ContentType?.MediaType,
            response,
            await response.Content.ReadAsStringAsync()
        );
        Log(request, reply.MediaType == "text/event-stream" ? Sse.Data(reply.Body) : [reply.Body]);
        return reply;
    }

    /// <summary>Sends a request and leaves its event stream open.</summary>
    public async Task<OpenReply> OpenAsync(HttpRequestMessage request)
    {
        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return new OpenReply(response, await response.Content.ReadAsStreamAsync(), m => Log(request, [m]));
    }

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return Host.DisposeAsync();
    }

    private static void Log(HttpRequestMessage request, IEnumerable<string> messages)
    {
        var version = request.Headers.TryGetValues("MCP-Protocol-Version", out var v) ? v.First() : Modern.Version;
        var method = request.Headers.TryGetValues("Mcp-Method", out var m) ? m.First() : null;
        MessageLog.Add(version == "2025-11-25" ? version : Modern.Version, method, messages.Where(x => x.Length > 0));
    }
}

/// <summary>A response stream that is still open: its messages one by one.</summary>
internal sealed class OpenReply(HttpResponseMessage response, Stream body, Action<string> log) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly StreamReader reader = new(body);

    public HttpResponseMessage Head => response;

    /// <summary>The next message; null when the stream ended.</summary>
    public async Task<JsonElement?> NextAsync()
    {
        while (await reader.ReadLineAsync().WaitAsync(Patience) is { } line)
        {
            if (!line.StartsWith("data: ", StringComparison.Ordinal))
                continue;
            log(line[6..]);
            return JsonDocument.Parse(line[6..]).RootElement;
        }
        return null;
    }

    public ValueTask DisposeAsync()
    {
        // Closing the response is the cancellation.
        response.Dispose();
        reader.Dispose();
        return ValueTask.CompletedTask;
    }
}
