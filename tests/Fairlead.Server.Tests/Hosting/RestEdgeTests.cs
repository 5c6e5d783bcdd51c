using System.Net;
using Fairlead.Server.Hosting.Rest;
using Microsoft.AspNetCore.Builder;
using Microsoft.Data.Sqlite;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Hosting;

/// <summary>Whatever goes wrong under /api leaves as an envelope (I-14); the host checks the form of every answer.</summary>
public sealed class RestEdgeTests
{
    [Theory]
    [InlineData("GET", "/api/v1/nothing", null, "application/json", 404, "NOT_FOUND", null)]
    [InlineData("GET", "/api", null, "application/json", 404, "NOT_FOUND", null)]
    [InlineData("PATCH", "/api/v1/mcp/groups", null, "application/json", 405, "METHOD_NOT_ALLOWED", null)]
    [InlineData("POST", "/api/v1/mcp/groups", "name=x", "text/plain", 415, "UNSUPPORTED_MEDIA_TYPE", null)]
    [InlineData("POST", "/api/v1/mcp/groups", "{", "application/json", 400, "INVALID_PARAMETER", null)]
    [InlineData("POST", "/api/v1/mcp/groups", "", "application/json", 400, "INVALID_PARAMETER", null)]
    [InlineData("POST", "/api/v1/mcp/groups", "null", "application/json", 400, "INVALID_PARAMETER", null)]
    [InlineData("POST", "/api/v1/mcp/groups", """{"name":7}""", "application/json", 400, "INVALID_PARAMETER", "name")]
    [InlineData("POST", "/api/v1/mcp/groups", """{"nam":"x"}""", "application/json", 400, "INVALID_PARAMETER", "nam")]
    [InlineData(
        "POST",
        "/api/v1/mcp/groups",
        """{"name":"a","name":"b"}""",
        "application/json",
        400,
        "INVALID_PARAMETER",
        "name"
    )]
    [InlineData(
        "POST",
        "/api/v1/mcp/groups",
        """{"name":"a","calls_per_minute":"7"}""",
        "application/json",
        400,
        "INVALID_PARAMETER",
        "calls_per_minute"
    )]
    [InlineData("GET", "/api/v1/mcp/groups?page=x", null, "application/json", 400, "INVALID_PARAMETER", "page")]
    [InlineData(
        "GET",
        "/api/v1/mcp/groups?page_size=x",
        null,
        "application/json",
        400,
        "INVALID_PARAMETER",
        "page_size"
    )]
    [InlineData(
        "GET",
        "/api/v1/mcp/groups?page_size=1001",
        null,
        "application/json",
        400,
        "INVALID_PARAMETER",
        "page_size"
    )]
    [InlineData("GET", "/api/v1/mcp/groups?page=0", null, "application/json", 400, "INVALID_PARAMETER", "page")]
    [InlineData("GET", "/api/v1/audit?from=yesterday", null, "application/json", 400, "INVALID_PARAMETER", "from")]
    public async Task Request_ThatIsWrong_IsToldWithCodeAndField(
        string method,
        string path,
        string? body,
        string mediaType,
        int status,
        string code,
        string? field
    )
    {
        await using AdminHost host = await AdminHost.StartAsync();
        Answer answer = await host.SendAsync(new HttpMethod(method), path, body, mediaType);
        answer.Status.ShouldBe(status, answer.Text);
        answer.Code.ShouldBe(code);
        answer.Field.ShouldBe(field);
        // The next good request works.
        (await host.GetAsync("/api/v1/mcp/groups")).Status.ShouldBe(200);
    }

    [Theory]
    [InlineData("/api/v1/mcp/groups", "{\n  \"name\": }", "line 2, position 11")]
    [InlineData("/api/v1/mcp/groups", """{"name":7}""", "'name' in the body has the wrong type")]
    [InlineData("/api/v1/mcp/groups", """{"nam":"x"}""", "'nam'")]
    [InlineData("/api/v1/mcp/groups", """{"name":"a","name":"b"}""", "'name' twice")]
    [InlineData("/api/v1/mcp/groups", "", "The body is empty")]
    [InlineData("/api/v1/mcp/groups", "null", "The body is empty")]
    [InlineData("/api/v1/auth/login", """{"username":"admin"}""", "password is missing")]
    public async Task Body_ThatIsWrong_IsToldWithItsPlace(string path, string body, string said)
    {
        await using AdminHost host = await AdminHost.StartAsync();
        Answer answer = await host.PostAsync(path, body);
        answer.Status.ShouldBe(400, answer.Text);
        answer.Json.GetProperty("message").GetString()!.ShouldContain(said);
    }

    [Fact]
    public async Task Body_OverTheLimit_Is413AndNamesIt()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        Answer answer = await host.PostAsync("/api/v1/mcp/groups", new string(' ', RestCodes.MaxBodyBytes + 1));
        (answer.Status, answer.Code).ShouldBe((413, "PAYLOAD_TOO_LARGE"));
        answer.Text.ShouldContain("4194304 bytes");
    }

    [Theory]
    [InlineData("/api/v1/calls?tool=add", "tool", "tool_name")]
    [InlineData("/api/v1/calls?limit=x", "limit", "limit")]
    [InlineData("/api/v1/calls?success=maybe", "success", "success")]
    [InlineData("/api/v1/mcp/groups?pagesize=5", "pagesize", "page_size")]
    [InlineData("/api/v1/services?state=running", "state", "status")]
    [InlineData("/api/v1/auth/me?x=1", "x", "no query parameters")]
    public async Task Query_NobodyReads_IsRefusedByName(string path, string field, string said)
    {
        await using AdminHost host = await AdminHost.StartAsync();
        Answer answer = await host.GetAsync(path);
        (answer.Status, answer.Code, answer.Field).ShouldBe((400, "INVALID_PARAMETER", field));
        answer.Json.GetProperty("message").GetString()!.ShouldContain(said);
    }

    [Fact]
    public async Task Failure_Inside_SaysNothingOfItself()
    {
        await using AdminHost host = await AdminHost.StartAsync(map: Broken);
        Answer inner = await host.PostAsync("/api/v1/broken/code");
        (inner.Status, inner.Code).ShouldBe((500, "INTERNAL_ERROR"));
        inner.Text.ShouldNotContain("canary");
        Answer store = await host.PostAsync("/api/v1/broken/store");
        (store.Status, store.Code).ShouldBe((503, "SERVICE_UNAVAILABLE"));
        store.Headers.RetryAfter.ShouldNotBeNull();
        Answer full = await host.PostAsync("/api/v1/broken/full");
        (full.Status, full.Code).ShouldBe((507, "STORAGE_FULL"));

        static void Broken(Microsoft.AspNetCore.Routing.IEndpointRouteBuilder routes)
        {
            Microsoft.AspNetCore.Routing.RouteGroupBuilder group = routes.MapRest("/broken", "broken");
            Fail("/code", static () => new InvalidOperationException("canary"));
            Fail("/store", static () => new StoreBroken(new SqliteException("canary", 14)));
            Fail("/full", static () => new SqliteException("canary", 13));

            void Fail(string path, Func<Exception> make) =>
                group.MapPost(path, Task<RestResult<object>> () => throw make()).WithName("broken" + path);
        }
    }

    [Fact]
    public async Task Paths_OutsideTheApi_AreLeftAlone()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        HttpResponseMessage answer = await host.Client.GetAsync("/apis");
        answer.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await answer.Content.ReadAsStringAsync()).ShouldBeEmpty();
        answer.Headers.Contains("X-Request-Id").ShouldBeFalse();
    }

    [Fact]
    public void Codes_OfFrameworkStatuses_AreInTheTable()
    {
        for (int status = 400; status < 600; status++)
            _ = RestCodes.Status(RestCodes.OfStatus(status).Code);
        Should.Throw<InvalidOperationException>(() => RestCodes.Status("NO_SUCH_CODE"));
    }

    private sealed class StoreBroken(Exception inner) : Exception("outer", inner);
}
