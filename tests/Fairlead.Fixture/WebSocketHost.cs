using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Fixture;

/// <summary>Serves at /ws: a message a text frame, subprotocol mcp; each socket is a client of its own.</summary>
internal sealed class WebSocketHost(FixtureService service, FixtureOptions options)
{
    public async Task HandleAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest || !context.WebSockets.WebSocketRequestedProtocols.Contains("mcp"))
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }
        using var socket = await context.WebSockets.AcceptWebSocketAsync("mcp");
        var session = new Session(service, options, socket);
        service.Tools.Forget += socket.Abort;
        await session.RunAsync();
        service.Tools.Forget -= socket.Abort;
    }

    private sealed class Session(FixtureService service, FixtureOptions options, WebSocket socket)
        : MessageHost(service, options)
    {
        private readonly SemaphoreSlim writing = new(1, 1);

        public async Task RunAsync()
        {
            var buffer = new byte[64 * 1024];
            using var message = new MemoryStream();
            try
            {
                while (await socket.ReceiveAsync(buffer, CancellationToken.None) is { } part)
                {
                    if (part.MessageType == WebSocketMessageType.Close)
                        break;
                    message.Write(buffer, 0, part.Count);
                    if (!part.EndOfMessage)
                        continue;
                    OnMessage((JsonObject)JsonNode.Parse(message.ToArray())!);
                    message.SetLength(0);
                }
            }
            catch (WebSocketException)
            {
                // The client is gone, or was cut.
            }
        }

        protected override async Task WriteAsync(string json)
        {
            await writing.WaitAsync();
            try
            {
                if (socket.State == WebSocketState.Open)
                {
                    await socket.SendAsync(
                        Encoding.UTF8.GetBytes(json),
                        WebSocketMessageType.Text,
                        endOfMessage: true,
                        CancellationToken.None
                    );
                }
            }
            finally
            {
                writing.Release();
            }
        }
    }
}
