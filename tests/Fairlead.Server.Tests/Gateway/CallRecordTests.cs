using System.Text;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Gateway;
using Fairlead.Server.Gateway.Replies;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Fairlead.Testing;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Gateway;

/// <summary>Every call leaves one row, of bounded size and with the truth in it .</summary>
public sealed class CallRecordTests
{
    [Theory]
    [InlineData('x', 256)]
    [InlineData('\ud83d', 255)] // never half a surrogate pair: 255 and the first half of the next
    public async Task Row_OfAHugeName_IsCut(char last, int length)
    {
        await using var host = await StartAsync();
        var name = new string('x', 255) + (last == 'x' ? "x" : "😀") + new string('x', 300_000);
        var client = host.Client();
        var session = await Wire.InitializeAsync(client);
        host.Rows.Clear();
        await client.AskAsync(Wire.Legacy(session, "prompts/get", $$"""{"name":"{{name}}"}"""));
        var row = await RowAsync(host);
        row.Name!.Length.ShouldBe(length);
        row.Name.ShouldBe(name[..length]);
    }

    [Fact]
    public async Task Row_OfAHugeErrorAndClientName_IsCut()
    {
        var text = new string('e', 50_000);
        await using var host = await StartAsync(_ =>
            ScriptedChannel.Error($$"""{"code":-32000,"message":"{{text}}"}""")
        );
        var meta = Wire.ModernMeta.Replace("\"t\"", $"\"{text}\"", StringComparison.Ordinal);
        await host.Client().AskAsync(Wire.Modern("tools/call", "\"name\":\"own\"", "own", meta));
        var row = await RowAsync(host);
        row.CallerAppId!.Length.ShouldBe(100);
        row.ErrorMessage!.Length.ShouldBe(1024);
    }

    [Fact]
    public async Task Row_OfASessionWithAHugeClientName_IsCut()
    {
        await using var host = await StartAsync();
        var client = host.Client();
        using var response = await client.SendAsync(
            Wire.Post(
                $$$$"""{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"{{{{new string('n', 9000)}}}}","version":"1"}}}"""
            )
        );
        var session = response.Headers.GetValues("Mcp-Session-Id").Single();
        host.Rows.Clear();
        await client.AskAsync(Wire.Legacy(session, "tools/call", """{"name":"own"}"""));
        (await RowAsync(host)).CallerAppId!.Length.ShouldBe(100);
    }

    [Fact]
    public async Task Listen_Refused_IsRecordedAsTheFailureItIs()
    {
        await using var host = await StartAsync(options: new GatewayOptions { MaxListeners = 0 });
        await host.Client().AskAsync(Wire.Modern("subscriptions/listen", "\"notifications\":{}"));
        var row = await RowAsync(host);
        row.Success.ShouldBeFalse();
        row.ErrorCode.ShouldNotBe(0);
        row.ErrorMessage.ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public async Task Answer_ThatCannotBeSent_LeavesItsRow()
    {
        await using var host = await StartAsync();
        var group = host.App.Services.GetRequiredService<Routes>().Table.ById[new GroupId("default")];
        var json = $$"""
            {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{{Wire.ModernMeta}},"name":"own"} }
            """;
        EnvelopeReader
            .Read(Encoding.UTF8.GetBytes(json), EnvelopeLimits.Default, out var envelope)
            .ShouldBe(EnvelopeFault.None);
        using var call = new Call(
            envelope,
            group,
            null,
            Revision.V20260728,
            new BrokenReply(),
            new GatewayOptions(),
            host.Time
        );
        await host.App.Services.GetRequiredService<CallPipeline>().RunAsync(call);
        host.Rows.Count.ShouldBe(1);
        host.InFlight.Count.ShouldBe(0);
    }

    // A null takes the place of the metadata; two members of one name are refused by strict services.
    [Theory]
    [InlineData("""{"_meta":null,"name":"own","arguments":{}}""")]
    [InlineData("""{"name":"own","\u005fmeta": null ,"arguments":{}}""")]
    [InlineData("""{"name":"own","arguments":{},"_meta":null}""")]
    public async Task Meta_NullOfALegacyClient_IsReplacedForAModernService(string parameters)
    {
        var sent = "";
        await using var host = await StartAsync(call =>
        {
            sent = call.Params;
            return ScriptedChannel.Result("""{"content":[],"resultType":"complete"}""");
        });
        var client = host.Client();
        var session = await Wire.InitializeAsync(client);
        await client.AskAsync(Wire.Legacy(session, "tools/call", parameters));
        using var read = JsonDocument.Parse(sent, new JsonDocumentOptions { AllowDuplicateProperties = false });
        read.RootElement.EnumerateObject().Count().ShouldBe(3);
        read.RootElement.GetProperty("_meta").ValueKind.ShouldBe(JsonValueKind.Object);
        read.RootElement.GetProperty("name").GetString().ShouldBe("own");
    }

    // What the gateway asks for itself must not stand between a client's call and its questions.
    [Fact]
    public async Task OwnCalls_OfLevelsAndWatches_HaveNobodyToAsk()
    {
        var asked = new List<(McpMethod Method, bool HasAsker)>();
        await using var host = await StartAsync(
            call =>
            {
                var pending = new PendingCalls(TimeProvider.System).Open(call.Call, call.Events)!;
                lock (asked)
                    asked.Add((call.Call.Method, pending.HasAsker));
                return ScriptedChannel.Result("{}");
            },
            Revision.V20251125
        );
        var client = host.Client();
        var session = await Wire.InitializeAsync(client);
        await client.AskAsync(Wire.Legacy(session, "logging/setLevel", """{"level":"info"}"""));
        await client.AskAsync(Wire.Legacy(session, "resources/subscribe", """{"uri":"test://a"}"""));
        await client.AskAsync(Wire.Legacy(session, "tools/call", """{"name":"own"}"""));
        asked.ShouldBe([
            (McpMethod.LoggingSetLevel, false),
            (McpMethod.ResourcesSubscribe, false),
            (McpMethod.ToolsCall, true),
        ]);
    }

    private static async Task<GatewayHost> StartAsync(
        Func<ScriptedCall, ChannelReply>? script = null,
        Revision revision = Revision.V20260728,
        GatewayOptions? options = null
    )
    {
        var host = new GatewayHost(options, port: true);
        var channel = new ScriptedChannel(
            revision,
            call =>
                Task.FromResult(
                    script?.Invoke(call) ?? ScriptedChannel.Result("""{"content":[],"resultType":"complete"}""")
                )
        );
        host.AddService(
            "svc",
            channel,
            (ItemKind.Tool, "own", GatewayHost.Tool("own")),
            (ItemKind.Resource, "test://a", """{"uri":"test://a","name":"a"}""")
        );
        host.AddGroup("default", GatewayHost.Key, null, "svc");
        return await host.StartAsync();
    }

    private static async Task<CallLogRow> RowAsync(GatewayHost host)
    {
        await Eventually.UntilAsync(() => !host.Rows.IsEmpty);
        return host.Rows.Single();
    }

    private sealed class BrokenReply : IReply
    {
        public bool Send(byte[] message) => false;

        public void StartStreaming() { }

        public ValueTask FinishAsync(ReadOnlyMemory<byte> rawId, Answer answer) =>
            throw new IOException("a planted fault");

        public ValueTask AbandonAsync() => ValueTask.CompletedTask;
    }
}
