#pragma warning disable CA2025 // Calls are begun, and awaited once what they wait for has happened: all before the client is disposed of.
using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Fairlead.Protocol;
using Fairlead.Server.Caching;
using Fairlead.Server.Gateway;
using Fairlead.Server.Gateway.Intake;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Tests.Caching;
using Fairlead.Server.Tests.Gateway;
using Fairlead.Server.Tests.Tools.Executions;
using Fairlead.Server.Tools;
using Fairlead.Server.Tools.Recovery;
using Fairlead.Testing;
using Fairlead.Toolkit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Tools.Faults;

/// <summary>
/// What becomes of calls to native tools that throw, hang, leak or return what nobody can carry (I-30, R-26, R-29, R-31;
/// security.md sections 0.9 and 5): the caller gets a clear answer in time, the next good call succeeds, one row each.
/// </summary>
public sealed class NativeFaultTests
{
    private const string Progress =
        """{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/logLevel":"debug","progressToken":"p"}""";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private readonly FaultyTools tools = new();

    // Breakers are another matter: only the tests that name them have them in the way.
    private async Task<GatewayHost> StartAsync(GatewayOptions? options = null, bool port = true, bool breakers = false)
    {
        var host = new GatewayHost(
            options ?? new GatewayOptions { CallsPerMinute = 0, ConcurrentCalls = 0 },
            port: port,
            also: services => services.AddSingleton(new ToolRecoveryOptions { Breakers = breakers }),
            tools: tools
        );
        host.AddNativeGroup();
        return await host.StartAsync();
    }

    private static HttpRequestMessage Call(string tool, string arguments = "{}", string meta = Wire.ModernMeta) =>
        Wire.Modern("tools/call", $"\"name\":\"{tool}\",\"arguments\":{arguments}", tool, meta);

    private static async Task<(string Text, bool IsError)> ResultAsync(HttpClient client, string tool)
    {
        var result = (await client.AskAsync(Call(tool))).GetProperty("result");
        return (
            result.GetProperty("content")[0].GetProperty("text").GetString()!,
            result.TryGetProperty("isError", out var error) && error.GetBoolean()
        );
    }

    private static async Task GoesOnAsync(HttpClient client)
    {
        var answer = await client.AskAsync(Call("good", """{"word":"on"}"""));
        answer.GetProperty("result").GetProperty("content")[0].GetProperty("text").GetString().ShouldBe("on");
    }

    // Whatever it throws is a result that tells no more than its kind.
    [Theory]
    [InlineData("throws", "The tool failed (InvalidOperationException)")]
    [InlineData("throws_late", "The tool failed (InvalidOperationException)")]
    [InlineData("out_of_memory", "The tool failed (OutOfMemoryException)")]
    [InlineData("out_of_stack", "The tool failed (InsufficientExecutionStackException)")]
    [InlineData("not_a_number", "The result holds a number that is not finite.")]
    public async Task Tool_ThatThrows_GivesAnErrorAndTheNextCallGoesOn(string tool, string text)
    {
        await using var host = await StartAsync();
        using var client = host.Client();
        using (var response = await client.SendAsync(Call(tool, meta: Progress)))
        {
            var all = await response.Content.ReadAsStringAsync();
            all.ShouldContain(text);
            all.ShouldContain("\"isError\":true");
            all.ShouldNotContain(FaultyTools.Canary);
            if (tool == "throws_late")
                all.ShouldContain("\"progressToken\":\"p\",\"progress\":1");
        }
        await GoesOnAsync(client);
        await Eventually.UntilAsync(() => host.Rows.Count == 2 && host.InFlight.Count == 0);
        host.Rows.First().Success.ShouldBeFalse();
        JsonSerializer.Serialize(host.Rows.Select(r => r.ErrorMessage)).ShouldNotContain(FaultyTools.Canary);
    }

    // memory that ran out is critical, whoever's it was.
    [Fact]
    public void Severity_OfMemoryThatRanOut_IsCritical() =>
        SeverityTable.Of(nameof(OutOfMemoryException)).ShouldBe(Severity.Critical);

    // the deadline answers, though the tool goes on; others do not wait for it.
    [Fact]
    public async Task Tool_ThatIgnoresItsToken_IsLeftAtTheDeadline()
    {
        await using var host = await StartAsync();
        using var client = host.Client();
        var asked = client.AskAsync(Call("deaf"));
        await Eventually.UntilAsync(() => host.InFlight.Count == 1);
        await GoesOnAsync(client);
        host.Time.Advance(Deadline);
        ShouldBeLate(await asked);
        await Eventually.UntilAsync(() => tools.Heard && host.InFlight.Count == 0);
        await GoesOnAsync(client);
        tools.Door.SetResult();
    }

    // A tool that does not give its thread back: its client is answered by another one.
    [Theory]
    [InlineData("blocks")]
    [InlineData("blocks_async")]
    public async Task Tool_ThatBlocks_IsLeftAtTheDeadline(string tool)
    {
        await using var host = await StartAsync();
        using var client = host.Client();
        var asked = client.SendAsync(Call(tool));
        await Eventually.UntilAsync(() => Volatile.Read(ref tools.Blocking) == 1);
        await GoesOnAsync(client);
        host.Time.Advance(Deadline);
        using (var response = await asked)
        {
            ShouldBeLate(await response.JsonAsync());
            // Nobody may send another request after it: nobody would read it.
            response.Headers.ConnectionClose.ShouldBe(true);
        }
        host.Rows.Single(r => r.Name == tool).ErrorCode.ShouldBe(-31002);
        tools.Heard.ShouldBe(tool == "blocks_async");
        // It is not over: its place stays taken, and is free when it ends.
        host.InFlight.Count.ShouldBe(1);
        for (var i = 0; i < 3; i++)
            await GoesOnAsync(client);
        tools.Gate.Set();
        await Eventually.UntilAsync(() => host.InFlight.Count == 0);
        host.Rows.Count(r => r.Name == tool).ShouldBe(1);
    }

    // The same where the answer had begun as a stream.
    [Fact]
    public async Task Tool_ThatReportsAndBlocks_IsLeftAtTheDeadline()
    {
        await using var host = await StartAsync();
        using var client = host.Client();
        var asked = client.SendAsync(
            Call("reports_and_blocks", meta: Progress),
            HttpCompletionOption.ResponseHeadersRead
        );
        await Eventually.UntilAsync(() => Volatile.Read(ref tools.Blocking) == 1);
        using (var response = await asked)
        {
            host.Time.Advance(Deadline);
            ShouldBeLate(await response.JsonAsync());
        }
        for (var i = 0; i < 3; i++)
            await GoesOnAsync(client);
        tools.Gate.Set();
        await Eventually.UntilAsync(() => host.InFlight.Count == 0);
    }

    // In a handshake session, where a call outlives its connection; and cancelling is heard beside it.
    [Fact]
    public async Task Tool_ThatBlocksInASession_IsLeftAtTheDeadlineAndWhenCancelled()
    {
        await using var host = await StartAsync();
        using var client = host.Client();
        var session = await Wire.InitializeAsync(client);
        var asked = client.AskAsync(
            Wire.Legacy(session, "tools/call", """{"name":"blocks","arguments":{}}""", id: "7")
        );
        await Eventually.UntilAsync(() => Volatile.Read(ref tools.Blocking) == 1);
        host.Time.Advance(Deadline);
        ShouldBeLate(await asked);
        var cancelled = client.SendAsync(
            Wire.Legacy(session, "tools/call", """{"name":"blocks","arguments":{}}""", id: "8")
        );
        await Eventually.UntilAsync(() => Volatile.Read(ref tools.Blocking) == 2);
        using var heard = await client.SendAsync(
            Wire.InSession(session, """{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":8}}""")
        );
        heard.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        using (await cancelled)
            host.Rows.Count(r => r.Name == "blocks").ShouldBe(2);
        tools.Gate.Set();
        await Eventually.UntilAsync(() => host.InFlight.Count == 0);
    }

    // I-20: of several in one array the one that blocks keeps none of the others waiting.
    [Fact]
    public async Task Tool_ThatBlocksInABatch_KeepsTheOthersFromNothing()
    {
        await using var host = await StartAsync();
        using var client = host.Client();
        var session = await Wire.InitializeAsync(client, version: "2025-03-26");
        var asked = client.SendAsync(
            Wire.InSession(
                session,
                """[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"blocks","arguments":{}}},{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"good","arguments":{"word":"on"}}}]"""
            )
        );
        await Eventually.UntilAsync(() => host.Rows.Any(r => r.Name == "good"));
        host.Time.Advance(Deadline);
        await Eventually.UntilAsync(() => host.Rows.Any(r => r.Name == "blocks"));
        tools.Gate.Set();
        using var response = await asked;
        (await response.Content.ReadAsStringAsync()).ShouldContain("-31002");
    }

    // one that hangs opens its breaker as one that throws does, so no more threads are lost to it.
    [Theory]
    [InlineData("blocks")]
    [InlineData("deaf")]
    public async Task Tool_ThatAlwaysHangs_IsGivenAPause(string tool)
    {
        var deadline = TimeSpan.FromSeconds(5);
        await using var host = await StartAsync(breakers: true);
        host.Change(static _ => true, static p => p with { TimeoutSeconds = 5 });
        host.Apply();
        using var client = host.Client();
        for (var i = 1; i <= 11; i++)
        {
            var asked = client.AskAsync(Call(tool));
            await Eventually.UntilAsync(() =>
                tool == "blocks" ? Volatile.Read(ref tools.Blocking) == i : Volatile.Read(ref tools.Inside) == i
            );
            host.Time.Advance(deadline);
            (await asked).GetProperty("error").GetProperty("code").GetInt32().ShouldBe(-31002);
        }
        (await client.AskAsync(Call(tool))).GetProperty("error").GetProperty("code").GetInt32().ShouldBe(-31003);
        await GoesOnAsync(client);
        tools.Gate.Set();
        tools.Door.SetResult();
        await Eventually.UntilAsync(() => host.InFlight.Count == 0);
    }

    // what a call that was left still uses is free when the method has really ended.
    [Fact]
    public async Task Exclusive_OfAToolThatHangs_IsHeldUntilItEnds()
    {
        await using var host = await StartAsync();
        using var client = host.Client();
        var first = client.AskAsync(Call("alone"));
        await Eventually.UntilAsync(() => Volatile.Read(ref tools.Inside) == 1);
        host.Time.Advance(Deadline);
        ShouldBeLate(await first);
        var second = ResultAsync(client, "alone_too");
        await Eventually.UntilAsync(() => host.InFlight.Count == 1);
        await GoesOnAsync(client);
        second.IsCompleted.ShouldBeFalse();
        tools.Door.SetResult();
        (await second).ShouldBe(("after 1", false));
    }

    // What a tool keeps is its own; what is kept for it is bounded, and calls of one that leaks leave nothing of ours.
    [Fact]
    public async Task Results_OfACachedTool_StayWithinTheCachesBounds()
    {
        await using var node = await CacheNode.StartAsync(
            options: new CachingOptions { MaxBytes = 5_000_000, MaxValueBytes = 1_000_000 }
        );
        var tool = NativeTool.Of(tools).Single(t => t.Name == "cached");
        tool.Results = node.Get<ToolResultCache>();
        for (var i = 0; i < 200; i++)
        {
            var context = new CallContext(EmptyProvider.Instance);
            (
                await tool.RunAsync(Encoding.UTF8.GetBytes($$"""{"number":{{i}}}"""), context)
            ).Json.Length.ShouldBeGreaterThan(200_000);
        }
        var memory = node.Levels.Memory;
        memory.Bytes.ShouldBeInRange(4_000_000, 5_000_000);
        memory.Size.ShouldBeInRange(10, 24);
        memory.Evictions.ShouldBe(200 - memory.Size);
    }

    // The most a result may have is 16 MiB; of 100 MB nothing is copied before that is seen.
    [Theory]
    [Trait("Category", "slow")]
    [InlineData("text_of_100_mb")]
    [InlineData("object_of_100_mb")]
    [InlineData("list_of_100_mb")]
    [InlineData("bytes_of_100_mb")]
    [InlineData("image_of_100_mb")]
    public async Task Result_Of100Megabytes_IsRefusedWithAClearError(string tool)
    {
        await using var host = await StartAsync();
        using var client = host.Client();
        await GoesOnAsync(client);
        var (text, isError) = await ResultAsync(client, tool);
        isError.ShouldBeTrue();
        text.ShouldBe(
            "The result is larger than 16777216 bytes, the most that is passed on (setting Gateway:MaxResultBytes): ask for less of it."
        );
        await GoesOnAsync(client);
    }

    // What is too large is not copied to find that out.
    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 80)]
    public void Writer_OfALargeResult_TakesNoMemoryForIt(bool isText, int most)
    {
        object value = isText
            ? new string('x', 100 * 1024 * 1024)
            : Enumerable.Repeat(new string('y', 1024), 100 * 1024);
        // Compiled and pooled beforehand.
        _ = ResultWriter.Write(ToolResult.Of(new[] { "y" }), wraps: false);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Should.Throw<ToolFailedException>(() => ResultWriter.Write(ToolResult.Of(value), wraps: false));
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(most * 1024L * 1024);
    }

    // The option holds, for services' answers too: −31004, and that it ran is told.
    [Fact]
    public async Task Answer_AboveTheOption_IsNotPassedOn()
    {
        await using var host = new GatewayHost(new GatewayOptions { MaxResultBytes = 2000 }, port: true, tools: tools);
        var answers = new ScriptedChannel(
            Revision.V20251125,
            call =>
                Task.FromResult(
                    ExecutionHost.Good(
                        new string('x', call.Params.Contains("large", StringComparison.Ordinal) ? 3000 : 1000)
                    )
                )
        );
        host.AddService("svc", answers, "ask");
        host.AddGroup("default", GatewayHost.Key, null, "svc");
        await host.StartAsync();
        using var client = host.Client();
        var large = (await client.AskAsync(Call("ask", """{"size":"large"}"""))).GetProperty("error");
        large.GetProperty("code").GetInt32().ShouldBe(-31004);
        large.GetProperty("message").GetString()!.ShouldContain("2000 is the most");
        large.GetProperty("data").GetProperty("outcome").GetString().ShouldBe("done");
        (await client.AskAsync(Call("ask"))).TryGetProperty("result", out _).ShouldBeTrue();
    }

    // What is no Unicode cannot be sent; the rest of it is.
    [Fact]
    public async Task Result_WithHalfCharacters_IsValidUtf8()
    {
        await using var host = await StartAsync();
        using var client = host.Client();
        (await ResultAsync(client, "half_characters")).ShouldBe(("a\ufffdb\ufffd", false));
        using var response = await client.SendAsync(Call("half_characters_inside"));
        var bytes = await response.Content.ReadAsByteArrayAsync();
        Utf8.IsValid(bytes).ShouldBeTrue();
        var structured = JsonElement.Parse(bytes).GetProperty("result").GetProperty("structuredContent");
        structured.GetProperty("k\ufffd").GetString().ShouldBe("v\ufffd");
    }

    // Progress that is no number is left out; it makes no tool fail.
    [Fact]
    public async Task Progress_ThatIsNoNumber_IsLeftOut()
    {
        await using var host = await StartAsync();
        using var client = host.Client();
        using var response = await client.SendAsync(Call("reports_no_number", meta: Progress));
        var events = await response.EventsAsync().Select(e => e.Data).ToListAsync();
        events.Count.ShouldBe(2);
        events[0].ShouldContain("\"progress\":1,\"message\"");
        events[1].ShouldContain("\"ok\"");
    }

    // R44, R-13: nothing follows an answer. On a line that many calls share it would go out among the others, with what
    // the request's memory is used for by then.
    [Fact]
    public async Task Context_OfACallThatIsOver_SaysNothingMore()
    {
        await using var host = await StartAsync(port: false);
        var sent = new ConcurrentQueue<string>();
        var room = host.App.Services.GetRequiredService<ConversationRoom>();
        var conversation = new Conversation(
            room,
            m =>
            {
                sent.Enqueue(Encoding.UTF8.GetString(m));
                return true;
            }
        );
        host.App.Services.GetRequiredService<Routes>()
            .Table.ByCode.TryGetValue("default", out var group)
            .ShouldBeTrue();
        var message = Encoding.UTF8.GetBytes(
            $$$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{{{{Progress}}}},"name":"keeps_context","arguments":{}}}"""
        );
        await conversation.TakeAsync(message, group!, null);
        sent.Count.ShouldBe(1);
        // The memory serves another request by now.
        message.AsSpan().Fill((byte)'?');
        tools.Kept!.Report(1, 2, "late");
        tools.Kept.Log(LogLevel.Critical, "late");
        await Should.ThrowAsync<ClientCannotAnswerException>(async () => await tools.Kept.SampleAsync("late"));
        sent.Count.ShouldBe(1);
        host.Rows.Count.ShouldBe(1);
    }

    // R-20, I-20: a thousand at once, of all kinds: each is answered once, and nothing is left behind.
    [Fact]
    [Trait("Category", "slow")]
    public async Task Thousand_OfAllKindsAtOnce_AreAllAnswered()
    {
        // As the program itself has it; each tool that blocks takes one.
        ThreadPool.GetMinThreads(out var threads, out var ports);
        ThreadPool.SetMinThreads(Math.Max(threads, 16), ports);
        await using var host = await StartAsync();
        using var client = host.Client();
        client.Timeout = TimeSpan.FromMinutes(2);
        string[] kinds =
        [
            "good",
            "throws",
            "throws_late",
            "out_of_memory",
            "deaf",
            "alone",
            "leaks",
            "half_characters",
            "not_a_number",
        ];
        var all = Enumerable
            .Range(0, 1000)
            .Select(async i =>
            {
                // A few of those that keep a thread: so many are lost until they end.
                var tool = i % 125 == 0 ? "blocks" : kinds[i % kinds.Length];
                using var request = Call(tool, tool == "good" ? """{"word":"on"}""" : "{}");
                using var response = await client.SendAsync(request);
                return (Tool: tool, Text: await response.Content.ReadAsStringAsync());
            })
            .ToList();
        await Eventually.UntilAsync(
            () =>
                Volatile.Read(ref tools.Blocking) == 8
                && Volatile.Read(ref tools.Inside) > 1
                && host.Rows.Count + host.InFlight.Count == 1000,
            TimeSpan.FromSeconds(60)
        );
        // Again and again: one that came last has its deadline later.
        await Eventually.UntilAsync(
            () =>
            {
                host.Time.Advance(Deadline);
                return all.TrueForAll(t => t.IsCompleted);
            },
            TimeSpan.FromSeconds(60)
        );
        var answers = await Task.WhenAll(all);
        foreach (var (tool, text) in answers)
            text.ShouldContain(
                tool switch
                {
                    "good" => "\"on\"",
                    "leaks" => "\"ok\"",
                    "half_characters" => "a\\uFFFDb",
                    "deaf" or "alone" or "blocks" => "-31002",
                    _ => "\"isError\":true",
                }
            );
        await Eventually.UntilAsync(() => host.Rows.Count == 1000);
        tools.Gate.Set();
        tools.Door.SetResult();
        await Eventually.UntilAsync(() => host.InFlight.Count == 0);
        await GoesOnAsync(client);
        tools.Leaked.ShouldBe(answers.Count(a => a.Tool == "leaks"));
    }

    private static void ShouldBeLate(JsonElement answer)
    {
        var error = answer.GetProperty("error");
        error.GetProperty("code").GetInt32().ShouldBe(-31002);
        error.GetProperty("message").GetString().ShouldBe("The tool did not end within 30 s");
        error.GetProperty("data").GetProperty("outcome").GetString().ShouldBe("unknown");
    }
}
