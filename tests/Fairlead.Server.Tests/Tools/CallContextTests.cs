#pragma warning disable VSTHRD200, CA1068 // The name of a tool is that of its method; the order of parameters is a part of the test.
using System.Text;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Intake;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Fairlead.Server.Tests.Gateway;
using Fairlead.Server.Tools;
using Fairlead.Testing;
using Fairlead.Toolkit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Tools;

/// <summary>What a tool knows of its call and can say to its client, in both eras (P-13, P-20, A-43).</summary>
public sealed class CallContextTests
{
    private const string Asking =
        """{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{"form":{}},"sampling":{}}}""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private sealed record Pool(string Name);

    private sealed class Tools
    {
        [FairleadTool(Name = "who")]
        public static async Task<string> Who()
        {
            await Task.Yield();
            return Helper();
        }

        [FairleadTool(Name = "order")]
        public static async Task<string> Order(string what, CallContext context)
        {
            context.Metadata["what"] = what;
            context.Report(1, 2, "asking");
            context.Log(LogLevel.Warning, "asking");
            var answer = await context.ElicitAsync(
                new ElicitRequestParams { Message = $"Order {what}?", RequestedSchema = new() }
            );
            if (!answer.IsAccepted)
                return $"not ordered: {answer.Action}";
            var note = await context.SampleAsync("Write a note.", 50, "Be short.");
            return $"ordered {context.Metadata["what"]}: {note}";
        }

        [FairleadTool(Name = "admins"), RequireRole("admin")]
        public static string Admins(CallContext context) => context.User!.Name!;

        [FairleadTool(Name = "keeps")]
        public static string Keeps([Sensitive] string word, [Sensitive] bool flag, string open) =>
            throw new ToolFailedException("no");

        // Far from the tool's parameters.
        private static string Helper() =>
            $"{CallContext.Current!.Name} {CallContext.Current.RequestId} {CallContext.Current.Group} {CallContext.Current.Services.GetService(typeof(TimeProvider)) is not null}";
    }

    private static async Task<GatewayHost> StartAsync(Func<string, CallingUser?>? users = null)
    {
        var host = new GatewayHost(users: users, tools: new Tools());
        host.AddNativeGroup();
        return await host.StartAsync();
    }

    private static HttpRequestMessage Call(
        string tool,
        string arguments = "{}",
        string more = "",
        string meta = Asking
    ) => Wire.Modern("tools/call", $"\"name\":\"{tool}\",\"arguments\":{arguments}{more}", name: tool, meta: meta);

    private static string Text(JsonElement answer) =>
        answer.GetProperty("result").GetProperty("content")[0].GetProperty("text").GetString()!;

    // P-13: request id, session, what lives as long as the program, and what the program counts and shares.
    [Fact]
    public void Context_InAUnitTest_GivesEverythingATookNeeds()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("limit", "3")]).Build();
        using var services = new ServiceCollection()
            .AddKeyedSingleton("db_pool", new Pool("db"))
            .AddKeyedSingleton("redis", new Pool("redis"))
            .AddHttpClient()
            .AddSingleton<IConfiguration>(configuration)
            .AddKeyedSingleton("statistics", new Dictionary<string, long>())
            .AddKeyedSingleton("shared_state", new Dictionary<string, string>())
            .BuildServiceProvider();
        var context = new CallContext(services) { SessionId = "s", User = new("u", "Ann", ["admin"], "gold") };
        using (context.Enter())
        {
            var found = CallContext.Current!;
            found.RequestId.Version.ShouldBe(7);
            (found.SessionId, found.User!.Name, found.User.Tier).ShouldBe(("s", "Ann", "gold"));
            found.Services.GetRequiredKeyedService<Pool>("db_pool").Name.ShouldBe("db");
            found.Services.GetRequiredKeyedService<Pool>("redis").Name.ShouldBe("redis");
            found.Services.GetRequiredService<IHttpClientFactory>().ShouldNotBeNull();
            found.Services.GetRequiredService<IConfiguration>()["limit"].ShouldBe("3");
            found.Services.GetRequiredKeyedService<Dictionary<string, long>>("statistics").ShouldBeEmpty();
            found.Services.GetRequiredKeyedService<Dictionary<string, string>>("shared_state").ShouldBeEmpty();
        }
        CallContext.Current.ShouldBeNull();
    }

    // P-20: id, start, elapsed, metadata.
    [Fact]
    public async Task Context_OfACall_KnowsItsTimeAndAsksNobodyWithoutAClient()
    {
        var time = new FakeTimeProvider();
        var context = new CallContext(EmptyProvider.Instance, time);
        context.StartedAt.ShouldBe(time.GetUtcNow());
        time.Advance(TimeSpan.FromMilliseconds(1234));
        context.Elapsed.TotalSeconds.ShouldBe(1.234);
        context.Metadata["a"] = 1;
        context.Metadata["a"].ShouldBe(1);
        context.RequestId.ShouldBe(context.RequestId);
        context.Report(1);
        context.Log(LogLevel.Error, "nobody hears it");
        await Should.ThrowAsync<ClientCannotAnswerException>(async () => await context.SampleAsync("?"));
    }

    [Fact]
    public async Task Context_OfACall_FlowsToHelpers()
    {
        await using var host = await StartAsync();
        Text(await host.Client().AskAsync(Call("who"))).ShouldBe($"who {host.Rows.Single().RequestId} default True");
        CallContext.Current.ShouldBeNull();
    }

    private sealed class Lines : ILoggerProvider, ILogger, ISupportExternalScope
    {
        private IExternalScopeProvider? scopes;

        public List<string> All { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void SetScopeProvider(IExternalScopeProvider scopeProvider) => scopes = scopeProvider;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            var line = formatter(state, exception);
            scopes!.ForEachScope((scope, _) => line += $" {scope}", 0);
            All.Add(line);
        }

        public void Dispose() { }
    }

#pragma warning disable CA1848, CA2254 // What is logged does not matter here, only what the lines carry.
    private sealed class Logging(ILoggerFactory loggers, FakeTimeProvider time)
    {
        [FairleadTool(Name = "logs")]
        public async Task<string> Logs()
        {
            loggers.CreateLogger("a").LogInformation("first");
            await Task.Yield();
            time.Advance(TimeSpan.FromMilliseconds(1250));
            loggers.CreateLogger("b").LogInformation("second");
            return CallContext.Current!.RequestId.ToString();
        }
    }
#pragma warning restore CA1848, CA2254

    // P-20: whoever logs below the tool, each line carries the call's id and how long it runs.
    [Fact]
    public async Task LogLines_OfACall_ShareItsIdAndShowElapsed()
    {
        using var lines = new Lines();
        var time = new FakeTimeProvider();
        using var loggers = LoggerFactory.Create(l => l.AddProvider(lines));
        await using var services = new ServiceCollection().AddSingleton(loggers).BuildServiceProvider();
        var tools = new NativeTools(
            NativeTool.Of(new Logging(loggers, time), services, time),
            time,
            services: services
        );
        using var reply = await tools.CallAsync(
            new ChannelCall
            {
                Method = McpMethod.ToolsCall,
                Params = "{}"u8.ToArray(),
                Name = "logs",
            },
            HouseEvents.None,
            Token
        );
        var id = JsonElement.Parse(reply.Json.Span).GetProperty("content")[0].GetProperty("text").GetString();
        lines.All.ShouldBe([$"first request_id:{id} elapsed:0.000", $"second request_id:{id} elapsed:1.250"]);
    }

    // The same tool, asked over the stateless revision: each question ends a leg, each answer begins one.
    [Fact]
    public async Task Question_ToAModernClient_IsARetry()
    {
        await using var host = await StartAsync();
        var client = host.Client();
        var first = (await client.AskAsync(Call("order", """{"what":"tea"}"""))).GetProperty("result");
        var asked = Asked(first, out var state);
        asked.GetProperty("method").GetString().ShouldBe("elicitation/create");
        asked.GetProperty("params").GetProperty("message").GetString().ShouldBe("Order tea?");
        host.Native.Suspended.Count.ShouldBe(1);

        var second = (await client.AskAsync(Retry(state, """{"action":"accept","content":{}}"""))).GetProperty(
            "result"
        );
        asked = Asked(second, out var next);
        asked.GetProperty("method").GetString().ShouldBe("sampling/createMessage");
        asked.GetProperty("params").GetProperty("maxTokens").GetInt32().ShouldBe(50);
        next.ShouldNotBe(state);

        var last = await client.AskAsync(
            Retry(next, """{"role":"assistant","model":"m","content":{"type":"text","text":"done"}}""")
        );
        Text(last).ShouldBe("ordered tea: done");
        last.GetProperty("result").GetProperty("resultType").GetString().ShouldBe("complete");
        host.Native.Suspended.Count.ShouldBe(0);
        // A state works once.
        var again = await client.AskAsync(Retry(next, "{}"));
        again.GetProperty("error").GetProperty("code").GetInt32().ShouldBe(-32602);
    }

    // A state is worth nothing to anybody else, and a run nobody comes back for ends.
    [Fact]
    public async Task Question_NobodyAnswers_IsGivenUp()
    {
        await using var host = await StartAsync();
        var client = host.Client();
        var first = (await client.AskAsync(Call("order", """{"what":"tea"}"""))).GetProperty("result");
        Asked(first, out var state);
        (await client.AskAsync(Call("who", "{}", $",\"requestState\":\"{state}\"")))
            .GetProperty("error")
            .GetProperty("code")
            .GetInt32()
            .ShouldBe(-32602);
        // A retry without the answer is asked again.
        Asked(
            (await client.AskAsync(Call("order", "{}", $",\"requestState\":\"{state}\""))).GetProperty("result"),
            out var same
        );
        same.ShouldNotBe(state);
        host.Time.Advance(TimeSpan.FromMinutes(10));
        host.Native.Suspended.Count.ShouldBe(0);
        (await client.AskAsync(Retry(same, "{}"))).TryGetProperty("error", out _).ShouldBeTrue();
    }

    [Fact]
    public async Task Question_AClientCannotAnswer_IsToldToTheTool()
    {
        await using var host = await StartAsync();
        var answer = await host.Client().AskAsync(Call("order", """{"what":"tea"}""", meta: Wire.ModernMeta));
        answer.GetProperty("result").GetProperty("isError").GetBoolean().ShouldBeTrue();
        Text(answer).ShouldBe("The client does not support what elicitation/create needs.");
    }

    // The same tool, asked over a session: on the call's own stream, with progress and a log message before.
    [Fact]
    public async Task Question_ToALegacyClient_IsOnTheCallsStream()
    {
        await using var host = await StartAsync();
        var client = host.Client();
        var session = await Wire.InitializeAsync(client, """{"elicitation":{"form":{}},"sampling":{}}""");
        using var response = await client.SendAsync(
            Wire.Legacy(
                session,
                "tools/call",
                """{"name":"order","arguments":{"what":"tea"},"_meta":{"progressToken":"mine"}}""",
                id: "7"
            ),
            HttpCompletionOption.ResponseHeadersRead
        );
        List<string> said = [];
        JsonElement last = default;
        await foreach (var (_, data) in response.EventsAsync(Token))
        {
            if (data.Length == 0)
                continue;
            last = JsonElement.Parse(data);
            if (!last.TryGetProperty("method", out var method))
                continue;
            said.Add(method.GetString()!);
            if (method.GetString() == "notifications/progress")
                last.GetProperty("params").GetProperty("progressToken").GetString().ShouldBe("mine");
            if (!last.TryGetProperty("id", out var id))
                continue;
            var result =
                said[^1] == "elicitation/create"
                    ? """{"action":"accept","content":{}}"""
                    : """{"role":"assistant","model":"m","content":{"type":"text","text":"done"}}""";
            using var reply = Wire.Post($$"""{"jsonrpc":"2.0","id":{{id.GetRawText()}},"result":{{result}}}""");
            reply.Headers.Add("Mcp-Session-Id", session);
            (await client.SendAsync(reply, Token)).EnsureSuccessStatusCode();
        }
        said.ShouldBe([
            "notifications/progress",
            "notifications/message",
            "elicitation/create",
            "sampling/createMessage",
        ]);
        Text(last).ShouldBe("ordered tea: done");
    }

    // A-43: a good key and a good group are not enough for a guarded tool; a token of a user with the role is.
    [Theory]
    [InlineData(null, "tool_user_needed")]
    [InlineData("forged", "tool_user_needed")]
    [InlineData("carol", "tool_role_missing")]
    [InlineData("ann", null)]
    public async Task Call_OfAGuardedTool_NeedsAUserWithTheRole(string? token, string? reason)
    {
        await using var host = await StartAsync(t =>
            t switch
            {
                "ann" => new CallingUser(new UserId("1"), ["admin"], null, "Ann"),
                "carol" => new CallingUser(new UserId("2"), ["customer"], null, "Carol"),
                _ => null,
            }
        );
        var client = host.Client();
        if (token is not null)
            client.DefaultRequestHeaders.Add("X-User-Token", token);
        var session = await Wire.InitializeAsync(client);
        foreach (var request in new[] { Call("admins"), Wire.Legacy(session, "tools/call", """{"name":"admins"}""") })
        {
            var answer = await client.AskAsync(request);
            if (reason is null)
                Text(answer).ShouldBe("Ann");
            else
                answer.GetProperty("error").GetProperty("data").GetProperty("reason").GetString().ShouldBe(reason);
        }
    }

    // A sensitive value is in no stored body, whatever its type; one that is not is.
    [Fact]
    public async Task Sensitive_Arguments_AreMaskedInTheCallLog()
    {
        await using var host = await StartAsync();
        await host.Client().AskAsync(Call("keeps", """{"word":"canary","flag":true,"open":"seen"}"""));
        CallLogRow row = host.Rows.Single();
        row.Success.ShouldBeFalse();
        var body = Encoding.UTF8.GetString(row.RequestBody!);
        body.ShouldContain("\"word\":\"****\"");
        body.ShouldContain("\"flag\":\"****\"");
        body.ShouldContain("seen");
        body.ShouldNotContain("canary");
    }

    private static HttpRequestMessage Retry(string state, string answer) =>
        Call(
            "order",
            """{"what":"tea"}""",
            $",\"requestState\":\"{state}\",\"inputResponses\":{{\"question\":{answer}}}"
        );

    private static JsonElement Asked(JsonElement result, out string state)
    {
        result.GetProperty("resultType").GetString().ShouldBe("input_required");
        state = result.GetProperty("requestState").GetString()!;
        return result.GetProperty("inputRequests").GetProperty("question");
    }
}
