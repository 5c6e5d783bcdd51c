using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Fairlead.Server.Tools.Binding;
using Fairlead.Toolkit;
using Microsoft.Extensions.AI;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Fairlead.Server.Tools;

/// <summary>Writes what a tool returned as a <c>tools/call</c> result.</summary>
internal static class ResultWriter
{
    /// <summary>Largest result when nobody says otherwise; the default of <c>Gateway:MaxResultBytes</c>.</summary>
    public const int MostBytes = 16 * 1024 * 1024;

    private static readonly JsonWriterOptions Json = new()
    {
        Encoder = MethodSchemas.Json.Encoder,
        SkipValidation = true,
    };

    /// <summary>An error result with a text.</summary>
    public static byte[] Error(string text) => Write(text, isError: true, MostBytes);

    /// <summary>The result of a run.</summary>
    /// <param name="result">What it came to.</param>
    /// <param name="wraps">Whether a value that is no object is shown as the member <c>result</c> of one.</param>
    /// <param name="most">Most bytes of it.</param>
    /// <exception cref="ToolFailedException">The value cannot be JSON, or is larger.</exception>
    public static byte[] Write(ToolResult result, bool wraps, int most = MostBytes) =>
        Of(result, wraps && !result.IsError, most);

    private static byte[] Of(ToolResult result, bool wraps, int most) =>
        result.Value switch
        {
            null => Write("", result.IsError, most),
            string text => Write(text, result.IsError, most, wraps ? JsonText(text, most) : default, wraps),
            int number when !wraps && !result.IsError => Plain(number),
            long number when !wraps && !result.IsError => Plain(number),
            double number when !wraps && !result.IsError && double.IsFinite(number) => Plain(number),
            CallToolResult whole => Serialize(whole, most),
            ContentBlock block => Serialize(new CallToolResult { Content = [block], IsError = result.IsError }, most),
            IEnumerable<ContentBlock> blocks => Serialize(
                new CallToolResult { Content = [.. blocks], IsError = result.IsError },
                most
            ),
            AIContent content => Serialize(
                new CallToolResult
                {
                    Content = [content.ToContentBlock()],
                    IsError = result.IsError || content is ErrorContent,
                },
                most
            ),
            IEnumerable<AIContent> contents => Serialize(
                new CallToolResult
                {
                    Content = [.. contents.Select(c => c.ToContentBlock())],
                    IsError = result.IsError,
                },
                most
            ),
            var value => Value(value, result.IsError, wraps, most),
        };

    // Digits need neither a serializer nor escapes.
    private static byte[] Plain<T>(T number)
        where T : IUtf8SpanFormattable
    {
        Span<byte> digits = stackalloc byte[32];
        number.TryFormat(digits, out var length, default, CultureInfo.InvariantCulture);
        return [.. "{\"content\":[{\"type\":\"text\",\"text\":\""u8, .. digits[..length], .. "\"}]}"u8];
    }

    private static byte[] Value(object value, bool isError, bool wraps, int most)
    {
        var json = JsonText(value, most);
        return json[0] switch
        {
            (byte)'{' => Write(json, isError, most, json, wraps: false),
            (byte)'"' => Write(JsonElement.Parse(json).GetString()!, isError, most, wraps ? json : default, wraps),
            (byte)'n' when !wraps => Write("", isError, most),
            _ => Write(json, isError, most, wraps ? json : default, wraps),
        };
    }

    private static ReadOnlySpan<byte> JsonText(object value, int most)
    {
        try
        {
            return Serialize(value, value.GetType(), most).Written;
        }
        catch (ArgumentException)
        {
            // JSON has no infinity and no "not a number".
            throw new ToolFailedException("The result holds a number that is not finite.");
        }
    }

    private static byte[] Serialize(CallToolResult result, int most) =>
        Serialize(result, typeof(CallToolResult), most).Written.ToArray();

    private static CappedBuffer Serialize(object value, Type type, int most)
    {
        var buffer = new CappedBuffer(most);
        using (var json = new Utf8JsonWriter(buffer, Json))
            JsonSerializer.Serialize(json, value, MethodSchemas.Json.GetTypeInfo(type));
        return buffer;
    }

    private static byte[] Write(
        string text,
        bool isError,
        int most,
        ReadOnlySpan<byte> structured = default,
        bool wraps = false
    )
    {
        // Counted first: it costs nothing beside a copy of what is thrown away.
        CappedBuffer.Check(text.Length, most);
        return Write(Encoding.UTF8.GetBytes(text), isError, most, structured, wraps);
    }

    private static byte[] Write(
        ReadOnlySpan<byte> text,
        bool isError,
        int most,
        ReadOnlySpan<byte> structured,
        bool wraps
    )
    {
        CappedBuffer.Check((long)text.Length + structured.Length, most);
        var buffer = new ArrayBufferWriter<byte>(64 + text.Length + structured.Length);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true }))
        {
            json.WriteStartObject();
            json.WriteStartArray("content"u8);
            json.WriteStartObject();
            json.WriteString("type"u8, "text"u8);
            json.WriteString("text"u8, text);
            json.WriteEndObject();
            json.WriteEndArray();
            if (!structured.IsEmpty)
            {
                json.WritePropertyName("structuredContent"u8);
                if (wraps)
                {
                    json.WriteStartObject();
                    json.WritePropertyName("result"u8);
                }
                json.WriteRawValue(structured, skipInputValidation: true);
                if (wraps)
                    json.WriteEndObject();
            }
            if (isError)
                json.WriteBoolean("isError"u8, true);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }
}
