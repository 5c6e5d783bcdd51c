using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Live;

/// <summary>
/// <c>GET /api/v1/live</c>, a WebSocket: what concerns the signed-in user, each message one JSON text with a <c>type</c>.
/// Browsers cannot set headers on it: they send the access token as the second of the subprotocols
/// <c>fairlead.live, TOKEN</c>.
/// </summary>
internal static class LiveEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes
            .MapRest("/live", "live", Policies.User)
            .MapGet("", RunAsync)
            .WithName("live")
            .WithSummary("A WebSocket with what concerns you, each message one JSON text with a type.")
            .WithDescription("Browsers send the access token as the second of the subprotocols fairlead.live, TOKEN.");

    private static async Task<IResult> RunAsync(
        HttpContext http,
        LiveNotifier live,
        LiveOptions options,
        TimeProvider time
    )
    {
        var user = http.Features.GetRequiredFeature<UserIdentity>().Id.Value;
        if (!http.WebSockets.IsWebSocketRequest)
            return (RestResult<object>)RestResult.Fail("INVALID_REQUEST", "This address is a WebSocket.");
        using var socket = await http.WebSockets.AcceptWebSocketAsync(
            new WebSocketAcceptContext
            {
                SubProtocol = http.WebSockets.WebSocketRequestedProtocols.Contains(TokenHandler.LiveProtocol)
                    ? TokenHandler.LiveProtocol
                    : null,
                KeepAliveInterval = options.KeepAlive,
                KeepAliveTimeout = options.KeepAlive,
            }
        );
        using var connection = new LiveConnection(socket, options, time);
        if (!live.Add(user, connection))
        {
            await socket.CloseAsync(
                System.Net.WebSockets.WebSocketCloseStatus.PolicyViolation,
                "too many connections",
                http.RequestAborted
            );
            return Results.Empty;
        }
        try
        {
            await connection.RunAsync(http.RequestAborted);
        }
        finally
        {
            live.Remove(user, connection);
        }
        return Results.Empty;
    }
}
