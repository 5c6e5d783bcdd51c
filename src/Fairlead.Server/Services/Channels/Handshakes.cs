using System.Text;
using System.Text.Json;
using Fairlead.Protocol;

namespace Fairlead.Server.Services.Channels;

/// <summary>
/// What we say of ourselves to services and what they say in return. Capabilities towards legacy services are those
/// we carry (C-25): roots, sampling and both modes of elicitation.
/// </summary>
internal static class Handshakes
{
    private static readonly string ClientInfo = $$"""{"name":"Fairlead","version":"{{ProductVersion.Text}}"}""";

    /// <summary><c>_meta</c> of our own requests to modern services; we ask them nothing, so we declare nothing.</summary>
    private static readonly string Meta =
        "{\"io.modelcontextprotocol/protocolVersion\":\""
        + Revisions.Newest.Wire()
        + "\",\"io.modelcontextprotocol/clientInfo\":"
        + ClientInfo
        + ",\"io.modelcontextprotocol/clientCapabilities\":{}}";

    /// <summary>The part of a params object that carries <c>_meta</c>, without braces: for our own modern requests.</summary>
    public static ReadOnlySpan<byte> MetaMember => MetaMemberBytes;

    private static readonly byte[] MetaMemberBytes = Encoding.UTF8.GetBytes($"\"_meta\":{Meta}");

    public static ChannelCall Discover { get; } =
        new() { Method = McpMethod.ServerDiscover, Params = Encoding.UTF8.GetBytes("{\"_meta\":" + Meta + "}") };

    /// <summary><c>initialize</c> asking for a revision.</summary>
    public static ChannelCall Initialize(Revision revision) =>
        new()
        {
            Method = McpMethod.Initialize,
            Params = Encoding.UTF8.GetBytes(
                "{\"protocolVersion\":\""
                    + revision.Wire()
                    + "\",\"capabilities\":{\"roots\":{\"listChanged\":false},\"sampling\":{},"
                    + "\"elicitation\":{\"form\":{},\"url\":{}}},\"clientInfo\":"
                    + ClientInfo
                    + "}"
            ),
        };

    /// <summary>Reads an initialize result.</summary>
    /// <returns>Null with the reason when it is not one, or names a revision we do not speak.</returns>
    public static ServiceHello? ReadInitialize(ReadOnlySpan<byte> result, out string problem)
    {
        var version = Text(result, "protocolVersion"u8);
        problem = version is null
            ? "initialize was answered without a protocolVersion"
            : $"the service speaks '{version}'";
        if (!Revisions.TryParse(version, out var revision) || revision.Era() != Era.Legacy)
            return null;
        var info = Part(result, "serverInfo"u8);
        return Build(result, revision, info, ref problem);
    }

    /// <summary>Reads a discover result.</summary>
    /// <returns>Null with the reason when it is not one, or offers no revision we speak.</returns>
    public static ServiceHello? ReadDiscover(ReadOnlySpan<byte> result, out string problem)
    {
        problem = "the service offers no modern revision we speak";
        if (!Names(JsonScan.Value(result, "supportedVersions"u8)).Contains(Revisions.Newest))
            return null;
        var info = Part(JsonScan.Value(result, "_meta"u8), "io.modelcontextprotocol/serverInfo"u8);
        return Build(result, Revisions.Newest, info, ref problem);
    }

    /// <summary>The revisions of an array of names; unknown ones are left out.</summary>
    public static List<Revision> Names(ReadOnlySpan<byte> array)
    {
        var found = new List<Revision>();
        if (array.IsEmpty)
            return found;
        var reader = new Utf8JsonReader(array);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
            return found;
        while (reader.Read() && reader.TokenType == JsonTokenType.String)
        {
            if (Revisions.TryParse(Safe(ref reader), out var revision))
                found.Add(revision);
        }
        return found;
    }

    private static ServiceHello? Build(
        ReadOnlySpan<byte> result,
        Revision revision,
        ReadOnlySpan<byte> info,
        ref string problem
    )
    {
        var capabilities = Part(result, "capabilities"u8);
        if (capabilities.IsEmpty)
        {
            problem = "the handshake was answered without capabilities";
            return null;
        }
        return new ServiceHello(
            revision,
            capabilities.ToArray(),
            info.IsEmpty ? "{}"u8.ToArray() : info.ToArray(),
            Text(result, "instructions"u8)
        );
    }

    /// <summary>A member that is an object, or nothing.</summary>
    private static ReadOnlySpan<byte> Part(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name) =>
        JsonScan.Value(json, name) is var part && part.StartsWith((byte)'{') ? part : default;

    /// <summary>The text of a string member; null when it is none or has no UTF-8 form.</summary>
    public static string? Text(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        var value = JsonScan.Value(json, name);
        if (!value.StartsWith((byte)'"'))
            return null;
        var reader = new Utf8JsonReader(value);
        reader.Read();
        return Safe(ref reader);
    }

    /// <summary>Decodes a string; lone surrogates make it null instead of an exception.</summary>
    private static string? Safe(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
