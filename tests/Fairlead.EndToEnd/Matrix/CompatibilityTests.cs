using System.Globalization;
using Fairlead.Client;
using Fairlead.Testing;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using Shouldly;
using Xunit;
using McpClient = ModelContextProtocol.Client.McpClient;
using McpClientOptions = ModelContextProtocol.Client.McpClientOptions;

namespace Fairlead.EndToEnd.Matrix;

/// <summary>
/// The compatibility matrix (contracts.md §2.7): Dify's clients and the official C# one, each with a good key, a bad key,
/// the key of a disabled group and the address of a group that is not there. What was seen must be what docs/clients.md
/// says; its other rows are held by tests/Conformance/test/matrix.test.js. A-45, A-82, C-15, C-16, C-24, C-26.
/// </summary>
[Trait("Category", "slow")]
public sealed class CompatibilityTests(CompatibilityTests.Running running) : IClassFixture<CompatibilityTests.Running>
{
    private const string Mark = "| `CompatibilityTests` |";
    private const string Sdk = "C# `ModelContextProtocol.Core` 2.3";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private static readonly string[] Cells = ["good", "bad", "disabled", "unknown"];

    /// <summary>What each refusal is, and the gateway's sentence that says what to do.</summary>
    private static readonly Dictionary<string, (int Status, string Text)> Refusals = new()
    {
        ["bad"] = (401, "A valid group key is needed"),
        ["disabled"] = (403, "an administrator can enable it"),
        ["unknown"] = (404, "leave its code out of the address"),
    };

    private static readonly List<Row> Rows =
    [
        .. new[] { "2025-06-18", "2025-03-26" }.SelectMany(v =>
            new[]
            {
                new Row("Dify, built in", "HTTP, `/mcp`", v, ["mcp", "mcp/"], DifyClient.BuiltIn(v).UseAsync),
                new Row("Dify, built in", "HTTP+SSE, `/sse`", v, ["sse", "sse/"], DifyClient.BuiltIn(v).UseAsync),
                new Row("Dify, built in", "either, `/mcp/default`", v, ["mcp/default"], DifyClient.BuiltIn(v).UseAsync),
            }
        ),
        new("Dify plugin, `sse`", "HTTP+SSE, `/mcp`", "2024-11-05", ["mcp", "mcp/"], DifyClient.PluginSse.UseAsync),
        new(
            "Dify plugin, `streamable_http`, reads only JSON",
            "HTTP, `/mcp`",
            "2025-03-26",
            ["mcp", "mcp/"],
            DifyClient.PluginJson("application/json, text/event-stream").UseAsync
        ),
        new(
            "Dify plugin, `streamable_http`, no Accept",
            "HTTP, `/mcp`",
            "2025-03-26",
            ["mcp", "mcp/"],
            DifyClient.PluginJson(null).UseAsync
        ),
        new(
            $"{Sdk}, no version given",
            "HTTP",
            "2026-07-28",
            ["mcp"],
            Official(null, HttpTransportMode.StreamableHttp)
        ),
        .. new[] { "2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05" }.Select(v => new Row(
            Sdk,
            "HTTP",
            v,
            ["mcp"],
            Official(v, HttpTransportMode.StreamableHttp)
        )),
        new(Sdk, "HTTP+SSE, `/sse`", "2024-11-05", ["sse"], Official("2024-11-05", HttpTransportMode.Sse)),
        new(Sdk, "HTTP+SSE, `/mcp`", "2024-11-05", ["mcp"], Official("2024-11-05", HttpTransportMode.Sse)),
        new(Sdk, "chosen by itself", "2025-06-18", ["mcp"], Official("2025-06-18", HttpTransportMode.AutoDetect)),
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => [.. Rows.Select(r => r.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Client_WithEachKindOfKey_SeesWhatTheDocumentSays(string name)
    {
        var row = Rows.Single(r => r.Name == name);
        foreach (var path in row.Paths)
        {
            using var http = new HttpClient(new Watch());
            var used = await row.Use(http, running.Address(path), Product.Key, Token).WaitAsync(Patience, Token);
            running.GoodCalls++;
            used.Said.ShouldBe("grüße");
            used.Tools.ShouldContain("echo");
            used.Version.ShouldBe(row.Revision);
        }
        var shown = new List<string>();
        foreach (var cell in Cells[1..])
            shown.Add(await RefusedAsync(row, cell));
        (await running.DocumentAsync()).ShouldContain(row.Line(["works", .. shown]));
    }

    [Fact]
    public async Task Document_HasNoOtherRowsOfThisTest() =>
        (await running.DocumentAsync())
            .Where(l => l.EndsWith(Mark, StringComparison.Ordinal))
            .Select(l => string.Join(", ", l.Split(" | ")[..3])[2..])
            .ShouldBe(Rows.Select(r => r.Name));

    private async Task<string> RefusedAsync(Row row, string cell)
    {
        var watch = new Watch();
        using var http = new HttpClient(watch);
        var refusal = Refusals[cell];
        var key = cell switch
        {
            "bad" => "mcp_key_" + new string('B', 42) + "A",
            "disabled" => running.DisabledKey,
            _ => Product.Key,
        };
        // Of a disabled group the code is left out or right: with another it is an unknown one.
        var path = row.Paths[0].Replace("default", "off", StringComparison.Ordinal);
        var url = running.Address(cell == "unknown" ? Unknown(path) : path);
        var failure = await Should.ThrowAsync<Exception>(() =>
            row.Use(http, url, key, Token).WaitAsync(Patience, Token)
        );
        failure.ShouldNotBeOfType<TimeoutException>($"{cell}: the client hangs");
        // All it ever got is the refusal, as JSON, and no session was opened for it.
        watch.Answers.ShouldNotBeEmpty();
        watch.Answers.ShouldAllBe(a =>
            (int)a.Status == refusal.Status && !a.OpenedSession && a.MediaType == "application/json"
        );
        (await running.CallsAsync()).ShouldBe(running.GoodCalls, "a refused client's call went through");
        return Shown(failure, refusal);
    }

    private static string Unknown(string path) =>
        path.EndsWith("/off", StringComparison.Ordinal) ? "mcp/nobody" : $"nobody/{path}";

    /// <summary>What the person at the client reads, in the words of the document.</summary>
    private static string Shown(Exception failure, (int Status, string Text) refusal)
    {
        var text = failure.ToString();
        var status = refusal.Status.ToString(CultureInfo.InvariantCulture);
        if (text.Contains(refusal.Text, StringComparison.Ordinal))
            return text.Contains(status, StringComparison.Ordinal) ? $"{status} and what to do" : "what to do";
        return text.Contains(status, StringComparison.Ordinal) ? status : $"“{failure.Message.Split(". ")[0]}”";
    }

    private static Func<HttpClient, Uri, string, CancellationToken, Task<Used>> Official(
        string? version,
        HttpTransportMode mode
    ) =>
        async (http, url, key, token) =>
        {
            await using var transport = new HttpClientTransport(
                new HttpClientTransportOptions
                {
                    Endpoint = url,
                    TransportMode = mode,
                    AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = $"Bearer {key}" },
                },
                http
            );
            var options = new McpClientOptions
            {
                ClientInfo = new Implementation { Name = "matrix", Version = "1" },
                ProtocolVersion = version,
            };
            await using var client = await McpClient.CreateAsync(transport, options, cancellationToken: token);
            var tools = await client.ListToolsAsync(cancellationToken: token);
            var called = await client.CallToolAsync(
                "echo",
                new Dictionary<string, object?> { ["text"] = "grüße" },
                cancellationToken: token
            );
            return new Used(
                [.. tools.Select(t => t.Name)],
                called.Content.OfType<TextContentBlock>().Single().Text,
                client.NegotiatedProtocolVersion!
            );
        };

    /// <summary>One gateway in front of a real service, with a group that is disabled.</summary>
    public sealed class Running : IAsyncLifetime
    {
        private FairleadClient admin = null!;
        private string[]? document;

        internal Product Product { get; private set; } = null!;
        internal string DisabledKey { get; private set; } = "";
        internal int GoodCalls { get; set; }

        internal Uri Address(string path) => new($"{Product.Url}/{path}");

        public async ValueTask InitializeAsync()
        {
            Product = await Product.StartAsync($"\"svc\":{Product.Fixture("--era", "legacy")}");
            await Product.ServicesRunAsync();
            admin = new FairleadClient(new Uri(Product.Url));
            await admin.SignInAsync("admin", Product.Password, Token);
            var off = await admin.Groups.CreateAsync(
                new GroupDraft
                {
                    Name = "off",
                    ServerCode = "off",
                    PublishNative = true,
                },
                Token
            );
            await admin.Groups.SetEnabledAsync(off.Id, false, Token);
            DisabledKey = await admin.Groups.ReadKeyAsync(off.Id, Token);
        }

        /// <summary>Calls of the tool that were let through, once the log has all that were made.</summary>
        internal async Task<int> CallsAsync()
        {
            var count = 0;
            await Eventually.UntilAsync(async () => (count = await CountAsync()) >= GoodCalls);
            return count;
        }

        internal async Task<IReadOnlyList<string>> DocumentAsync() =>
            document ??= await File.ReadAllLinesAsync(
                Path.Combine(AppContext.BaseDirectory, "../../../../../docs/clients.md"),
                Token
            );

        public async ValueTask DisposeAsync()
        {
            admin.Dispose();
            (await Product.TerminateAsync()).ShouldBe(0);
            await Product.DisposeAsync();
        }

        private async Task<int> CountAsync()
        {
            var count = 0;
            await foreach (var _ in admin.Calls.ListAsync(new CallFilter { ToolName = "echo" }, Token))
                count++;
            return count;
        }
    }

    private sealed record Row(
        string Client,
        string Transport,
        string Revision,
        string[] Paths,
        Func<HttpClient, Uri, string, CancellationToken, Task<Used>> Use
    )
    {
        public string Name => $"{Client}, {Transport}, {Revision}";

        public string Line(IEnumerable<string> cells) =>
            $"| {Client} | {Transport} | {Revision} | {string.Join(" | ", cells)} {Mark}";
    }
}
