using System.Collections.Immutable;
using System.Text.Json;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Tools.Http;
using Fairlead.Testing;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Tools.Http;

/// <summary>One HTTP tool against a real HTTP service (R-15…R-17).</summary>
[Trait("Category", "integration")]
public sealed class HttpToolTests(HttpEcho echo) : IClassFixture<HttpEcho>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // POST, JSON, query, timeout 30 s unless told otherwise.
    [Fact]
    public async Task Call_WithDefaults_PostsJson()
    {
        new HttpTool { Name = "t" }.Method.ShouldBe("POST");
        new HttpTool { Name = "t" }.TimeoutSeconds.ShouldBe(30);
        await CallAsync(
            new() { Name = "t", Endpoint = "/v1/items" },
            """{"data":{"a":1,"b":["x"]},"params":{"q":"grüße & co","tag":["a","b"],"n":2,"on":true}}"""
        );
        echo.Last.Method.ShouldBe("POST");
        echo.Last.PathAndQuery.ShouldBe("/v1/items?q=gr%C3%BC%C3%9Fe%20%26%20co&tag=a&tag=b&n=2&on=true");
        echo.Last.ContentType.ShouldBe("application/json");
        echo.Last.Body.ShouldBe("""{"a":1,"b":["x"]}""");
    }

    // another content type is a form.
    [Theory]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/vnd.example")]
    public async Task Call_WithAnotherContentType_SendsAForm(string type)
    {
        await CallAsync(new() { Name = "t", ContentType = type }, """{"data":{"a":"x y","b":2}}""");
        echo.Last.ContentType.ShouldBe(type);
        echo.Last.Body.ShouldBe("a=x%20y&b=2");
    }

    // headers of the call over those of the tool; those of the service, which are credentials, over all.
    [Fact]
    public async Task Headers_OfTheCall_ReplaceTheTools_NotTheServices()
    {
        await CallAsync(
            new()
            {
                Name = "t",
                Headers = new Dictionary<string, string>
                {
                    ["X-A"] = "tool",
                    ["X-B"] = "tool",
                }.ToImmutableSortedDictionary(),
            },
            """{"headers":{"x-a":"call","Authorization":"stolen"}}""",
            headers: new() { ["Authorization"] = "Bearer secret" }
        );
        echo.Last.Headers["X-A"].ShouldBe("call");
        echo.Last.Headers["X-B"].ShouldBe("tool");
        echo.Last.Headers["Authorization"].ShouldBe("Bearer secret");
    }

    [Theory]
    [InlineData("Host")]
    [InlineData("transfer-encoding")]
    [InlineData("Content-Length")]
    public async Task Headers_OfTheConnection_AreRefused(string name)
    {
        var before = echo.Count;
        var result = await CallAsync(new() { Name = "t" }, $$$"""{"headers":{"{{{name}}}":"x"}}""");
        result.GetProperty("error_type").GetString().ShouldBe("invalid_arguments");
        result.GetProperty("error").GetString()!.ShouldContain(name);
        echo.Count.ShouldBe(before);
    }

    // data is JSON where it is, else text; the status and headers come along.
    [Fact]
    public async Task Answer_OfJsonAndText_IsData()
    {
        var json = await CallAsync(new() { Name = "t" }, "{}");
        json.GetProperty("success").GetBoolean().ShouldBeTrue();
        json.GetProperty("status_code").GetInt32().ShouldBe(200);
        json.GetProperty("data").GetProperty("ok").GetBoolean().ShouldBeTrue();
        json.GetProperty("headers").GetProperty("content-type").GetString()!.ShouldStartWith("application/json");

        echo.Answer = http =>
        {
            http.Response.Headers.SetCookie = "session=1";
            http.Response.ContentType = "text/plain";
            return http.Response.WriteAsync("hello 你好");
        };
        var text = await CallAsync(new() { Name = "t" }, "{}");
        text.GetProperty("data").GetString().ShouldBe("hello 你好");
        text.GetProperty("headers").TryGetProperty("set-cookie", out _).ShouldBeFalse();
        echo.Answer = null;
    }

    // R-17, C-42: success is 2xx alone; the status is kept.
    [Theory]
    [InlineData(204, true)]
    [InlineData(302, false)]
    [InlineData(404, false)]
    [InlineData(500, false)]
    public async Task Answer_OfEachStatus_IsASuccessFor2xxAlone(int status, bool success)
    {
        echo.Answer = http =>
        {
            http.Response.StatusCode = status;
            http.Response.Headers.Location = "http://127.0.0.1:1/elsewhere";
            return Task.CompletedTask;
        };
        var before = echo.Count;
        var raw = await RawAsync(new() { Name = "t" }, "{}");
        var result = raw.GetProperty("structuredContent");
        result.GetProperty("success").GetBoolean().ShouldBe(success);
        result.GetProperty("status_code").GetInt32().ShouldBe(status);
        raw.TryGetProperty("isError", out _).ShouldBe(!success);
        echo.Count.ShouldBe(before + 1); // no redirect is followed
        echo.Answer = null;
    }

    // no answer: status null, and what kind of failure it was.
    [Fact]
    public async Task Refused_IsAFailureWithoutStatus()
    {
        var result = await CallAsync(new() { Name = "t" }, "{}", address: new Uri("http://127.0.0.1:9"));
        result.GetProperty("success").GetBoolean().ShouldBeFalse();
        result.GetProperty("status_code").ValueKind.ShouldBe(JsonValueKind.Null);
        result.GetProperty("error_type").GetString().ShouldBe("connection");
        result.GetProperty("error").GetString().ShouldBe("The connection was refused.");
    }

    // The guard against requests into the private network (security.md section 0.5).
    [Fact]
    public async Task PrivateAddress_IsRefused_WhereTheRuleSaysSo()
    {
        var before = echo.Count;
        var result = await CallAsync(new() { Name = "t" }, "{}", options: new() { RefusePrivateAddresses = true });
        result.GetProperty("error_type").GetString().ShouldBe("address_refused");
        echo.Count.ShouldBe(before);
    }

    // 30 s, or what the call asks for where that is less.
    [Theory]
    [InlineData("{}", 30)]
    [InlineData("""{"timeout":2.5}""", 2.5)]
    [InlineData("""{"timeout":500}""", 30)]
    public async Task Answer_ThatDoesNotCome_TimesOut(string arguments, double seconds)
    {
        var time = new FakeTimeProvider();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        echo.Answer = async http =>
        {
            asked.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, http.RequestAborted)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        };
        var call = CallAsync(new() { Name = "t" }, arguments, time: time);
        await asked.Task.WaitAsync(Token);
        time.Advance(TimeSpan.FromSeconds(seconds - 0.1));
        call.IsCompleted.ShouldBeFalse();
        time.Advance(TimeSpan.FromSeconds(0.2));
        (await call).GetProperty("error_type").GetString().ShouldBe("timeout");
        echo.Answer = null;
    }

    [Fact]
    public async Task Answer_ThatIsTooLarge_IsNotReadToTheEnd()
    {
        echo.Answer = async http =>
        {
            var part = new byte[64 * 1024];
            for (var i = 0; i < 1600 && !http.RequestAborted.IsCancellationRequested; i++) // 100 MiB without a length
                await http.Response.Body.WriteAsync(part);
        };
        var result = await CallAsync(new() { Name = "t" }, "{}");
        result.GetProperty("error_type").GetString().ShouldBe("too_large");
        result.GetProperty("error").GetString()!.ShouldContain("1048576");
        echo.Answer = null;
    }

    // Shaping: a part of the answer, and a page of it.
    [Fact]
    public async Task Answer_Shaped_IsThePartAndPageThatIsWanted()
    {
        echo.Answer = http =>
            http.Response.WriteAsJsonAsync(
                new { items = Enumerable.Range(1, 7).Select(i => new { name = $"n{i}", junk = 1 }) }
            );
        var tool = new HttpTool
        {
            Name = "t",
            Method = "GET",
            Select = "$.items[*].name",
            PageSize = 3,
        };
        var first = await CallAsync(tool, "{}");
        first.GetProperty("data").GetRawText().ShouldBe("""["n1","n2","n3"]""");
        (
            first.GetProperty("page").GetInt32(),
            first.GetProperty("pages").GetInt32(),
            first.GetProperty("total_items").GetInt32()
        ).ShouldBe((1, 3, 7));
        (await CallAsync(tool, """{"page":3}""")).GetProperty("data").GetRawText().ShouldBe("""["n7"]""");
        (await CallAsync(tool with { PageSize = null, Select = "items[-1]" }, "{}"))
            .GetProperty("data")
            .GetProperty("name")
            .GetString()
            .ShouldBe("n7");
        echo.Answer = null;
    }

    [Fact]
    public async Task TypedArguments_GoWhereTheyBelong()
    {
        var tool = new HttpTool
        {
            Name = "t",
            Method = "PUT",
            Endpoint = "/users/{id}/notes/{note}",
            Parameters =
            [
                Parameter("id", HttpPlace.Path, required: true),
                Parameter("note", HttpPlace.Path, required: true),
                Parameter("fields", HttpPlace.Query) with
                {
                    Style = "comma",
                },
                Parameter("filter", HttpPlace.Query) with
                {
                    Style = "deepObject",
                },
                Parameter("trace", HttpPlace.Header) with
                {
                    Key = "X-Trace",
                },
                Parameter("body", HttpPlace.Body, required: true) with
                {
                    Key = "",
                },
            ],
        };
        await CallAsync(
            tool,
            """{"id":"a/b ü","note":7,"fields":["x","y"],"filter":{"age":3},"trace":"t1","body":{"text":"hi","n":null}}"""
        );
        echo.Last.Method.ShouldBe("PUT");
        echo.Last.PathAndQuery.ShouldBe("/users/a%2Fb%20%C3%BC/notes/7?fields=x%2Cy&filter%5Bage%5D=3");
        echo.Last.Headers["X-Trace"].ShouldBe("t1");
        echo.Last.Body.ShouldBe("""{"text":"hi","n":null}""");

        var missing = await RawAsync(tool, """{"id":"1","body":{}}""");
        missing.GetProperty("isError").GetBoolean().ShouldBeTrue();
        missing.GetProperty("content")[0].GetProperty("text").GetString()!.ShouldContain("note");
    }

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("")]
    public async Task PathArgument_ThatLeadsElsewhere_IsRefused(string value)
    {
        var tool = new HttpTool
        {
            Name = "t",
            Endpoint = "/files/{name}/secret",
            Parameters = [Parameter("name", HttpPlace.Path, required: true)],
        };
        var before = echo.Count;
        var result = await CallAsync(tool, $$"""{"name":"{{value}}"}""");
        result.GetProperty("error").GetString()!.ShouldContain("'name'");
        echo.Count.ShouldBe(before);
    }

    [Fact]
    public async Task EndpointThatLeadsOut_OfTheServicesAddress_IsRefused()
    {
        var result = await CallAsync(
            new() { Name = "t", Endpoint = "../admin" },
            "{}",
            address: new Uri(echo.Address, "/api/v1")
        );
        result.GetProperty("error").GetString()!.ShouldContain("lead out");
    }

    [Theory]
    [InlineData("$.a[", 4)]
    [InlineData("a..b", 3)]
    [InlineData("$x", 2)]
    public void Select_ThatIsNone_SaysWhere(string path, int character) =>
        Should
            .Throw<FormatException>(() => new HttpToolAdapter(new() { Name = "t", Select = path }))
            .Message.ShouldContain($"character {character}");

    private static HttpParameter Parameter(string name, HttpPlace place, bool required = false) =>
        new()
        {
            Name = name,
            In = place,
            Required = required,
        };

    private async Task<JsonElement> CallAsync(
        HttpTool tool,
        string arguments,
        Uri? address = null,
        Dictionary<string, string>? headers = null,
        ChannelOptions? options = null,
        TimeProvider? time = null
    )
    {
        var raw = await RawAsync(tool, arguments, address, headers, options, time);
        var structured = raw.GetProperty("structuredContent");
        JsonElement
            .DeepEquals(JsonElement.Parse(raw.GetProperty("content")[0].GetProperty("text").GetString()!), structured)
            .ShouldBeTrue();
        return structured;
    }

    private async Task<JsonElement> RawAsync(
        HttpTool tool,
        string arguments,
        Uri? address = null,
        Dictionary<string, string>? headers = null,
        ChannelOptions? options = null,
        TimeProvider? time = null
    )
    {
        using var http = GuardedHttp.Create(options ?? new ChannelOptions { RefusePrivateAddresses = false });
        var result = await new HttpToolAdapter(tool).RunAsync(
            System.Text.Encoding.UTF8.GetBytes(arguments),
            address ?? echo.Address,
            headers ?? [],
            http,
            time ?? TimeProvider.System,
            Token
        );
        return JsonElement.Parse(result);
    }
}
