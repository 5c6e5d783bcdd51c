using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Client.Tests;

/// <summary>The client against a server whose every word the test says.</summary>
public sealed class McpClientTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // R-06, C-25, C-27: version, capabilities and name, then the notification, then the tools; ready only after that.
    [Fact]
    public async Task Connect_SaysWhoItIs_ThenInitialized_ThenAsksForTools()
    {
        await using var server = new Scripted();
        await using var client = new McpClient(
            server.Transport,
            new() { PreferModern = false, Roots = (_, _) => Task.FromResult(JsonElement.Parse("""{"roots":[]}""")) }
        );
        var connecting = client.ConnectAsync(Token);
        var hello = await server.ReadAsync();
        client.State.ShouldBe(McpConnectionState.Connecting);
        hello.Method.ShouldBe("initialize");
        var parameters = hello.Params!.Value;
        parameters.GetProperty("protocolVersion").GetString().ShouldBe("2025-11-25");
        parameters.GetProperty("capabilities").GetRawText().ShouldBe("""{"roots":{}}""");
        parameters.GetProperty("clientInfo").GetProperty("name").GetString().ShouldBe("AI-Tool-Runtime");
        parameters.GetProperty("clientInfo").GetProperty("version").GetString().ShouldBe("1.0.0");
        await server.AnswerAsync(hello, """{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{}}""");
        (await server.ReadAsync()).Method.ShouldBe("notifications/initialized");
        var list = await server.ReadAsync();
        list.Method.ShouldBe("tools/list");
        await server.AnswerAsync(list, """{"tools":[{"name":"a"},{"name":"b"}],"nextCursor":"2"}""");
        var more = await server.ReadAsync();
        more.Params!.Value.GetProperty("cursor").GetString().ShouldBe("2");
        await server.AnswerAsync(more, """{"tools":[{"name":"c"}]}""");
        (await connecting).ShouldBeTrue();
        client.Tools.Keys.ShouldBe(["a", "b", "c"]);
    }

    [Fact]
    public async Task Connect_ToAServerOfAnUnknownRevision_IsFalse()
    {
        await using var server = new Scripted();
        var told = new ConcurrentQueue<string>();
        await using var client = new McpClient(
            server.Transport,
            new() { PreferModern = false, Log = (text, _) => told.Enqueue(text) }
        );
        var connecting = client.ConnectAsync(Token);
        await server.AnswerAsync(await server.ReadAsync(), """{"protocolVersion":"1.0","capabilities":{}}""");
        (await connecting).ShouldBeFalse();
        told.ShouldContain(t => t.Contains("'1.0'", StringComparison.Ordinal));
    }

    // nothing is sent.
    [Fact]
    public async Task Call_OfAnUnknownTool_SendsNothing()
    {
        await using var server = new Scripted();
        await using var client = await server.ConnectAsync();
        var sent = server.Received;
        (
            await Should.ThrowAsync<McpUnknownToolException>(() =>
                client.CallToolAsync("nope", cancellationToken: Token)
            )
        ).Tool.ShouldBe("nope");
        server.Received.ShouldBe(sent);
        client.Pending.ShouldBe(0);
    }

    // 30 s, then the entry is gone and the server is told.
    [Fact]
    public async Task Call_WithoutAnswer_TimesOutAfter30Seconds()
    {
        var time = new FakeTimeProvider();
        await using var server = new Scripted();
        await using var client = await server.ConnectAsync(new() { Time = time });
        var call = client.CallToolAsync("a", cancellationToken: Token);
        var asked = await server.ReadAsync();
        time.Advance(TimeSpan.FromSeconds(29.9));
        call.IsCompleted.ShouldBeFalse();
        client.Pending.ShouldBe(1);
        time.Advance(TimeSpan.FromSeconds(0.2));
        (await Should.ThrowAsync<TimeoutException>(() => call)).Message.ShouldContain("30 s");
        client.Pending.ShouldBe(0);
        var cancelled = await server.ReadAsync();
        cancelled.Method.ShouldBe("notifications/cancelled");
        cancelled.Params!.Value.GetProperty("requestId").GetString().ShouldBe(asked.Id!.Value.GetString());
        // An answer after that hurts nobody.
        await server.AnswerAsync(asked, """{"content":[]}""");
        var next = client.CallToolAsync("b", cancellationToken: Token);
        await server.AnswerAsync(await server.ReadAsync(), """{"content":[{"type":"text","text":"b"}]}""");
        (await next).Text.ShouldBe("b");
    }

    [Fact]
    public async Task Call_WithProgress_IsGivenItsTimeAnew()
    {
        var time = new FakeTimeProvider();
        await using var server = new Scripted();
        await using var client = await server.ConnectAsync(new() { Time = time });
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var call = client.CallToolAsync("a", default, new Told(_ => told.TrySetResult()), Token);
        var asked = await server.ReadAsync();
        time.Advance(TimeSpan.FromSeconds(29));
        await server.WriteAsync(
            $$"""{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":{{asked.Id}},"progress":1} }""".Replace(
                $"{asked.Id}",
                $"\"{asked.Id!.Value.GetString()}\"",
                StringComparison.Ordinal
            )
        );
        await told.Task.WaitAsync(Token);
        time.Advance(TimeSpan.FromSeconds(29));
        call.IsCompleted.ShouldBeFalse();
        await server.AnswerAsync(asked, """{"content":[]}""");
        await call;
    }

    //
    [Fact]
    public async Task Calls_InParallel_HaveIdsOfTheirOwn_AndGetTheirOwnAnswers()
    {
        const int Calls = 1000;
        await using var server = new Scripted();
        await using var client = await server.ConnectAsync();
        var calls = Enumerable
            .Range(0, Calls)
            .Select(i => client.CallToolAsync("a", JsonElement.Parse($$"""{"n":{{i}} }"""), null, Token))
            .ToList();
        var asked = new List<McpMessage>();
        for (var i = 0; i < Calls; i++)
            asked.Add(await server.ReadAsync());
        var ids = asked.Select(m => m.Id!.Value.GetString()!).ToList();
        ids.Distinct().Count().ShouldBe(Calls);
        ids.ShouldAllBe(id => id.StartsWith("req_", StringComparison.Ordinal));
        // Each larger than the one before: they were begun one after the other.
        ids.Select(id => int.Parse(id["req_".Length..], CultureInfo.InvariantCulture)).ShouldBeInOrder();
        asked.Reverse(); // whoever asked last is answered first
        foreach (var message in asked)
        {
            var n = message.Params!.Value.GetProperty("arguments").GetProperty("n").GetInt32();
            await server.AnswerAsync(message, $$"""{"content":[{"type":"text","text":"{{n}}"}]}""");
        }
        var results = await Task.WhenAll(calls);
        results.Select(r => r.Text).ShouldBe(Enumerable.Range(0, Calls).Select(i => $"{i}"));
        client.Pending.ShouldBe(0);
    }

    // malformed messages are left out, unknown ids ignored, notifications routed.
    [Fact]
    public async Task Listener_SurvivesWhatCannotBeRead_AndRoutesNotifications()
    {
        var told = new ConcurrentQueue<string>();
        var notified = new ConcurrentQueue<string>();
        await using var server = new Scripted();
        await using var client = await server.ConnectAsync(
            new() { Log = (text, _) => told.Enqueue(text), OnNotification = m => notified.Enqueue(m.Method!) }
        );
        var call = client.CallToolAsync("a", cancellationToken: Token);
        var asked = await server.ReadAsync();
        await server.WriteAsync("{ this is no JSON");
        await server.WriteAsync("""{"jsonrpc":"2.0","id":"req_999","result":{}}""");
        await server.WriteAsync("""{"jsonrpc":"2.0","id":5,"result":{}}""");
        await server.WriteAsync("""{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info"}}""");
        await server.AnswerAsync(asked, """{"content":[{"type":"text","text":"still here"}]}""");
        (await call).Text.ShouldBe("still here");
        told.Single().ShouldContain("left out");
        notified.ShouldBe(["notifications/message"]);
    }

    // what the server asks is answered; what nobody answers is refused.
    [Fact]
    public async Task Server_ThatAsks_IsAnswered()
    {
        await using var server = new Scripted();
        await using var client = await server.ConnectAsync();
        await server.WriteAsync("""{"jsonrpc":"2.0","id":1,"method":"ping"}""");
        (await server.ReadAsync()).ToString().ShouldBe("""{"jsonrpc":"2.0","id":1,"result":{}}""");
        await server.WriteAsync("""{"jsonrpc":"2.0","id":2,"method":"sampling/createMessage","params":{}}""");
        (await server.ReadAsync()).Error!.Code.ShouldBe(-32601);
    }

    // many changes while one reading is under way are read once more, not many times.
    [Fact]
    public async Task ListChanged_SeveralAtOnce_IsReadOnceMore()
    {
        var read = 0;
        await using var server = new Scripted();
        await using var client = await server.ConnectAsync(
            new() { OnToolsChanged = () => Interlocked.Increment(ref read) }
        );
        const string Changed = """{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}""";
        await server.WriteAsync(Changed);
        var first = await server.ReadAsync();
        await server.WriteAsync(Changed);
        await server.WriteAsync(Changed);
        await server.WriteAsync("""{"jsonrpc":"2.0","id":1,"method":"ping"}""");
        (await server.ReadAsync()).Result.ShouldNotBeNull(); // all of them were seen
        await server.AnswerAsync(first, """{"tools":[{"name":"a"}]}""");
        await server.AnswerAsync(await server.ReadAsync(), """{"tools":[{"name":"z"}]}""");
        await Eventually.UntilAsync(() => Volatile.Read(ref read) == 2);
        client.Tools.Keys.ShouldBe(["z"]);
        await server.WriteAsync("""{"jsonrpc":"2.0","id":2,"method":"ping"}""");
        (await server.ReadAsync()).Id!.Value.GetInt32().ShouldBe(2); // and no third list was asked for
    }

    [Fact]
    public async Task Transport_ThatCloses_FailsWhatWaits()
    {
        await using var server = new Scripted();
        await using var client = await server.ConnectAsync();
        var call = client.CallToolAsync("a", cancellationToken: Token);
        await server.ReadAsync();
        await server.CloseAsync();
        await Should.ThrowAsync<McpDisconnectedException>(() => call);
        client.Pending.ShouldBe(0);
        client.State.ShouldBe(McpConnectionState.Disconnected);
    }

    [Fact]
    public async Task Server_ThatSendsALineWithoutEnd_IsLeft()
    {
        await using var server = new Scripted();
        await using var client = await server.ConnectAsync();
        var call = client.CallToolAsync("a", cancellationToken: Token);
        await server.ReadAsync();
        var flood = server.FloodAsync(9 * 1024 * 1024);
        (await Should.ThrowAsync<McpDisconnectedException>(() => call)).InnerException!.Message.ShouldContain(
            "8388608"
        );
        await flood;
    }

    [Fact]
    public async Task Connect_ASecondTime_IsRefused()
    {
        await using var server = new Scripted();
        await using var client = await server.ConnectAsync();
        await Should.ThrowAsync<InvalidOperationException>(() => client.ConnectAsync(Token));
    }

    private sealed class Told(Action<McpProgress> report) : IProgress<McpProgress>
    {
        public void Report(McpProgress value) => report(value);
    }

    private sealed class Scripted : IAsyncDisposable
    {
        private readonly Pipe toClient = new(new PipeOptions(pauseWriterThreshold: 0));
        private readonly Pipe toServer = new(new PipeOptions(pauseWriterThreshold: 0));
        private readonly StreamReader reader;
        private int received;

        public Scripted()
        {
            Transport = McpTransport.Streams(toClient.Reader.AsStream(), toServer.Writer.AsStream());
            reader = new StreamReader(toServer.Reader.AsStream());
        }

        public McpTransport Transport { get; }
        public int Received => received;

        public async Task<McpClient> ConnectAsync(McpClientOptions? options = null)
        {
            var client = new McpClient(Transport, (options ?? new()) with { PreferModern = false });
            var connecting = client.ConnectAsync(Token);
            await AnswerAsync(
                await ReadAsync(),
                """{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{}}"""
            );
            await ReadAsync();
            await AnswerAsync(await ReadAsync(), """{"tools":[{"name":"a"},{"name":"b"}]}""");
            (await connecting).ShouldBeTrue();
            return client;
        }

        public async Task<McpMessage> ReadAsync()
        {
            var line = await reader.ReadLineAsync(Token).AsTask().WaitAsync(TimeSpan.FromSeconds(10), Token);
            Interlocked.Increment(ref received);
            return McpMessage.Parse(Encoding.UTF8.GetBytes(line!));
        }

        public Task AnswerAsync(McpMessage request, string result) =>
            WriteAsync(new McpMessage { Id = request.Id, Result = JsonElement.Parse(result) }.ToString());

        public async Task WriteAsync(string line) =>
            await toClient.Writer.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"), Token);

        public async Task FloodAsync(int bytes)
        {
            var part = new byte[64 * 1024];
            Array.Fill(part, (byte)'x');
            for (var sent = 0; sent < bytes; sent += part.Length)
                await toClient.Writer.WriteAsync(part, Token);
        }

        public async Task CloseAsync() => await toClient.Writer.CompleteAsync();

        public async ValueTask DisposeAsync()
        {
            await CloseAsync();
            reader.Dispose();
        }
    }
}
