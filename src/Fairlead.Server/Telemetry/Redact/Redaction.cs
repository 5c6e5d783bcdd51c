using System.Buffers;
using System.Collections.Frozen;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Fairlead.Server.Telemetry.Redact;

/// <summary>
/// Makes a body fit to be kept (A-60, P-85): secrets masked, cut to a few KiB, still JSON. Secrets are known by their
/// key or by how they look; personal data is masked as P-81…P-84 say.
/// </summary>
internal static class Redaction
{
    /// <summary>Bytes of a kept body (design.md "Call log").</summary>
    public const int DefaultLimit = 4096;

    private const int LeastLimit = 256;

    // Masking shortens mails and tokens, so more text than fits is looked at, but never all of a large body.
    private const int Slack = 1024;

    private static ReadOnlySpan<byte> Hidden => "****"u8;

    /// <summary>
    /// A masked copy of <paramref name="json"/>, at most <paramref name="max"/> bytes, always one valid JSON value; where
    /// something was left out stands <c>…</c>. Text that is not JSON becomes one JSON string.
    /// </summary>
    /// <param name="json">The body.</param>
    /// <param name="max">Most bytes of the copy.</param>
    /// <param name="sensitive">Keys whose values are secret besides those that look it.</param>
    public static byte[] Mask(ReadOnlySpan<byte> json, int max = DefaultLimit, FrozenSet<string>? sensitive = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(max, LeastLimit);
        var buffer = ArrayPool<byte>.Shared.Rent(max);
        var scratch = new ArrayBufferWriter<byte>(256);
        try
        {
            var output = new CutJson(buffer.AsSpan(0, max));
            try
            {
                Walk(json, ref output, scratch, sensitive);
            }
            catch (JsonException)
            {
                output = new CutJson(buffer.AsSpan(0, max));
                var start = json[..Math.Min(json.Length, max + Slack)];
                PutText(ref output, Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(start)), [], scratch);
            }
            return output.Finish();
        }
        finally
        {
            // What was rented held unmasked text at no time, only the result.
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void Walk(
        ReadOnlySpan<byte> json,
        ref CutJson output,
        ArrayBufferWriter<byte> scratch,
        FrozenSet<string>? sensitive
    )
    {
        var reader = new Utf8JsonReader(json);
        var name = new ArrayBufferWriter<byte>(64);
        var isSecret = false;
        var isCount = false;
        var isPersonal = false;
        var isSensitive = false;
        while (!output.IsCut && reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    scratch.ResetWrittenCount();
                    Unescape(ref reader, scratch, int.MaxValue);
                    isSecret = SecretWords.IsSecretKey(scratch.WrittenSpan);
                    isCount = isSecret && SecretWords.IsCount(scratch.WrittenSpan);
                    isPersonal = SecretWords.IsPersonalKey(scratch.WrittenSpan);
                    isSensitive =
                        sensitive is { Count: > 0 } && sensitive.Contains(Encoding.UTF8.GetString(scratch.WrittenSpan));
                    if (isSensitive)
                        (isSecret, isCount) = (true, false);
                    name.ResetWrittenCount();
                    TextMask.Apply(scratch.WrittenSpan, name);
                    continue;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    output.Close();
                    continue;
                case JsonTokenType.Null or JsonTokenType.True or JsonTokenType.False when !isSensitive:
                    output.Raw(name.WrittenSpan, reader.ValueSpan);
                    break;
                case JsonTokenType.Number when (!isSecret || isCount) && !isPersonal:
                    output.Raw(name.WrittenSpan, reader.ValueSpan);
                    break;
                case JsonTokenType.Number when !isSecret:
                    PutText(ref output, reader.ValueSpan, name.WrittenSpan, scratch);
                    break;
                case var _ when isSecret:
                    output.Text(name.WrittenSpan, Hidden);
                    reader.Skip();
                    break;
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    output.Open(name.WrittenSpan, reader.TokenType is JsonTokenType.StartObject);
                    break;
                default:
                    scratch.ResetWrittenCount();
                    Unescape(ref reader, scratch, output.Room + Slack);
                    PutText(ref output, scratch.WrittenSpan.ToArray(), name.WrittenSpan, scratch);
                    break;
            }
            isSecret = isCount = isPersonal = isSensitive = false;
            name.ResetWrittenCount();
        }
    }

    private static void PutText(
        ref CutJson output,
        ReadOnlySpan<byte> text,
        ReadOnlySpan<byte> name,
        ArrayBufferWriter<byte> scratch
    )
    {
        scratch.ResetWrittenCount();
        TextMask.Apply(text, scratch);
        output.Text(name, scratch.WrittenSpan);
    }

    /// <summary>The start of a string token, without escapes, ending between characters.</summary>
    private static void Unescape(ref Utf8JsonReader reader, ArrayBufferWriter<byte> into, int most)
    {
        if (!reader.ValueIsEscaped)
        {
            into.Write(Utf8Text.Start(reader.ValueSpan, most));
            return;
        }
        var rented = ArrayPool<byte>.Shared.Rent(reader.ValueSpan.Length);
        try
        {
            var length = reader.CopyString(rented);
            into.Write(Utf8Text.Start(rented.AsSpan(0, length), most));
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate: legal JSON, not text. Nobody reads it back as it was.
            into.Write("\uFFFD"u8);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented, clearArray: true);
        }
    }
}
