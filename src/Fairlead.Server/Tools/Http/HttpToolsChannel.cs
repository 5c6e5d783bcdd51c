using System.Buffers;
using System.Collections.Frozen;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Services.Channels;

namespace Fairlead.Server.Tools.Http;

/// <summary>
/// The HTTP tools of one service, behind the same channel as MCP services: published, pinned, watched and called alike.
/// There is no connection to lose, so it is ready at once.
/// </summary>
internal sealed class HttpToolsChannel : IChannel
{
    private readonly FrozenDictionary<string, HttpToolAdapter> adapters;
    private readonly HttpMessageInvoker http;
    private readonly Uri address;
    private readonly IReadOnlyCollection<KeyValuePair<string, string>> headers;
    private readonly TimeProvider time;
    private readonly byte[] list;

    /// <exception cref="FormatException">A tool cannot be used; the message names it and says why.</exception>
    public HttpToolsChannel(
        Uri address,
        IReadOnlyCollection<KeyValuePair<string, string>> headers,
        IEnumerable<HttpTool> tools,
        ChannelOptions options,
        TimeProvider time
    )
    {
        (this.address, this.headers, this.time) = (address, headers, time);
        var all = tools.Select(Adapt).ToList();
        adapters = all.ToFrozenDictionary(a => a.Name);
        list = List(all);
        http = GuardedHttp.Create(options);
    }

    public ServiceHello Hello { get; } =
        new(Revisions.NewestLegacy, "{\"tools\":{}}"u8.ToArray(), "{\"name\":\"http-tools\"}"u8.ToArray(), null);

    public async ValueTask<ChannelReply> CallAsync(
        ChannelCall call,
        ICallEvents events,
        CancellationToken cancellationToken
    )
    {
        switch (call.Method)
        {
            case McpMethod.ToolsList:
                return new ChannelReply(ChannelReplyKind.Result, list);
            case McpMethod.Ping:
                return new ChannelReply(ChannelReplyKind.Result, "{}"u8.ToArray());
            case McpMethod.ToolsCall when call.Name is { } name && adapters.TryGetValue(name, out var adapter):
                var at = JsonScan.Find(call.Params.Span, "arguments"u8);
                var result = await adapter.RunAsync(
                    at.Present ? at.Of(call.Params) : default,
                    address,
                    headers,
                    http,
                    time,
                    cancellationToken
                );
                return new ChannelReply(ChannelReplyKind.Result, result);
            default:
                return new ChannelReply(
                    ChannelReplyKind.Error,
                    "{\"code\":-32601,\"message\":\"Method not found\"}"u8.ToArray()
                );
        }
    }

    public ValueTask NotifyAsync(
        McpMethod method,
        ReadOnlyMemory<byte> parameters,
        CancellationToken cancellationToken
    ) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        http.Dispose();
        return ValueTask.CompletedTask;
    }

    private static HttpToolAdapter Adapt(HttpTool tool)
    {
        try
        {
            return new HttpToolAdapter(tool);
        }
        catch (FormatException wrong)
        {
            throw new FormatException($"The tool {tool.Name} cannot be used: {wrong.Message}", wrong);
        }
    }

    private static byte[] List(IEnumerable<HttpToolAdapter> all)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartArray("tools"u8);
            foreach (var adapter in all)
                json.WriteRawValue(adapter.Definition.Span, skipInputValidation: true);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }
}
