using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Fairlead.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd;

/// <summary><c>fairlead stdio</c> as a desktop client starts it, bridged to a running gateway (P-113).</summary>
[Trait("Category", "slow")]
public sealed class StdioBridgeTests
{
    private const string Legacy = "2025-11-25";
    private const string Modern = "2026-07-28";
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static StdioClientTransport Transport(Product product, Dictionary<string, string?> environment) =>
        new(
            new StdioClientTransportOptions
            {
                Name = "fairlead",
                Command = "dotnet",
                Arguments = [Product.Program, "stdio", "--server", product.Url],
                EnvironmentVariables = environment,
            }
        );

    private static Task<McpClient> ConnectAsync(
        Product product,
        string version,
        Dictionary<string, string?>? with = null
    ) =>
        McpClient.CreateAsync(
            Transport(product, with ?? new() { ["FAIRLEAD_KEY"] = Product.Key }),
            new McpClientOptions
            {
                ClientInfo = new Implementation { Name = "desktop", Version = "1" },
                ProtocolVersion = version,
                Handlers = new McpClientHandlers
                {
                    ElicitationHandler = (_, _) => new(new ElicitResult { Action = "decline" }),
                },
            },
            cancellationToken: Token
        );

    private static string Text(CallToolResult result) => result.Content.OfType<TextContentBlock>().Single().Text;

    [Theory]
    [InlineData(Legacy, "legacy")]
    [InlineData(Modern, "modern")]
    [InlineData("2025-06-18", "legacy")]
    [InlineData("2024-11-05", "legacy")]
    public async Task Desktop_ListsCallsAsks_AndGoesOnAfterARestart(string version, string era)
    {
        await using var first = await Product.StartAsync($"\"svc\":{Product.Fixture("--era", era)}");
        await first.ServicesRunAsync();
        await using var client = await ConnectAsync(first, version);
        (await client.ListToolsAsync(cancellationToken: Token)).Select(t => t.Name).ShouldContain("progress");
        var seen = new ConcurrentQueue<float>();
        var done = await client.CallToolAsync(
            "progress",
            new Dictionary<string, object?> { ["n"] = 3, ["ms"] = 100 },
            new SynchronousProgress(seen),
            cancellationToken: Token
        );
        Text(done).ShouldBe("done");
        // The client forgets its token with the answer, so the last step may be lost in it.
        await Eventually.UntilAsync(() => seen.Count >= 2);
        if (version is Legacy or Modern)
            Text(await client.CallToolAsync("ask", cancellationToken: Token)).ShouldContain("decline");

        (await first.TerminateAsync()).ShouldBe(0);
        await using var second = await Product.StartAsync(data: first.Data, url: first.Url);
        await second.ServicesRunAsync();

        (await client.ListToolsAsync(cancellationToken: Token)).Select(t => t.Name).ShouldContain("echo");
        Text(
                await client.CallToolAsync(
                    "echo",
                    new Dictionary<string, object?> { ["text"] = "still here" },
                    cancellationToken: Token
                )
            )
            .ShouldBe("still here");
    }

    // A call while nobody is there waits for the gateway to come back.
    [Fact]
    public async Task Call_WhileTheGatewayRestarts_IsAnsweredAfterIt()
    {
        await using var first = await Product.StartAsync();
        await using var client = await ConnectAsync(first, Modern);
        await client.ListToolsAsync(cancellationToken: Token);
        (await first.TerminateAsync()).ShouldBe(0);
        var call = client
            .CallToolAsync(
                "add",
                new Dictionary<string, object?> { ["numbers"] = new[] { 1, 2 } },
                cancellationToken: Token
            )
            .AsTask();
        await using var second = await Product.StartAsync(data: first.Data, url: first.Url);
        Text(await call).ShouldBe("3");
    }

    // A call that was cut in the middle may have been run: it is not sent again.
    [Fact]
    public async Task Call_CutByAKill_IsNotRepeated()
    {
        await using var product = await Product.StartAsync($"\"svc\":{Product.Fixture("--era", "modern")}");
        await product.ServicesRunAsync();
        await using var client = await ConnectAsync(product, Modern);
        await client.ListToolsAsync(cancellationToken: Token);
        var call = client
            .CallToolAsync("slow", new Dictionary<string, object?> { ["ms"] = 60_000 }, cancellationToken: Token)
            .AsTask();
        await Eventually.UntilAsync(async () =>
            (await product.CallAsync("counts")).Body.ToString().Contains("others=1;", StringComparison.Ordinal)
        );
        Product.Kill(product.Process.Id, "KILL");
        var failed = await Should.ThrowAsync<McpException>(() => call);
        failed.Message.ShouldContain("outcome is unknown");
    }

    [Fact]
    public async Task Key_ThatIsWrong_IsToldToTheClient()
    {
        await using var product = await Product.StartAsync();
        var failed = await Should.ThrowAsync<McpException>(async () =>
            await ConnectAsync(
                product,
                Legacy,
                new() { ["FAIRLEAD_KEY"] = "mcp_key_CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC" }
            )
        );
        failed.Message.ShouldContain("key");
    }

    // The key is looked up with the administrator's sign-in when none is given; standard output has JSON-RPC only.
    [Fact]
    public async Task Stdout_HasNothingButJsonRpc_AndTheKeyIsLookedUp()
    {
        await using var product = await Product.StartAsync();
        var info = new ProcessStartInfo("dotnet", [Product.Program, "stdio", "--server", product.Url])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        info.Environment["FAIRLEAD_ADMIN_PASSWORD"] = Product.Password;
        info.Environment.Remove("FAIRLEAD_KEY");
        using var process = Process.Start(info)!;
        foreach (
            var line in (string[])
                [
                    """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}""",
                    "not json",
                    """{"jsonrpc":"2.0","id":2,"method":"tools/list"}""",
                ]
        )
            await process.StandardInput.WriteLineAsync(line);
        process.StandardInput.Close();
        var lines = (await process.StandardOutput.ReadToEndAsync(Token)).Split(
            '\n',
            StringSplitOptions.RemoveEmptyEntries
        );
        await process.WaitForExitAsync(Token);
        process.ExitCode.ShouldBe(0);
        var messages = lines.Select(l => JsonDocument.Parse(l).RootElement).ToList();
        messages.Count.ShouldBe(3);
        messages.ShouldAllBe(m => m.GetProperty("jsonrpc").GetString() == "2.0");
        messages
            .Single(m => m.GetProperty("id").ToString() == "2")
            .GetProperty("result")
            .GetProperty("tools")
            .GetArrayLength()
            .ShouldBeGreaterThan(0);
    }

    // the one revision that has batches has them here, too.
    [Fact(Timeout = 60_000)]
    public async Task Batch_OfTheRevisionThatHasThem_IsAnsweredAsOne()
    {
        await using var product = await Product.StartAsync();
        var info = new ProcessStartInfo("dotnet", [Product.Program, "stdio", "--server", product.Url])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        info.Environment["FAIRLEAD_KEY"] = Product.Key;
        using var process = Process.Start(info)!;
        await process.StandardInput.WriteLineAsync("""[{"jsonrpc":"2.0","id":7,"method":"ping"}]""");
        var early = JsonElement.Parse((await process.StandardOutput.ReadLineAsync(Token))!);
        early.GetProperty("id").GetInt32().ShouldBe(7);
        early.GetProperty("error").GetProperty("message").GetString()!.ShouldContain("initialize");
        await process.StandardInput.WriteLineAsync(
            """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"""
        );
        await process.StandardOutput.ReadLineAsync(Token);
        await process.StandardInput.WriteLineAsync(
            """[{"jsonrpc":"2.0","id":2,"method":"ping"},{"jsonrpc":"2.0","method":"notifications/initialized"},{"jsonrpc":"2.0","id":"l","method":"tools/list"}]"""
        );
        var answers = JsonElement.Parse((await process.StandardOutput.ReadLineAsync(Token))!);
        process.StandardInput.Close();
        answers.EnumerateArray().Select(a => a.GetProperty("id").ToString()).Order().ShouldBe(["2", "l"]);
        answers.EnumerateArray().ShouldAllBe(a => a.GetProperty("result").ValueKind == JsonValueKind.Object);
        await process.WaitForExitAsync(Token);
    }

    // P-113: what a proxy says in place of a gateway that restarts is not for the client, its request is answered all the
    // same. The session is given back at the end (2025-11-25 transports "Session Management").
    [Fact(Timeout = 30_000)]
    public async Task Stdout_HasNothingButJsonRpc_WhateverAProxyAnswers_AndTheSessionIsGivenBack()
    {
        var ended = new TaskCompletionSource<string>();
        await using var proxy = WebApplication.CreateSlimBuilder().Build();
        proxy.Urls.Add("http://127.0.0.1:0");
        proxy.MapGet("/tools/mcp", () => Results.Text("<html>bad gateway</html>", "text/html", statusCode: 502));
        proxy.MapDelete(
            "/tools/mcp",
            (HttpRequest request) => ended.TrySetResult(request.Headers["Mcp-Session-Id"].ToString())
        );
        proxy.MapPost(
            "/tools/mcp",
            async (HttpContext http) =>
            {
                var body = await new StreamReader(http.Request.Body).ReadToEndAsync(Token);
                if (!body.Contains("initialize", StringComparison.Ordinal))
                    return body.Contains("html", StringComparison.Ordinal)
                        ? Results.Text("<html>bad gateway</html>", "text/html", statusCode: 502)
                        : Results.Text("{\"message\":\"no upstream\"}", "application/json", statusCode: 504);
                http.Response.Headers["Mcp-Session-Id"] = "s1";
                return Results.Text(
                    """{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"t","version":"1"}}}""",
                    "application/json"
                );
            }
        );
        await proxy.StartAsync(Token);
        var info = new ProcessStartInfo(
            "dotnet",
            [Product.Program, "stdio", "--server", $"{proxy.Urls.Single()}/tools"]
        )
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        info.Environment["FAIRLEAD_KEY"] = Product.Key;
        // A proxy for the world outside has no way to this machine.
        info.Environment["http_proxy"] = "http://127.0.0.1:9";
        using var process = Process.Start(info)!;
        foreach (
            var line in (string[])
                [
                    """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}""",
                    """{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"html"}}""",
                    """{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"json"}}""",
                    """{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"html","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}""",
                ]
        )
            await process.StandardInput.WriteLineAsync(line);
        var messages = new List<JsonElement>();
        while (messages.Count < 4)
            messages.Add(JsonDocument.Parse((await process.StandardOutput.ReadLineAsync(Token))!).RootElement);
        process.StandardInput.Close();
        (await process.StandardOutput.ReadToEndAsync(Token)).ShouldBeEmpty();
        await process.WaitForExitAsync(Token);
        messages.Select(m => m.GetProperty("id").GetInt32()).Order().ShouldBe([1, 2, 3, 4]);
        messages
            .Where(m => m.GetProperty("id").GetInt32() > 1)
            .ShouldAllBe(m => m.GetProperty("error").GetProperty("code").GetInt32() == -31001);
        (await process.StandardError.ReadToEndAsync(Token)).ShouldContain("502");
        (await ended.Task.WaitAsync(Token)).ShouldBe("s1");
    }

    [Fact]
    public async Task InProcess_ServesWithoutAGateway()
    {
        var transport = new StdioClientTransport(
            new StdioClientTransportOptions
            {
                Name = "fairlead",
                Command = "dotnet",
                Arguments = [Product.Program, "stdio", "--in-process", "--data", Product.NewData()],
            }
        );
        await using var client = await McpClient.CreateAsync(transport, cancellationToken: Token);
        (await client.ListToolsAsync(cancellationToken: Token)).Select(t => t.Name).ShouldContain("add");
    }

    private sealed class SynchronousProgress(ConcurrentQueue<float> seen) : IProgress<ProgressNotificationValue>
    {
        public void Report(ProgressNotificationValue value) => seen.Enqueue(value.Progress);
    }
}
