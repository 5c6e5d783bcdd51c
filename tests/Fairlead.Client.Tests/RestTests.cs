using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Fairlead.Testing;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;
using static Fairlead.Client.Tests.GatewayDouble;

namespace Fairlead.Client.Tests;

public sealed class RestTests(GatewayDouble gateway) : IClassFixture<GatewayDouble>
{
    private const string Group =
        """{"id":"g1","name":"Default","server_code":"default","enabled":true,"from_a_newer_gateway":1}""";

    private const string Call =
        """{"id":8,"created_at":"2026-01-01T00:00:00Z","request_id":"r","method":"tools/call"}""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private FairleadClient Client(FairleadClientOptions? options = null) =>
        new(gateway.Address, _ => new("the-token"), options);

    // I-14
    [Fact]
    public async Task Request_Refused_ThrowsWhatTheGatewaySaid()
    {
        gateway.Answer = (_, response) =>
        {
            response.Headers.RetryAfter = "7";
            return JsonAsync(
                response,
                409,
                Failure("GROUP_ALREADY_EXISTS", "Taken.", ""","field":"name","details":{"a":"b"}""")
            );
        };
        using var client = Client();
        var refused = await Should.ThrowAsync<FairleadApiException>(() =>
            client.Groups.CreateAsync(new GroupDraft { Name = "x" }, Token)
        );
        refused.Code.ShouldBe("GROUP_ALREADY_EXISTS");
        refused.Message.ShouldBe("Taken.");
        refused.Field.ShouldBe("name");
        refused.Details.ShouldBe([new("a", "b")]);
        refused.Status.ShouldBe(HttpStatusCode.Conflict);
        refused.RetryAfter.ShouldBe(TimeSpan.FromSeconds(7));
        refused.RequestId.ShouldBe(Guid.Parse("0190b2c0-0000-7000-8000-000000000001"));
    }

    // I-26: a client that asks often is told when to ask again, and does, with the same body.
    [Fact]
    public async Task Request_RefusedByTheLimitOfItsAddress_IsSentAgainWhenItMay()
    {
        var refusals = 0;
        gateway.Answer = (_, response) =>
        {
            if (refusals++ > 0)
                return JsonAsync(response, 201, Envelope(Group));
            response.Headers.RetryAfter = "1";
            return JsonAsync(
                response,
                429,
                Failure(
                    "RATE_LIMIT_EXCEEDED",
                    "Rate limit exceeded",
                    ""","details":{"limited":"requests of this address"}"""
                )
            );
        };
        var time = new FakeTimeProvider();
        using var client = Client(new() { Time = time });
        var before = gateway.Requests.Count;
        var asked = client.Groups.CreateAsync(new GroupDraft { Name = "again" }, Token);
        // Its deadline, and the pause.
        await Eventually.UntilAsync(() => refusals == 1 && time.ArmedTimers == 2);
        time.Advance(TimeSpan.FromMilliseconds(999));
        refusals.ShouldBe(1);
        time.Advance(TimeSpan.FromMilliseconds(1));
        (await asked).Name.ShouldBe("Default");
        var sent = gateway.Requests.Skip(before).ToList();
        sent.Count.ShouldBe(2);
        sent[1].Body.ShouldBe(sent[0].Body);
        sent[1].Body.ShouldContain("again");
    }

    [Theory]
    [InlineData("failed sign-ins of this user", "1")]
    [InlineData("requests of this address", "11")]
    public async Task Request_RefusedForLonger_Throws(string limited, string seconds)
    {
        gateway.Answer = (_, response) =>
        {
            response.Headers.RetryAfter = seconds;
            var details = ",\"details\":{\"limited\":\"" + limited + "\"}";
            return JsonAsync(response, 429, Failure("RATE_LIMIT_EXCEEDED", "Rate limit exceeded", details));
        };
        using var client = Client();
        var before = gateway.Requests.Count;
        (await Should.ThrowAsync<FairleadApiException>(() => client.Groups.GetAsync("x", Token))).RetryAfter.ShouldBe(
            TimeSpan.FromSeconds(int.Parse(seconds, System.Globalization.CultureInfo.InvariantCulture))
        );
        (gateway.Requests.Count - before).ShouldBe(1);
    }

    [Theory]
    [InlineData(200, "text/html", "<html>router login</html>")]
    [InlineData(200, "application/json", """{"hello":"world"}""")]
    [InlineData(200, "application/json", "not json")]
    [InlineData(200, "application/json", """{"success":true,"data":null}""")]
    [InlineData(502, "text/html", "bad gateway")]
    [InlineData(500, "application/json", """{"success":true,"data":{"id":"g1","name":"n","server_code":"c"}}""")]
    public async Task Request_AnsweredByAnotherProgram_SaysSo(int status, string type, string body)
    {
        gateway.Answer = (_, response) =>
        {
            response.StatusCode = status;
            response.ContentType = type;
            return response.WriteAsync(body);
        };
        using var client = Client();
        var refused = await Should.ThrowAsync<FairleadApiException>(() => client.Groups.GetAsync("g1", Token));
        refused.Code.ShouldBe(FairleadApiException.NotTheGateway);
        ((int)refused.Status).ShouldBe(status);
    }

    [Fact]
    public async Task Request_WithoutGateway_IsAnHttpRequestException()
    {
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var address = new Uri($"http://127.0.0.1:{((IPEndPoint)closed.LocalEndpoint).Port}");
        closed.Stop();
        using var client = new FairleadClient(address);
        await Should.ThrowAsync<HttpRequestException>(() => client.PingAsync(Token));
    }

    [Fact]
    public async Task Request_Unanswered_TimesOutByTheGivenClock()
    {
        var time = new FakeTimeProvider();
        gateway.Answer = async (request, _) =>
        {
            time.Advance(TimeSpan.FromSeconds(5));
            await request.GoneAsync();
        };
        using var client = Client(new() { RestTimeout = TimeSpan.FromSeconds(5), Time = time });
        var late = await Should.ThrowAsync<TimeoutException>(() => client.Groups.GetAsync("g1", Token));
        late.Message.ShouldContain("5 s");
    }

    [Fact]
    public async Task Request_CancelledByItsCaller_IsNotATimeout()
    {
        using var stop = new CancellationTokenSource();
        gateway.Answer = async (request, _) =>
        {
            await stop.CancelAsync();
            await request.GoneAsync();
        };
        using var client = Client();
        await Should.ThrowAsync<OperationCanceledException>(() => client.Groups.GetAsync("g1", stop.Token));
    }

    // P-76
    [Fact]
    public async Task SignIn_CarriesNoToken_AndLaterRequestsCarryTheNewOne()
    {
        gateway.Answer = (request, response) =>
            JsonAsync(
                response,
                200,
                request.Path.EndsWith("login", StringComparison.Ordinal)
                    ? Envelope("""{"access_token":"fresh","token_type":"Bearer","expires_in":3600}""")
                    : Envelope(Group)
            );
        using var client = new FairleadClient(gateway.Address);
        var token = await client.SignInAsync("admin", "s3cret!\"", Token);
        token.Value.ShouldBe("fresh");
        token.ExpiresIn.ShouldBe(3600);
        await client.Groups.GetAsync("g1", Token);

        var (login, get) = (gateway.Requests[^2], gateway.Requests[^1]);
        login.Path.ShouldBe("/api/v1/auth/login");
        login.Headers.Keys.ShouldNotContain("Authorization");
        JsonElement.Parse(login.Body).GetProperty("password").GetString().ShouldBe("s3cret!\"");
        get.Headers["Authorization"].ShouldBe("Bearer fresh");
    }

    //
    [Fact]
    public async Task List_IsFetchedAPageAtATime_AndOnlyAsFarAsRead()
    {
        var before = gateway.Requests.Count;
        gateway.Answer = (request, response) =>
            JsonAsync(
                response,
                200,
                Envelope(
                    $"[{Group},{Group}]",
                    request.Path.Contains("page=3", StringComparison.Ordinal)
                        ? ""","pagination":{"page":3,"page_size":2,"total":6,"total_pages":3,"has_next":false,"has_prev":true}"""
                        : ""","pagination":{"page":1,"page_size":2,"total":6,"total_pages":3,"has_next":true,"has_prev":false}"""
                )
            );
        using var client = Client();
        (await client.Groups.ListAsync(Token).CountAsync(Token)).ShouldBe(6);
        (gateway.Requests.Count - before).ShouldBe(3);
        await client.Groups.ListAsync(Token).Take(1).CountAsync(Token);
        (gateway.Requests.Count - before).ShouldBe(4);
    }

    // the log grows at its front, so its pages go by id.
    [Fact]
    public async Task Calls_AreContinuedBeforeTheLastId()
    {
        gateway.Answer = (request, response) =>
            JsonAsync(
                response,
                200,
                Envelope(
                    request.Path.Contains("before_id=5", StringComparison.Ordinal)
                        ? """{"calls":[{"id":4,"created_at":"2026-01-01T00:00:00Z","request_id":"r","method":"m"}],"next_before_id":null}"""
                        : """{"calls":[{"id":5,"created_at":"2026-01-01T00:00:00Z","request_id":"r","method":"m"}],"next_before_id":5}"""
                )
            );
        using var client = Client();
        var calls = client.Calls.ListAsync(new CallFilter { ToolName = "a&b" }, Token);
        (await calls.Select(c => c.Id).ToListAsync(Token)).ShouldBe([5, 4]);
        gateway.Requests[^1].Path.ShouldContain("tool_name=a%26b");
    }

    [Fact]
    public async Task Find_PrefersTheCode_ThenTheId_ThenTheName()
    {
        gateway.Answer = (_, response) =>
            JsonAsync(
                response,
                200,
                Envelope(
                    """
                    [{"id":"1","name":"b","server_code":"x"},{"id":"b","name":"c","server_code":"y"},
                    {"id":"3","name":"d","server_code":"b"}]
                    """
                )
            );
        using var client = Client();
        (await client.Groups.FindAsync("b", Token)).ShouldNotBeNull().Id.ShouldBe("3");
        (await client.Groups.FindAsync("1", Token)).ShouldNotBeNull().Id.ShouldBe("1");
        (await client.Groups.FindAsync("c", Token)).ShouldNotBeNull().Id.ShouldBe("b");
        (await client.Groups.FindAsync("nowhere", Token)).ShouldBeNull();
    }

    [Fact]
    public async Task Names_OfAnyForm_StayInTheirPathSegment()
    {
        gateway.Answer = (_, response) => JsonAsync(response, 200, Envelope(Group));
        using var client = Client();
        await client.Groups.PublishAsync("../auth", "a/b?c", Token);
        gateway.Requests[^1].Path.ShouldBe("/api/v1/mcp/groups/..%2Fauth/services/a%2Fb%3Fc");
    }

    [Fact]
    public async Task Change_SendsOnlyWhatIsToChange()
    {
        gateway.Answer = (_, response) => JsonAsync(response, 200, Envelope(Group));
        using var client = Client();
        await client.Groups.UpdateAsync("g1", new GroupChange { CallsPerMinute = 0 }, Token);
        gateway.Requests[^1].Body.ShouldBe("""{"calls_per_minute":0}""");
        gateway.Requests[^1].Headers["Content-Type"].ShouldBe("application/json");
    }

    [Fact]
    public async Task Redirect_IsNotFollowed_SoThatTheTokenStaysHere()
    {
        var before = gateway.Requests.Count;
        gateway.Answer = (_, response) =>
        {
            response.Redirect("/api/v1/elsewhere");
            return Task.CompletedTask;
        };
        using var client = Client();
        await Should.ThrowAsync<FairleadApiException>(() => client.Groups.GetAsync("g1", Token));
        (gateway.Requests.Count - before).ShouldBe(1);
    }

    // A beat says where the stream stands: what is logged while the connection is cut is not lost before the first call.
    [Fact(Timeout = 20_000)]
    public async Task Follow_CutBeforeTheFirstCall_GoesOnWhereTheBeatSaid()
    {
        gateway.Answer = (request, response) =>
        {
            response.ContentType = "text/event-stream";
            return response.WriteAsync(
                request.Path.Contains("after_id=7&", StringComparison.Ordinal)
                    ? "id: 8\ndata: " + Call + "\n\n"
                    : "event: beat\ndata: {}\n\nid: 7\nevent: beat\ndata: {}\n\n"
            );
        };
        using var client = Client();
        await foreach (
            var call in client.Calls.FollowAsync(new CallFilter { ToolName = "t" }, cancellationToken: Token)
        )
        {
            call.Id.ShouldBe(8);
            break;
        }
        gateway.Requests[^1].Path.ShouldBe("/api/v1/calls/stream?after_id=7&tool_name=t");
    }

    [Fact]
    public async Task Address_WithAPath_IsKept()
    {
        gateway.Answer = (_, response) => JsonAsync(response, 200, Envelope(Group));
        using var client = new FairleadClient(new Uri(gateway.Address, "gw"));
        await client.Groups.GetAsync("g1", Token);
        gateway.Requests[^1].Path.ShouldBe("/gw/api/v1/mcp/groups/g1");
    }

    [Theory]
    [InlineData("ftp://127.0.0.1/")]
    [InlineData("relative")]
    public void Address_ThatIsNoWebAddress_IsRefused(string address) =>
        Should.Throw<ArgumentException>(() => new FairleadClient(new Uri(address, UriKind.RelativeOrAbsolute)));
}
