using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Fixture;

/// <summary>Streamable HTTP of 2026-07-28: headers checked against the body, a stream per request, no sessions.</summary>
internal sealed class ModernHttp
{
    private readonly FixtureService service;
    private readonly FixtureOptions options;
    private readonly ConcurrentDictionary<string, (JsonNode Id, EventStream Stream)> listening = new();

    public ModernHttp(FixtureService service, FixtureOptions options)
    {
        this.service = service;
        this.options = options;
        if (options.Modern)
            service.Tools.Changed += (method, parameters) => _ = ChangedAsync(method, parameters);
    }

    public async Task PostAsync(HttpContext context, JsonObject message)
    {
        if (Mismatch(context, message) is { } problem)
        {
            await HttpHost.JsonAsync(
                context,
                400,
                FixtureService.Error(message["id"]?.DeepClone(), -32020, problem),
                options
            );
            return;
        }
        var tool = (string?)message["params"]?["name"];
        var stream = new EventStream(context);
        if ((string?)message["method"] == "subscriptions/listen")
        {
            await ListenAsync(context, message, stream);
            return;
        }
        if (tool == "cut")
        {
            stream.Open();
            await stream.RawAsync(
                "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":" + message["id"]!.ToJsonString() + ",\"resu"
            );
            // A reset may overtake what was sent; give it time to arrive.
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            context.Abort();
            return;
        }
        var streaming = options.Answer == "sse" || tool is "progress" or "log";
        if (streaming)
            stream.Open();
        JsonObject response;
        try
        {
            response = (
                await service.HandleAsync(message, new ModernPeer(context, stream, streaming), context.RequestAborted)
            )!;
        }
        catch (OperationCanceledException)
        {
            service.Tools.CountCancelled();
            return;
        }
        var code = (int?)response["error"]?["code"];
        if (streaming)
            await stream.EventAsync(response.ToJsonString());
        else if (!await HttpHost.DripAsync(context, message, response))
            await HttpHost.JsonAsync(
                context,
                code switch
                {
                    -32601 => 404,
                    -32602 when tool is null => 400,
                    -32020 or -32021 or -32022 => 400,
                    _ => 200,
                },
                response,
                options
            );
    }

    private static string? Mismatch(HttpContext context, JsonObject message)
    {
        var headers = context.Request.Headers;
        var version = (string?)message["params"]?["_meta"]?["io.modelcontextprotocol/protocolVersion"];
        if (headers["MCP-Protocol-Version"] != version)
            return "MCP-Protocol-Version differs from the body";
        if (headers["Mcp-Method"] != (string?)message["method"])
            return "Mcp-Method differs from the body";
        if (
            !headers.Accept.ToString().Contains("application/json", StringComparison.Ordinal)
            || !headers.Accept.ToString().Contains("text/event-stream", StringComparison.Ordinal)
        )
            return "Accept lacks a type";
        if ((string?)message["method"] is not ("tools/call" or "prompts/get" or "resources/read"))
            return null;
        var name = (string?)message["params"]?["name"] ?? (string?)message["params"]?["uri"];
        if (Decode(headers["Mcp-Name"].ToString()) != name)
            return "Mcp-Name differs from the body";
        var region = (string?)message["params"]?["arguments"]?["region"];
        return name == "region" && Decode(headers["Mcp-Param-Region"].ToString()) != (region ?? "")
            ? "Mcp-Param-Region differs from the body"
            : null;
    }

    private static string Decode(string value) =>
        value.StartsWith("=?base64?", StringComparison.Ordinal)
            ? System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(value[9..^2]))
            : value;

    private async Task ListenAsync(HttpContext context, JsonObject message, EventStream stream)
    {
        stream.Open();
        var id = message["id"]!;
        var accepted = new JsonObject
        {
            ["_meta"] = Subscription(id),
            ["notifications"] = message["params"]?["notifications"]?.DeepClone(),
        };
        await new ModernPeer(context, stream, streaming: true).NotifyAsync(
            "notifications/subscriptions/acknowledged",
            accepted
        );
        listening[context.TraceIdentifier] = (id, stream);
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            listening.TryRemove(context.TraceIdentifier, out _);
        }
    }

    private async Task ChangedAsync(string method, JsonObject parameters)
    {
        foreach (var (_, (id, stream)) in listening)
        {
            var copy = parameters.DeepClone().AsObject();
            copy["_meta"] = Subscription(id);
            await stream.EventAsync(
                new JsonObject
                {
                    ["jsonrpc"] = "2.0",
                    ["method"] = method,
                    ["params"] = copy,
                }.ToJsonString()
            );
        }
    }

    private static JsonObject Subscription(JsonNode id) =>
        new() { ["io.modelcontextprotocol/subscriptionId"] = id.DeepClone() };

    private sealed class ModernPeer(HttpContext context, EventStream stream, bool streaming) : Peer
    {
        public override IReadOnlyDictionary<string, string> Headers => HttpHost.Headers(context);

        public override Task SendAsync(JsonObject message) =>
            streaming ? stream.EventAsync(message.ToJsonString()) : Task.CompletedTask;

        public override Task<JsonObject> AskAsync(
            string method,
            JsonObject parameters,
            CancellationToken cancellationToken
        ) => throw new RpcException(-32603, "modern services do not ask");
    }
}
