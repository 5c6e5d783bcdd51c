using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Client.Tests;

/// <summary>The client against a real server process over every transport, in both eras.</summary>
[Trait("Category", "integration")]
public sealed class McpTransportTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Ways =>
        new()
        {
            { "stdio", "legacy" },
            { "stdio", "modern" },
            { "http", "legacy" },
            { "http", "modern" },
            { "sse", "legacy" },
            { "websocket", "legacy" },
            { "websocket", "modern" },
        };

    // C-24: every transport, the newest revision the server has.
    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Connect_OverEachTransport_DiscoversAndCalls(string transport, string era)
    {
        await using var server = await ServerAsync(transport, era);
        await using var client = new McpClient(server.Transport());
        (await client.ConnectAsync(Token)).ShouldBeTrue();
        client.State.ShouldBe(McpConnectionState.Ready);
        client.Revision.ShouldBe(era == "modern" ? Revisions.Newest : Revisions.NewestLegacy);
        client.Tools.Keys.ShouldContain("echo");
        var result = await client.CallToolAsync("echo", JsonElement.Parse("""{"text":"grüße 你好"}"""), null, Token);
        result.IsError.ShouldBeFalse();
        result.Text.ShouldBe("grüße 你好");
        (await client.CallToolAsync("fail", cancellationToken: Token)).IsError.ShouldBeTrue();
    }

    // progress in order, before the result.
    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Call_WithProgress_TellsItInOrderBeforeTheResult(string transport, string era)
    {
        await using var server = await ServerAsync(transport, era);
        await using var client = new McpClient(server.Transport());
        await client.ConnectAsync(Token);
        var told = new ConcurrentQueue<double>();
        var result = await client.CallToolAsync(
            "progress",
            JsonElement.Parse("""{"n":4}"""),
            new Told(p => told.Enqueue(p.Progress)),
            Token
        );
        told.ToArray().ShouldBe([1, 2, 3, 4]);
        result.Text.ShouldBe("done");
    }

    // an error is a typed exception with its code.
    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Call_AnsweredWithAnError_ThrowsItsCode(string transport, string era)
    {
        await using var server = await ServerAsync(transport, era);
        await using var client = new McpClient(server.Transport());
        await client.ConnectAsync(Token);
        var error = await Should.ThrowAsync<McpErrorException>(() =>
            client.CallToolAsync("error", JsonElement.Parse("""{"code":-32042}"""), null, Token)
        );
        error.Code.ShouldBe(-32042);
        error.Message.ShouldBe("an error");
        error.ErrorData!.Value.GetProperty("why").GetString().ShouldBe("asked");
    }

    // a change is read once.
    [Theory]
    [MemberData(nameof(Ways))]
    public async Task ListChanged_RefreshesTheTools(string transport, string era)
    {
        await using var server = await ServerAsync(transport, era);
        var changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var client = new McpClient(
            server.Transport(),
            new() { OnToolsChanged = () => changed.TrySetResult() }
        );
        await client.ConnectAsync(Token);
        client.Tools.Keys.ShouldNotContain("fresh");
        // What listens for changes may still be on its way.
        await Eventually.UntilAsync(
            async () =>
            {
                await client.CallToolAsync("listchange", JsonElement.Parse("""{"name":"fresh"}"""), null, Token);
                return changed.Task.IsCompleted;
            },
            cancellationToken: Token
        );
        client.Tools.Keys.ShouldContain("fresh");
        (await client.CallToolAsync("echo", cancellationToken: Token)).IsError.ShouldBeFalse();
    }

    // what the caller gives up ends at the server too.
    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Call_Cancelled_IsCancelledAtTheServer(string transport, string era)
    {
        await using var server = await ServerAsync(transport, era);
        await using var client = new McpClient(server.Transport());
        await client.ConnectAsync(Token);
        using var cancel = new CancellationTokenSource();
        var call = client.CallToolAsync("silent", cancellationToken: cancel.Token);
        await Eventually.UntilAsync(async () =>
            (await CountsAsync(client)).Contains("others=1", StringComparison.Ordinal)
        );
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => call);
        client.Pending.ShouldBeLessThanOrEqualTo(1); // what listens for changes stays
        await Eventually.UntilAsync(async () =>
            (await CountsAsync(client)).Contains("others=0", StringComparison.Ordinal)
        );
    }

    // C-25: what the client has an answer for is declared and asked, in both eras.
    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Call_ThatAsks_GetsTheClientsAnswer(string transport, string era)
    {
        await using var server = await ServerAsync(transport, era);
        await using var client = new McpClient(
            server.Transport(),
            new()
            {
                Elicitation = (_, _) =>
                    Task.FromResult(JsonElement.Parse("""{"action":"accept","content":{"answer":"forty-two"}}""")),
            }
        );
        await client.ConnectAsync(Token);
        var result = await client.CallToolAsync("ask", cancellationToken: Token);
        result.IsError.ShouldBeFalse();
        result.Text.ShouldContain("forty-two");
    }

    // an end of the transport is seen, and what waits fails.
    [Theory]
    [InlineData("stdio", "legacy")]
    [InlineData("sse", "legacy")]
    [InlineData("websocket", "modern")]
    public async Task Server_ThatDies_FailsWhatWaits(string transport, string era)
    {
        await using var server = await ServerAsync(transport, era);
        await using var client = new McpClient(server.Transport());
        await client.ConnectAsync(Token);
        var call = client.CallToolAsync("silent", cancellationToken: Token);
        await server.KillAsync();
        await Should.ThrowAsync<McpDisconnectedException>(() => call);
        await Eventually.UntilAsync(() => client.State == McpConnectionState.Disconnected);
        await Should.ThrowAsync<McpDisconnectedException>(() => client.CallToolAsync("echo", cancellationToken: Token));
    }

    // a refused port is false, within the timeout, told once.
    [Theory]
    [InlineData("http")]
    [InlineData("sse")]
    [InlineData("websocket")]
    public async Task Connect_WhereNobodyListens_IsFalse(string transport)
    {
        var told = new ConcurrentQueue<string>();
        await using var client = new McpClient(
            Over(transport, new Uri("http://127.0.0.1:9/mcp")),
            new() { Log = (text, _) => told.Enqueue(text) }
        );
        (await client.ConnectAsync(Token)).ShouldBeFalse();
        client.State.ShouldBe(McpConnectionState.Disconnected);
        client.Pending.ShouldBe(0);
        told.ShouldContain(t => t.StartsWith("The connection failed", StringComparison.Ordinal));
    }

    // C-24: a server that says nothing to what it does not know gets its handshake a little later.
    [Fact]
    public async Task Connect_ToAServerSilentOnDiscover_ShakesHandsAfterAWhile()
    {
        await using var server = await ServerAsync("stdio", "legacy", "--on-discover", "silence");
        await using var client = new McpClient(
            server.Transport(),
            new() { DiscoverTimeout = TimeSpan.FromMilliseconds(50) }
        );
        (await client.ConnectAsync(Token)).ShouldBeTrue();
        client.Revision.ShouldBe(Revisions.NewestLegacy);
    }

    [Fact]
    public async Task Connect_ToAServerThatEndsOnDiscover_WorksWithoutIt()
    {
        await using var server = await ServerAsync("stdio", "legacy", "--on-discover", "exit");
        await using var client = new McpClient(server.Transport(), new() { PreferModern = false });
        (await client.ConnectAsync(Token)).ShouldBeTrue();
    }

    private static async Task<string> CountsAsync(McpClient client) =>
        (await client.CallToolAsync("counts", cancellationToken: Token)).Text;

    private static async Task<Server> ServerAsync(string transport, string era, params string[] more) =>
        transport switch
        {
            "stdio" => new Server(Start(["--era", era, .. more])),
            "sse" => new Server(transport, await FixtureProcess.StartSseAsync(["--era", era, .. more])),
            _ => new Server(transport, await FixtureProcess.StartHttpAsync(["--era", era, .. more])),
        };

    private static Process Start(string[] arguments)
    {
        var info = new ProcessStartInfo(FixtureProcess.Command, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        return Process.Start(info)!;
    }

    private static McpTransport Over(string transport, Uri address) =>
        transport switch
        {
            "sse" => McpTransport.Sse(address),
            "websocket" => McpTransport.WebSocket(new UriBuilder(address) { Scheme = "ws", Path = "/ws" }.Uri),
            _ => McpTransport.Http(address),
        };

    private sealed class Server : IAsyncDisposable
    {
        private readonly Process? process;
        private readonly FixtureProcess? fixture;
        private readonly string way;

        public Server(Process process) => (this.process, way) = (process, "stdio");

        public Server(string way, FixtureProcess fixture) => (this.way, this.fixture) = (way, fixture);

        public McpTransport Transport() =>
            fixture is null
                ? McpTransport.Streams(process!.StandardOutput.BaseStream, process.StandardInput.BaseStream)
                : Over(way, fixture.Address);

        public async Task KillAsync()
        {
            if (fixture is not null)
                await fixture.KillAsync();
            else
                process!.Kill();
        }

        public async ValueTask DisposeAsync()
        {
            if (fixture is not null)
            {
                await fixture.DisposeAsync();
                return;
            }
            if (!process!.HasExited)
                process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            process.Dispose();
        }
    }

    private sealed class Told(Action<McpProgress> report) : IProgress<McpProgress>
    {
        public void Report(McpProgress value) => report(value);
    }
}
