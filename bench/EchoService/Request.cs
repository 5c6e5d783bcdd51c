using System.Text.Json;

namespace EchoService;

/// <summary>The places of one JSON-RPC request that an echo needs; values are raw JSON.</summary>
internal ref struct Request
{
    public ReadOnlySpan<byte> Id;
    public ReadOnlySpan<byte> Method;
    public ReadOnlySpan<byte> Tool;

    /// <summary><c>params.arguments.text</c> with its quotes, escapes untouched: it goes back as it came.</summary>
    public ReadOnlySpan<byte> Text;

    /// <summary><c>params.protocolVersion</c> of <c>initialize</c>, without quotes.</summary>
    public ReadOnlySpan<byte> Version;

    public static Request Read(ReadOnlySpan<byte> message)
    {
        var request = default(Request);
        var reader = new Utf8JsonReader(message);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("id"u8))
                request.Id = Raw(ref reader, message);
            else if (reader.ValueTextEquals("method"u8))
                request.Method = Content(ref reader, message);
            else if (reader.ValueTextEquals("params"u8))
                request.ReadParams(ref reader, message);
            else
                reader.Skip();
        }
        return request;
    }

    private void ReadParams(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> message)
    {
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("name"u8))
                Tool = Content(ref reader, message);
            else if (reader.ValueTextEquals("protocolVersion"u8))
                Version = Content(ref reader, message);
            else if (reader.ValueTextEquals("arguments"u8))
                ReadArguments(ref reader, message);
            else
                reader.Skip();
        }
    }

    private void ReadArguments(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> message)
    {
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("text"u8))
                Text = Raw(ref reader, message);
            else
                reader.Skip();
        }
    }

    private static ReadOnlySpan<byte> Raw(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> message)
    {
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return message[start..(int)reader.BytesConsumed];
    }

    private static ReadOnlySpan<byte> Content(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> message)
    {
        var raw = Raw(ref reader, message);
        return raw.Length >= 2 && raw[0] == (byte)'"' ? raw[1..^1] : default;
    }
}
