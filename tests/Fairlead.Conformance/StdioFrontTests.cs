using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Gateway;
using Fairlead.Server.Hosting;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Tests.Gateway;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Conformance;

/// <summary>The stdio face (spec 2026-07-28 transports/stdio; P-113, R97): a client on a pair of pipes.</summary>
public sealed class StdioFrontTests
{
    [Fact]
    public async Task Answer_WithLineBreaks_IsOneLine()
    {
        await using var client = await StdioClient.StartAsync(_ =>
            Task.FromResult(Face.Text("{\n  \"resultType\": \"complete\",\r\n  \"content\": []\n}"))
        );
        var answer = await client.AskAsync("tools/call");
        answer.At("result", "content").GetArrayLength().ShouldBe(0);
        client.Lines.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Output_Always_IsMessagesOnly()
    {
        await using var client = await StdioClient.StartAsync(call =>
        {
            call.Progress(1);
            call.Log("error");
            return Task.FromResult(Face.Works(call, Revision.V20260728));
        });
        await client.AskAsync("server/discover", id: 1);
        await client.AskAsync("tools/call", Modern.With("\"progressToken\":1"), id: 2);
        await client.SendAsync("this is no message");
        await client.AskAsync("no/such", id: 3);
        client.Lines.Count.ShouldBe(5);
        foreach (var line in client.Lines)
            JsonDocument.Parse(line).RootElement.At("jsonrpc").GetString().ShouldBe("2.0");
    }

    [Fact]
    public async Task Cancelled_Call_IsNotAnswered()
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var client = await StdioClient.StartAsync(async call =>
        {
            running.SetResult();
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, call.Token);
            }
            finally
            {
                stopped.SetResult();
            }
            return Face.Works(call, Revision.V20260728);
        });
        await client.SendAsync(StdioClient.Request("tools/call", Modern.Meta, 7));
        await running.Task;
        // An unknown id hurts nobody, the right one ends the call.
        await client.SendAsync("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":8}}""");
        await client.SendAsync("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}""");
        await stopped.Task.WaitAsync(TimeSpan.FromSeconds(5));
        (await client.AskAsync("tools/list", id: 9)).At("id").GetInt32().ShouldBe(9);
        client.Lines.Count.ShouldBe(1);
    }

    // A tool that never gives its thread back: what comes after it is read all the same, its cancellation too.
    [Fact]
    public async Task Tool_ThatKeepsItsThread_HoldsUpNobodyElse()
    {
        using var free = new ManualResetEventSlim();
        await using var client = await StdioClient.StartAsync(call =>
        {
            free.Wait(TimeSpan.FromSeconds(10));
            return Task.FromResult(Face.Works(call, Revision.V20260728));
        });
        await client.SendAsync(StdioClient.Request("tools/call", Modern.Meta, 7));
        (await client.AskAsync("tools/list", id: 9)).At("id").GetInt32().ShouldBe(9);
        free.IsSet.ShouldBeFalse();
        free.Set();
        (await client.NextAsync()).At("id").GetInt32().ShouldBe(7);
    }

    [Theory]
    [InlineData("""{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}""", -32602)]
    [InlineData(
        """{"io.modelcontextprotocol/protocolVersion":"2027-01-01","io.modelcontextprotocol/clientCapabilities":{}}""",
        -32022
    )]
    [InlineData(
        """{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/logLevel":"loud"}""",
        -32602
    )]
    public async Task Request_WithBadMetadata_IsRefused(string meta, int code)
    {
        await using var client = await StdioClient.StartAsync();
        (await client.AskAsync("tools/call", meta)).At("error", "code").GetInt32().ShouldBe(code);
    }

    // No stream can close here, so the end is said twice: by the result, and by the one cancellation a server may send.
    [Fact]
    public async Task Subscription_WhenTheGatewayStops_EndsWithResultAndCancellation()
    {
        await using var client = await StdioClient.StartAsync();
        await client.SendAsync(
            StdioClient.Request(
                "subscriptions/listen",
                Modern.Meta,
                4,
                ""","notifications":{"toolsListChanged":true}"""
            )
        );
        (await client.NextAsync()).At("method").GetString().ShouldBe("notifications/subscriptions/acknowledged");
        client.InFlight.All.Single().Cancel(CancelCause.Draining);
        var result = await client.NextAsync();
        result.At("id").GetInt32().ShouldBe(4);
        result.At("result", "_meta", "io.modelcontextprotocol/subscriptionId").GetInt32().ShouldBe(4);
        var cancelled = await client.NextAsync();
        cancelled.At("method").GetString().ShouldBe("notifications/cancelled");
        cancelled.At("params", "requestId").GetInt32().ShouldBe(4);
    }

    /// <summary>A client of the stdio front.</summary>
    private sealed class StdioClient : IAsyncDisposable
    {
        private readonly Pipe up = new();
        private readonly Pipe down = new();
        private readonly GatewayHost host;
        private readonly StreamReader reader;
        private readonly Task serving;

        private StdioClient(GatewayHost host)
        {
            this.host = host;
            reader = new StreamReader(down.Reader.AsStream());
            serving = host.App.ServeStdioAsync("default", up.Reader.AsStream(), down.Writer.AsStream(), default);
        }

        /// <summary>Every line the gateway wrote.</summary>
        public List<string> Lines { get; } = [];

        public CallsInFlight InFlight => host.InFlight;

        public static async Task<StdioClient> StartAsync(Func<ScriptedCall, Task<ChannelReply>>? script = null)
        {
            var started = new GatewayHost();
            var channel = new ScriptedChannel(
                Revision.V20260728,
                script ?? (call => Task.FromResult(Face.Works(call, Revision.V20260728)))
            );
            started.AddService("svc", channel, "echo");
            started.AddGroup("default", GatewayHost.Key, null, "svc");
            return new StdioClient(await started.StartAsync());
        }

        public static string Request(string method, string meta, int id, string? parameters = null) =>
            $$$"""{"jsonrpc":"2.0","id":{{{id}}},"method":"{{{method}}}","params":{"_meta":{{{meta}}}{{{parameters ?? Modern.ParamsOf(method)}}}}}""";

        public async Task SendAsync(string line) => await up.Writer.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"));

        public async Task<JsonElement> NextAsync()
        {
            var line = (await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(10)))!;
            Lines.Add(line);
            MessageLog.Add(
                Modern.Version,
                "subscriptions/listen",
                line.Contains("subscriptionId", StringComparison.Ordinal) ? [line] : []
            );
            return JsonDocument.Parse(line).RootElement;
        }

        /// <summary>Sends a request and reads up to its response.</summary>
        public async Task<JsonElement> AskAsync(string method, string meta = Modern.Meta, int id = 1)
        {
            await SendAsync(Request(method, meta, id));
            while (true)
            {
                var message = await NextAsync();
                if (message.Has("id") && message.At("id").GetInt32() == id)
                    return message;
            }
        }

        public async ValueTask DisposeAsync()
        {
            await up.Writer.CompleteAsync();
            await serving.WaitAsync(TimeSpan.FromSeconds(10));
            reader.Dispose();
            await host.DisposeAsync();
        }
    }
}
