using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Fairlead.Protocol;

namespace Fairlead.Server.Services.Channels;

/// <summary>What an incoming message is.</summary>
internal enum WireKind
{
    /// <summary>Not a message of the protocol; <see cref="WireMessage.Id"/> is set where it could still be read.</summary>
    Invalid,
    Result,
    Error,
    Request,
    Notification,
}

/// <summary>
/// Where the parts of one message of a service lie. Read in one pass without building objects; the parts stay raw.
/// </summary>
/// <param name="Kind">What it is.</param>
/// <param name="Id">Our call's id of a response; 0 when absent or not one of ours.</param>
/// <param name="RawId">The id's bytes, for answering a request of the service.</param>
/// <param name="Method">Method of a request or notification.</param>
/// <param name="Body">Bytes of <c>result</c>, <c>error</c> or <c>params</c>; empty when absent.</param>
internal readonly record struct WireMessage(WireKind Kind, long Id, Range RawId, McpMethod Method, Range Body)
{
    /// <summary>
    /// Scans one message. Members of the envelope may not repeat, <c>result</c>, <c>error</c> and <c>params</c> are
    /// objects, and the whole is valid UTF-8 (R25, security.md section 0).
    /// </summary>
    public static WireMessage Scan(ReadOnlySpan<byte> utf8)
    {
        var scan = new Scanner();
        using var plain = PlainJson.Of(utf8);
        try
        {
            // Half a surrogate pair is passed on as it came: cut-off texts of JavaScript services have them.
            scan.Run(utf8, plain.Fault == PlainJsonFault.None ? plain.Bytes : utf8);
        }
        catch (JsonException)
        {
            scan.Broken = true;
        }
        catch (InvalidOperationException)
        {
            // The reader reports invalid surrogates and UTF-8 inside the few strings we decode this way.
            scan.Broken = true;
        }
        return scan.Finish(utf8);
    }

    /// <summary>The value as one of our own ids: a whole positive number, nothing else.</summary>
    public static long OurId(ReadOnlySpan<byte> raw) =>
        long.TryParse(raw, System.Globalization.NumberStyles.None, null, out var id) ? id : 0;

    private static Range ReadValue(ref Utf8JsonReader reader)
    {
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return start..(int)reader.BytesConsumed;
    }

    private struct Scanner
    {
        private Range id;
        private Range result;
        private Range error;
        private Range parameters;
        private McpMethod method;
        private bool hasMethod;
        private int seen;

        public bool Broken { get; set; }

        /// <param name="utf8">The message.</param>
        /// <param name="plain">The same without escapes, for the reader.</param>
        public void Run(ReadOnlySpan<byte> utf8, ReadOnlySpan<byte> plain)
        {
            var reader = new Utf8JsonReader(plain);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                Broken = true;
                return;
            }
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                Member(ref reader, utf8);
            // What follows the object makes the reader throw; a cut-off object leaves it inside.
            Broken |= reader.TokenType != JsonTokenType.EndObject || reader.Read();
        }

        public readonly WireMessage Finish(ReadOnlySpan<byte> utf8)
        {
            var ours = Has(id) ? OurId(utf8[id]) : 0;
            var kind =
                Broken || !Utf8.IsValid(utf8) ? WireKind.Invalid
                : hasMethod
                    ? Has(result) || Has(error) ? WireKind.Invalid
                        : Has(id) ? WireKind.Request
                        : WireKind.Notification
                : Has(result) == Has(error) ? WireKind.Invalid
                : Has(result) ? WireKind.Result
                : WireKind.Error;
            var body = kind switch
            {
                WireKind.Result => result,
                WireKind.Error => error,
                _ => parameters,
            };
            return new WireMessage(kind, ours, id, method, body);
        }

        private static bool Has(Range range) => !range.Equals(default);

        private void Member(ref Utf8JsonReader reader, ReadOnlySpan<byte> utf8)
        {
            var name = Text(ref reader, utf8);
            if (name.SequenceEqual("id"u8))
                Once(1, id = Scalar(ref reader));
            else if (name.SequenceEqual("result"u8))
                Once(2, result = Object(ref reader, utf8));
            else if (name.SequenceEqual("error"u8))
                Once(4, error = Object(ref reader, utf8));
            else if (name.SequenceEqual("params"u8))
                Once(8, parameters = Object(ref reader, utf8));
            else if (name.SequenceEqual("method"u8))
                ReadMethod(ref reader, utf8);
            else if (name.SequenceEqual("jsonrpc"u8))
                ReadVersion(ref reader, utf8);
            else
                ReadValue(ref reader);
        }

        private void Once(int bit, Range _)
        {
            Broken |= (seen & bit) != 0;
            seen |= bit;
        }

        private Range Scalar(ref Utf8JsonReader reader)
        {
            var range = ReadValue(ref reader);
            // An error that could not name its request carries id null; requests may not.
            Broken |= reader.TokenType is not (JsonTokenType.Number or JsonTokenType.String or JsonTokenType.Null);
            return reader.TokenType == JsonTokenType.Null ? default : range;
        }

        private Range Object(ref Utf8JsonReader reader, ReadOnlySpan<byte> utf8)
        {
            var range = ReadValue(ref reader);
            Broken |= utf8[range.Start.Value] != (byte)'{';
            return range;
        }

        private void ReadMethod(ref Utf8JsonReader reader, ReadOnlySpan<byte> utf8)
        {
            reader.Read();
            Once(16, default);
            if (reader.TokenType != JsonTokenType.String)
            {
                Broken = true;
                return;
            }
            hasMethod = true;
            method = McpMethods.Parse(Text(ref reader, utf8));
        }

        private void ReadVersion(ref Utf8JsonReader reader, ReadOnlySpan<byte> utf8)
        {
            reader.Read();
            Broken |= reader.TokenType != JsonTokenType.String || !Text(ref reader, utf8).SequenceEqual("2.0"u8);
        }

        /// <summary>The string at the reader; some encoders escape the slash of a method.</summary>
        private static ReadOnlySpan<byte> Text(ref Utf8JsonReader reader, ReadOnlySpan<byte> utf8)
        {
            var quoted = utf8.Slice((int)reader.TokenStartIndex, reader.ValueSpan.Length + 2);
            return quoted.Contains((byte)'\\') ? Encoding.UTF8.GetBytes(JsonText.Unquote(quoted)) : quoted[1..^1];
        }
    }
}
