using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Fairlead.Load;

/// <summary>One MCP client on its own connection: a legacy one has a session of its own, a modern one none.</summary>
internal sealed class Client : IDisposable
{
    // All ids have twelve digits, so that requests and answers keep their length and only the digits change.
    private const long FirstId = 100_000_000_000;
    private const int IdDigits = 12;
    private const string Info = "{\"name\":\"fairlead-load\",\"version\":\"1.0.0\"}";

    // As long as a real one: the same bytes for all.
    private const string BareSession = "bench.0123456789ABCDEFGHIJKL.0123456789abcdef";
    private static long lastId = FirstId;

    private readonly Connection connection;
    private readonly Target target;
    private string? session;
    private byte[] request = [];
    private int requestId;
    private byte[] expected = [];
    private int expectedId;

    private Client(Connection connection, Target target)
    {
        this.connection = connection;
        this.target = target;
    }

    public static async Task<Client> OpenAsync(Target target)
    {
        var client = new Client(await Connection.OpenAsync(target.Endpoint.Uri), target);
        if (target.IsModern)
            return client;
        if (target.IsBare)
        {
            client.session = BareSession;
            return client;
        }
        var hello = await client.connection.SendAsync(
            client.Post(
                "initialize",
                null,
                $"{{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{{}},\"clientInfo\":{Info}}}"
            )
        );
        client.session = hello.Header("Mcp-Session-Id");
        if (hello.Status != 200 || client.session is null)
            throw new BrokenRunException($"{target.Name}: initialize was answered {hello.Status} {hello.BodyText}");
        var ready = await client.connection.SendAsync(
            client.Post("notifications/initialized", null, "{}", isRequest: false)
        );
        return ready.Status == 202
            ? client
            : throw new BrokenRunException($"{target.Name}: initialized was answered {ready.Status}");
    }

    /// <summary>Makes ready to call the tool, by one call whose answer is read whole and becomes the pattern of all others.</summary>
    public Task PrepareAsync(Payload payload) =>
        PrepareAsync(
            "tools/call",
            target.Tool,
            $"\"name\":\"{target.Tool}\",\"arguments\":{payload.Arguments}",
            result => payload.IsRight(result.GetProperty("content")[0].GetProperty("text").GetString()!)
        );

    public async Task PrepareAsync(string method, string? name, string members, Func<JsonElement, bool> isRight)
    {
        var meta = target.IsModern
            ? $"\"_meta\":{{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientInfo\":{Info},\"io.modelcontextprotocol/clientCapabilities\":{{}}}}"
            : "";
        var comma = meta.Length > 0 && members.Length > 0 ? "," : "";
        request = Post(method, name, $"{{{members}{comma}{meta}}}");
        requestId = request.AsSpan().IndexOf("\"id\":"u8) + 5;
        var id = NextId();
        var answer = await connection.SendAsync(request);
        Learn(answer, id, isRight);
    }

    /// <summary>One call; a wrong answer throws.</summary>
    public async ValueTask CallAsync()
    {
        NextId();
        var answer = await connection.SendAsync(request);
        if (!IsExpected(answer.Body.Span) || answer.Status != 200)
            throw new BrokenRunException($"{target.Name}: a wrong answer, {answer.Status} {Short(answer.BodyText)}");
    }

    /// <summary>Ends the session, as a tidy client does.</summary>
    public async Task CloseAsync()
    {
        if (session is not null && !target.IsBare)
            await connection.SendAsync(
                Encoding.ASCII.GetBytes($"DELETE {target.Path} HTTP/1.1\r\n{Common()}Content-Length: 0\r\n\r\n")
            );
        Dispose();
    }

    public void Dispose() => connection.Dispose();

    private void Learn(HttpAnswer answer, long id, Func<JsonElement, bool> isRight)
    {
        if (answer.Status != 200)
            throw new BrokenRunException($"{target.Name}: HTTP {answer.Status} {Short(answer.BodyText)}");
        using var json = JsonDocument.Parse(answer.Body);
        var root = json.RootElement;
        var right =
            root.GetProperty("id").GetInt64() == id
            && root.TryGetProperty("result", out var result)
            && !(result.TryGetProperty("isError", out var failed) && failed.GetBoolean())
            && isRight(result);
        if (!right)
            throw new BrokenRunException($"{target.Name}: a wrong answer: {Short(answer.BodyText)}");
        expected = answer.Body.ToArray();
        expectedId = expected.AsSpan().IndexOf(request.AsSpan(requestId, IdDigits));
    }

    // Every byte is compared: the pattern with the id of this very request.
    private bool IsExpected(ReadOnlySpan<byte> body) =>
        body.Length == expected.Length
        && body[..expectedId].SequenceEqual(expected.AsSpan(0, expectedId))
        && body.Slice(expectedId, IdDigits).SequenceEqual(request.AsSpan(requestId, IdDigits))
        && body[(expectedId + IdDigits)..].SequenceEqual(expected.AsSpan(expectedId + IdDigits));

    private long NextId()
    {
        var id = Interlocked.Increment(ref lastId);
        Utf8Formatter.TryFormat(id, request.AsSpan(requestId, IdDigits), out _);
        return id;
    }

    private byte[] Post(string method, string? name, string parameters, bool isRequest = true)
    {
        var id = isRequest ? $"\"id\":{FirstId}," : "";
        var body = $"{{\"jsonrpc\":\"2.0\",{id}\"method\":\"{method}\",\"params\":{parameters}}}";
        var mirrored = target.IsModern
            ? $"Mcp-Method: {method}\r\n" + (name is null ? "" : $"Mcp-Name: {name}\r\n")
            : "";
        return Encoding.ASCII.GetBytes(
            $"POST {target.Path} HTTP/1.1\r\n{Common()}{mirrored}Accept: application/json, text/event-stream\r\n"
                + $"Content-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}"
        );
    }

    private string Common() =>
        $"Host: {target.Endpoint.Uri.Authority}\r\nAuthorization: Bearer {target.Key}\r\n"
        + $"MCP-Protocol-Version: {(target.IsModern ? "2026-07-28" : "2025-11-25")}\r\n"
        + (session is null ? "" : $"Mcp-Session-Id: {session}\r\n");

    private static string Short(string text) => text.Length <= 300 ? text : text[..300] + "…";
}
