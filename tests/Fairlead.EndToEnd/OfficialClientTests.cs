using System.Collections.Concurrent;
using System.Net;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd;

/// <summary>
/// The official C# client in both eras against the running executable in front of services of both eras. The other
/// official clients are in tests/Conformance.
/// </summary>
[Trait("Category", "slow")]
public sealed class OfficialClientTests(OfficialClientTests.Running running)
    : IClassFixture<OfficialClientTests.Running>
{
    private const string Legacy = "2025-11-25";
    private const string Modern = "2026-07-28";

    /// <summary>One gateway for all tests of the class.</summary>
    public sealed class Running : IAsyncLifetime
    {
        internal Product Product { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Product = await Product.StartAsync(
                $"\"old\":{Product.Fixture("--era", "legacy")},\"new\":{Product.Fixture("--era", "modern")}"
            );
            await Product.ServicesRunAsync();
        }

        public async ValueTask DisposeAsync()
        {
            (await Product.TerminateAsync()).ShouldBe(0);
            await Product.DisposeAsync();
        }
    }

    private Task<McpClient> ConnectAsync(string? version, string key = Product.Key)
    {
        var transport = new HttpClientTransport(
            new HttpClientTransportOptions
            {
                Endpoint = new Uri($"{running.Product.Url}/mcp"),
                TransportMode = HttpTransportMode.StreamableHttp,
                AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = $"Bearer {key}" },
            }
        );
        var options = new McpClientOptions
        {
            ClientInfo = new Implementation { Name = "suite", Version = "1" },
            ProtocolVersion = version,
            Handlers = new McpClientHandlers
            {
                ElicitationHandler = (_, _) => new(new ElicitResult { Action = "decline" }),
            },
        };
        return McpClient.CreateAsync(transport, options, cancellationToken: TestContext.Current.CancellationToken);
    }

    private static string Text(CallToolResult result) => result.Content.OfType<TextContentBlock>().Single().Text;

    /// <summary>Both services offer the same tools: one has the plain names, the other its own in front.</summary>
    private static async Task<McpClientTool> ToolAsync(McpClient client, string service, string name)
    {
        var tools = await client.ListToolsAsync(cancellationToken: TestContext.Current.CancellationToken);
        var other = service == "old" ? "new" : "old";
        return tools.FirstOrDefault(t => t.Name == $"{service}_{name}")
            ?? tools.Single(t => t.Name == name && tools.Any(o => o.Name == $"{other}_{name}"));
    }

    // P-03: version and capabilities are agreed on. P-04: a tool, a resource, a prompt and notifications of progress.
    [Theory]
    [InlineData(null, Modern)]
    [InlineData(Modern, Modern)]
    [InlineData(Legacy, Legacy)]
    public async Task Client_OfEitherEra_UsesToolsResourcesAndPrompts(string? asked, string spoken)
    {
        var token = TestContext.Current.CancellationToken;
        await using var client = await ConnectAsync(asked);
        client.NegotiatedProtocolVersion.ShouldBe(spoken);
        client.ServerInfo!.Name.ShouldBe("Fairlead");
        foreach (var service in (string[])["old", "new"])
        {
            var echo = await ToolAsync(client, service, "echo");
            Text(await echo.CallAsync(new Dictionary<string, object?> { ["text"] = "grüße" }, cancellationToken: token))
                .ShouldBe("grüße");
            var seen = new ConcurrentQueue<float>();
            var progress = new Reports(value => seen.Enqueue(value.Progress));
            var slow = await ToolAsync(client, service, "progress");
            // This client hands notifications on beside the answer and forgets late ones: how many it saw is its own, and on
            // a busy machine all may come in one read.
            for (var turn = 1; seen.IsEmpty && turn <= 5; turn++)
                await slow.CallAsync(
                    new Dictionary<string, object?> { ["n"] = 3, ["ms"] = 30 * turn },
                    progress,
                    cancellationToken: token
                );
            seen.ShouldNotBeEmpty();
            seen.ShouldAllBe(value => value >= 1 && value <= 3);
        }
        var resources = await client.ListResourcesAsync(cancellationToken: token);
        var read = await client.ReadResourceAsync(resources[0].Uri, cancellationToken: token);
        read.Contents.OfType<TextResourceContents>().Single().Text.ShouldContain("content of");
        var prompts = await client.ListPromptsAsync(cancellationToken: token);
        var prompt = await client.GetPromptAsync(
            prompts[0].Name,
            new Dictionary<string, object?> { ["who"] = "you" },
            cancellationToken: token
        );
        ((TextContentBlock)prompt.Messages[0].Content).Text.ShouldBe("Greet you");
        var unknown = await Should.ThrowAsync<McpProtocolException>(async () =>
            await client.CallToolAsync("no_such_tool", cancellationToken: token)
        );
        unknown.ErrorCode.ShouldBe(McpErrorCode.InvalidParams);
    }

    // Within an era a service's question comes back answered: on the call's stream, or by retrying the request.
    [Theory]
    [InlineData(Legacy, "old")]
    [InlineData(Modern, "new")]
    public async Task Question_OfAServiceOfTheSameEra_IsAnswered(string version, string service)
    {
        await using var client = await ConnectAsync(version);
        var ask = await ToolAsync(client, service, "ask");
        var result = await ask.CallAsync(cancellationToken: TestContext.Current.CancellationToken);
        Text(result).ShouldContain("decline");
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Modern)]
    [InlineData(Legacy)]
    public async Task Client_WithAWrongKey_Gets401(string? version)
    {
        var refused = await Should.ThrowAsync<Exception>(() => ConnectAsync(version, "mcp_key_" + new string('B', 43)));
        var http = refused as HttpRequestException ?? refused.InnerException as HttpRequestException;
        http.ShouldNotBeNull(refused.ToString());
        http.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    /// <summary>Reports on the thread that raises them, so that nothing is still under way when the call has ended.</summary>
    private sealed class Reports(Action<ProgressNotificationValue> take) : IProgress<ProgressNotificationValue>
    {
        public void Report(ProgressNotificationValue value) => take(value);
    }
}
