using System.Net;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Channels;

/// <summary>When a lost session is begun anew, and when not (spec 2025-11-25 transports "Session Management").</summary>
public sealed class SessionRenewalTests
{
    private const string Initialized =
        """{"jsonrpc":"2.0","id":$id,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}}}""";

    private const string NoSession =
        """{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request: No valid session ID provided"}}""";

    [Fact]
    public async Task Renew_InitializeRefusedForItsSession_FailsTheCallInsteadOfWaitingForItself()
    {
        var (service, channel) = await HttpScript.StartAsync(
            (method, times) =>
                method == "initialize" && times == 1
                    ? (HttpStatusCode.OK, Initialized)
                    : (HttpStatusCode.BadRequest, NoSession)
        );
        await using var _ = service;
        await using var __ = channel;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        (await channel.CallTextAsync("x", cancellationToken: limit.Token)).ShouldStartWith("Error:");
        service.Seen["initialize"].ShouldBe(2);
        service.Seen["tools/call"].ShouldBe(1);
    }

    [Theory]
    [InlineData("The session of the tool has expired")]
    [InlineData("Bad Request: No valid session ID provided by the bank")]
    public async Task Call_ErrorThatOnlySpeaksOfSessions_IsNotSentAgain(string message) // security.md §0.8
    {
        var (service, channel) = await HttpScript.StartAsync(
            (method, _) =>
                method == "initialize"
                    ? (HttpStatusCode.OK, Initialized)
                    : (
                        HttpStatusCode.BadRequest,
                        $$$"""{"jsonrpc":"2.0","id":$id,"error":{"code":-32000,"message":"{{{message}}}"}}"""
                    )
        );
        await using var _ = service;
        await using var __ = channel;
        (await channel.CallTextAsync("x")).ShouldContain(message);
        service.Seen["tools/call"].ShouldBe(1);
        service.Seen["initialize"].ShouldBe(1);
    }
}
