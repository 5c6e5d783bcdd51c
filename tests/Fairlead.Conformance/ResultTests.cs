using System.Net;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Tests.Gateway;
using Shouldly;
using Xunit;

namespace Fairlead.Conformance;

/// <summary>Kinds of results, questions in results, capabilities (spec 2026-07-28 basic/index, patterns/mrtr; R29, R32, R38…R40).</summary>
public sealed class ResultTests
{
    private const string Elicit =
        """{"method":"elicitation/create","params":{"mode":"form","message":"m","requestedSchema":{"type":"object","properties":{"n":{"type":"string"}}}}}""";
    private const string ElicitUrl =
        """{"method":"elicitation/create","params":{"mode":"url","message":"m","url":"https://a.example","elicitationId":"e"}}""";
    private const string Sample =
        """{"method":"sampling/createMessage","params":{"messages":[{"role":"user","content":{"type":"text","text":"q"}}],"maxTokens":5}}""";
    private const string SampleTools =
        """{"method":"sampling/createMessage","params":{"messages":[],"maxTokens":5,"tools":[{"name":"t","inputSchema":{"type":"object"}}]}}""";
    private const string Roots = """{"method":"roots/list"}""";

    private static Task<Face> OfAsync(string result) => Face.StartAsync(_ => Task.FromResult(Face.Text(result)));

    private static string Asks(string request, string state = "") =>
        $$"""{"resultType":"input_required","inputRequests":{"k":{{request}}}{{state}}}""";

    [Theory]
    [InlineData("tools/call", """{"content":[]}""")]
    [InlineData("prompts/get", """{ "messages":[] }""")]
    [InlineData("completion/complete", """{"completion":{"values":[]}}""")]
    public async Task ResultType_AbsentFromTheService_IsAdded(string method, string result)
    {
        await using var face = await OfAsync(result);
        var shown = (await face.AskAsync(method)).Result;
        shown.At("resultType").GetString().ShouldBe("complete");
        foreach (var member in JsonDocument.Parse(result).RootElement.EnumerateObject())
            shown.At(member.Name).GetRawText().ShouldBe(member.Value.GetRawText());
    }

    [Theory]
    [InlineData("""{"content":[],"resultType":"partial"}""")]
    [InlineData("""{"content":[],"resultType":7}""")]
    [InlineData("""{"content":[],"resultType":null}""")]
    public async Task ResultType_OfTheServiceUnknown_IsAProtocolError(string result)
    {
        await using var face = await OfAsync(result);
        var reply = await face.AskAsync("tools/call");
        reply.Code.ShouldBe(McpErrorCode.UpstreamProtocolError);
        // It ran: whether anything was done is not known.
        reply.Error.At("data", "outcome").GetString().ShouldBe("unknown");
        await using var legacy = await LegacyPeer.OpenAsync(face);
        (await legacy.AskAsync("tools/call", """{"name":"echo","arguments":{}}""")).Code.ShouldBe(
            McpErrorCode.UpstreamProtocolError
        );
    }

    [Theory]
    [InlineData("""{"resultType":"complete","contents":[]}""", 0, "private")]
    [InlineData("""{"resultType":"complete","contents":[],"ttlMs":-3}""", 0, "private")]
    [InlineData("""{"resultType":"complete","contents":[],"ttlMs":9,"cacheScope":"public"}""", 9, "private")]
    [InlineData("""{"contents":[],"cacheScope":"public"}""", 0, "private")]
    [InlineData("""{"contents":[],"cacheScope":"private","ttlMs":1}""", 1, "private")]
    public async Task Hints_AbsentFromTheService_AreAdded(string result, int ttl, string scope)
    {
        await using var face = await OfAsync(result);
        var shown = (await face.AskAsync("resources/read")).Result;
        shown.At("ttlMs").GetInt32().ShouldBe(ttl);
        shown.At("cacheScope").GetString().ShouldBe(scope);
        shown.At("resultType").GetString().ShouldBe("complete");
        shown.At("contents").GetArrayLength().ShouldBe(0);
    }

    // security.md section 4.9: that everybody may be given it is passed on where an administrator trusts the service.
    [Theory]
    [InlineData("""{"resultType":"complete","contents":[],"ttlMs":9,"cacheScope":"public"}""", "public")]
    [InlineData("""{"contents":[],"ttlMs":9,"cacheScope":"public"}""", "public")]
    [InlineData("""{"resultType":"complete","contents":[],"ttlMs":9,"cacheScope":"private"}""", "private")]
    [InlineData("""{"resultType":"complete","contents":[],"ttlMs":9,"cacheScope":"all"}""", "private")]
    public async Task Scope_OfATrustedService_IsPassedOn(string result, string scope)
    {
        await using var face = await OfAsync(result);
        face.Host.Define("svc", d => d with { TrustPublicCache = true });
        face.Host.Apply();
        var shown = (await face.AskAsync("resources/read")).Result;
        shown.At("cacheScope").GetString().ShouldBe(scope);
        shown.At("ttlMs").GetInt32().ShouldBe(9);
    }

    [Theory]
    [InlineData("tools/call")]
    [InlineData("prompts/get")]
    [InlineData("resources/read")]
    public async Task InputRequired_OfTheService_PassesUntouched(string method)
    {
        var asked = Asks(Elicit, ",\"requestState\":\"\\u00e9+/=\"");
        await using var face = await OfAsync(asked);
        var reply = await face.AskAsync(method, meta: Modern.With(capabilities: """{"elicitation":{"form":{}}}"""));
        reply.Status.ShouldBe(HttpStatusCode.OK);
        reply.Result.GetRawText().ShouldBe(asked);
        reply.Messages.Count.ShouldBe(1);
        // Nobody waits for a retry: the next request is served.
        face.Host.InFlight.Count.ShouldBe(0);
    }

    [Fact]
    public async Task InputRequired_WithStateAlone_PassesToo()
    {
        await using var face = await OfAsync("""{"resultType":"input_required","requestState":"s"}""");
        (await face.AskAsync("tools/call")).Result.At("requestState").GetString().ShouldBe("s");
    }

    [Fact]
    public async Task InputRequired_OnAnotherMethod_IsAProtocolError()
    {
        await using var face = await OfAsync("""{"resultType":"input_required","requestState":"s"}""");
        (await face.AskAsync("completion/complete")).Code.ShouldBe(McpErrorCode.UpstreamProtocolError);
    }

    [Theory]
    [InlineData("""{"resultType":"input_required"}""")]
    [InlineData("""{"resultType":"input_required","content":[]}""")]
    [InlineData("""{"resultType":"input_required","inputRequests":[]}""")]
    public async Task InputRequired_WithNothing_IsAProtocolError(string result)
    {
        await using var face = await OfAsync(result);
        (await face.AskAsync("tools/call")).Code.ShouldBe(McpErrorCode.UpstreamProtocolError);
    }

    [Theory]
    [InlineData("""{"method":"tools/call","params":{}}""")]
    [InlineData("""{"params":{}}""")]
    [InlineData("17")]
    public async Task InputRequired_ForSomethingElse_IsAProtocolError(string request)
    {
        await using var face = await OfAsync(Asks(request));
        var meta = Modern.With(capabilities: """{"elicitation":{},"sampling":{},"roots":{}}""");
        (await face.AskAsync("tools/call", meta: meta)).Code.ShouldBe(McpErrorCode.UpstreamProtocolError);
    }

    // A service that asks for what the client never offered: the client hears which capability it would take.
    [Theory]
    [InlineData(Elicit, "{}", """{"elicitation":{}}""")]
    [InlineData(Elicit, """{"sampling":{},"roots":{}}""", """{"elicitation":{}}""")]
    [InlineData(Elicit, """{"elicitation":{"url":{}}}""", """{"elicitation":{"form":{}}}""")]
    [InlineData(ElicitUrl, """{"elicitation":{}}""", """{"elicitation":{"url":{}}}""")]
    [InlineData(Sample, """{"elicitation":{}}""", """{"sampling":{}}""")]
    [InlineData(SampleTools, """{"sampling":{}}""", """{"sampling":{"tools":{}}}""")]
    [InlineData(Roots, "{}", """{"roots":{}}""")]
    [InlineData(Elicit, """{"elicitation":{}}""", null)]
    [InlineData(Elicit, """{"elicitation":{"form":{}}}""", null)]
    [InlineData(ElicitUrl, """{"elicitation":{"url":{}}}""", null)]
    [InlineData(SampleTools, """{"sampling":{"tools":{}}}""", null)]
    [InlineData(Roots, """{"roots":{}}""", null)]
    public async Task Capability_NotDeclared_IsNeverAskedFor(string request, string declared, string? missing)
    {
        await using var face = await OfAsync(Asks(request));
        var reply = await face.AskAsync("tools/call", meta: Modern.With(capabilities: declared));
        if (missing is null)
        {
            reply.Result.At("resultType").GetString().ShouldBe("input_required");
            return;
        }
        reply.Status.ShouldBe(HttpStatusCode.BadRequest);
        reply.Code.ShouldBe(McpErrorCode.MissingClientCapability);
        reply.Error.At("data", "requiredCapabilities").GetRawText().ShouldBe(missing);
        reply.Body.ShouldNotContain("inputRequests");
    }

    [Fact]
    public async Task Capability_RefusedByTheService_Is400WithTheMissingOnes()
    {
        await using var face = await Face.StartAsync(_ =>
            Task.FromResult(
                ScriptedChannel.Error(
                    """{"code":-32021,"message":"needs sampling","data":{"requiredCapabilities":{"sampling":{}}}}"""
                )
            )
        );
        var reply = await face.AskAsync("tools/call");
        reply.Status.ShouldBe(HttpStatusCode.BadRequest);
        reply.Code.ShouldBe(McpErrorCode.MissingClientCapability);
        reply.Error.At("data", "requiredCapabilities").GetRawText().ShouldBe("""{"sampling":{}}""");
    }

    [Fact]
    public async Task Retry_CarriesResponsesAndStateUntouched()
    {
        await using var face = await Face.StartAsync();
        const string retry =
            ""","name":"echo","arguments":{"a" : 1.0},"inputResponses":{"k":{"action":"accept","content":{"n":"\u00e9"}}},"requestState":"op\u0061que=="}""";
        await face.AskAsync("tools/call", retry[..^1], id: "2");
        face.Channel.Received.Single().ShouldEndWith(retry);
        // No state came with the next one, so none goes on with it.
        await face.AskAsync("tools/call", id: "3");
        face.Channel.Received.Last().ShouldNotContain("requestState");
    }
}
