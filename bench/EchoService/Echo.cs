using System.Buffers;
using System.Text;

namespace EchoService;

/// <summary>One face of the service: a tool that returns its <c>text</c>, in one era, answered with ready-made bytes.</summary>
internal sealed class Echo
{
    private const string Schema =
        "{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\",\"description\":\"Comes back.\"}},\"required\":[\"text\"]}";
    private static readonly string[] LegacyRevisions = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

    private readonly byte[] tool;
    private readonly byte[] toolList;
    private readonly bool isModern;

    /// <param name="tool">Name of the tool.</param>
    /// <param name="isModern">2026-07-28 alone, else the handshake revisions alone.</param>
    /// <param name="more">Tools listed besides; they can be called too.</param>
    public Echo(string tool, bool isModern, int more = 0)
    {
        this.tool = Encoding.ASCII.GetBytes(tool);
        this.isModern = isModern;
        var list = new StringBuilder("{");
        if (isModern)
            list.Append("\"resultType\":\"complete\",\"ttlMs\":60000,\"cacheScope\":\"public\",");
        list.Append(
            Invariant(
                $"\"tools\":[{{\"name\":\"{tool}\",\"description\":\"Returns its text.\",\"inputSchema\":{Schema}}}"
            )
        );
        for (var i = 1; i < more; i++)
            list.Append(Definition(i));
        toolList = Encoding.ASCII.GetBytes(list.Append("]}").ToString());
    }

    /// <summary>Whether this face serves 2026-07-28.</summary>
    public bool IsModern => isModern;

    /// <summary>Answers a message; false when it was a notification and gets no answer.</summary>
    public bool Answer(in Request request, IBufferWriter<byte> to)
    {
        if (request.Id.IsEmpty)
            return false;
        to.Write("{\"jsonrpc\":\"2.0\",\"id\":"u8);
        to.Write(request.Id);
        if (request.Method.SequenceEqual("tools/call"u8))
            Call(request, to);
        else if (request.Method.SequenceEqual("tools/list"u8))
            Result(to, toolList);
        else if (!isModern && request.Method.SequenceEqual("initialize"u8))
            Initialize(request, to);
        else if (!isModern && request.Method.SequenceEqual("ping"u8))
            Result(to, "{}"u8);
        else if (isModern && request.Method.SequenceEqual("server/discover"u8))
            Result(to, Discovered);
        else
            to.Write(",\"error\":{\"code\":-32601,\"message\":\"Method not found\"}"u8);
        to.Write("}"u8);
        return true;
    }

    private static ReadOnlySpan<byte> Discovered =>
        "{\"resultType\":\"complete\",\"supportedVersions\":[\"2026-07-28\"],\"capabilities\":{\"tools\":{}},\"ttlMs\":60000,\"cacheScope\":\"public\",\"_meta\":{\"io.modelcontextprotocol/serverInfo\":{\"name\":\"echo\",\"version\":\"1.0.0\"}}}"u8;

    private void Call(in Request request, IBufferWriter<byte> to)
    {
        var known = request.Tool.SequenceEqual(tool) || request.Tool.StartsWith("tool_"u8);
        if (!known || request.Text.Length < 2 || request.Text[0] != (byte)'"')
        {
            to.Write(",\"error\":{\"code\":-32602,\"message\":\"Unknown tool, or text is missing\"}"u8);
            return;
        }
        to.Write(",\"result\":{"u8);
        if (isModern)
            to.Write("\"resultType\":\"complete\","u8);
        to.Write("\"content\":[{\"type\":\"text\",\"text\":"u8);
        to.Write(request.Text);
        to.Write("}]}"u8);
    }

    private static void Initialize(in Request request, IBufferWriter<byte> to)
    {
        var asked = Encoding.ASCII.GetString(request.Version);
        var agreed = LegacyRevisions.Contains(asked) ? asked : LegacyRevisions[^1];
        Result(
            to,
            Encoding.ASCII.GetBytes(
                $"{{\"protocolVersion\":\"{agreed}\",\"capabilities\":{{\"tools\":{{}}}},\"serverInfo\":{{\"name\":\"echo\",\"version\":\"1.0.0\"}}}}"
            )
        );
    }

    private static void Result(IBufferWriter<byte> to, ReadOnlySpan<byte> result)
    {
        to.Write(",\"result\":"u8);
        to.Write(result);
    }

    // About 400 bytes, the size of an average definition of the public reference servers.
    private static string Definition(int i) =>
        Invariant(
            $",{{\"name\":\"tool_{i:0000}\",\"title\":\"Tool {i}\",\"description\":\"Looks up record {i} of the catalogue and returns it as text; give its key and, if wanted, a limit.\",\"inputSchema\":{{\"type\":\"object\",\"properties\":{{\"text\":{{\"type\":\"string\",\"description\":\"Key of the record.\"}},\"limit\":{{\"type\":\"integer\",\"minimum\":1,\"maximum\":100,\"default\":10}}}},\"required\":[\"text\"]}},\"annotations\":{{\"readOnlyHint\":true}}}}"
        );

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
