using System.Text;
using System.Text.Json;

namespace Fairlead.Protocol;

/// <summary>One pass over a message. Levels: 0 the message, 1 params, 2 params._meta or params.ref; below, only checks.</summary>
internal ref struct EnvelopeWalk(ReadOnlySpan<byte> message, PlainJson plain, EnvelopeLimits limits, Envelope envelope)
{
    private readonly ReadOnlySpan<byte> message = message;
    private readonly bool hasEscapes = plain.HasEscapes;
    private Utf8JsonReader reader = new(
        plain.Bytes,
        new JsonReaderOptions { MaxDepth = limits.Depth, CommentHandling = JsonCommentHandling.Disallow }
    );
    private int members;
    private bool rpc;
    private bool badId;
    private bool badMethod;
    private bool badParams;
    private Slice refName;
    private Slice refUri;

    public EnvelopeFault Run(ref DuplicateKeys keys)
    {
        if (!reader.Read())
            return EnvelopeFault.NotJson;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            var kind = reader.TokenType == JsonTokenType.StartArray ? EnvelopeFault.Batch : EnvelopeFault.NotObject;
            var inner = CheckValue(ref keys);
            while (inner == EnvelopeFault.None && reader.Read()) { }
            return inner == EnvelopeFault.None ? kind : inner;
        }
        var fault = Members(0, ref keys);
        if (fault != EnvelopeFault.None)
            return fault;
        // Anything but white space after the object makes Read throw.
        reader.Read();
        return Judge();
    }

    private EnvelopeFault Judge()
    {
        if (!rpc)
            return EnvelopeFault.NotJsonRpc;
        if (badId)
        {
            envelope.Id = default;
            return EnvelopeFault.BadId;
        }
        var parts =
            (envelope.MethodName.Present || badMethod ? 1 : 0)
            + (envelope.Result.Present ? 1 : 0)
            + (envelope.Error.Present ? 1 : 0);
        if (parts != 1 || badMethod)
            return EnvelopeFault.NoMethod;
        if (envelope.Result.Present && !envelope.Id.Present)
            return EnvelopeFault.BadId;
        envelope.Kind =
            envelope.Result.Present ? MessageKind.Result
            : envelope.Error.Present ? MessageKind.Error
            : envelope.Id.Present ? MessageKind.Request
            : MessageKind.Notification;
        if (envelope.Kind is MessageKind.Request or MessageKind.Notification)
            envelope.Method = McpMethods.Parse(envelope.MethodName.Of(message));
        if (envelope.Method == McpMethod.CompletionComplete)
        {
            envelope.Name = refName;
            envelope.Uri = refUri;
        }
        return badParams ? EnvelopeFault.BadParams : EnvelopeFault.None;
    }

    /// <summary>Reads the members of the object whose brace is the current token, up to its closing brace.</summary>
    private EnvelopeFault Members(int level, ref DuplicateKeys keys)
    {
        keys.OpenObject();
        while (true)
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.EndObject)
            {
                keys.CloseObject();
                return EnvelopeFault.None;
            }
            if (++members > limits.Members)
                return EnvelopeFault.TooManyMembers;
            var start = (int)reader.TokenStartIndex + 1;
            var key = message.Slice(start, reader.ValueSpan.Length);
            if (hasEscapes && key.IndexOf((byte)'\\') >= 0)
            {
                // An escaped key is rare, never one of ours on purpose, and counts with its real text.
                key = Encoding.UTF8.GetBytes(JsonText.Unquote(message.Slice(start - 1, key.Length + 2)));
                start = -1;
            }
            if (!keys.Add(message, key, start))
                return EnvelopeFault.DuplicateKey;
            var fault = level switch
            {
                0 => TopMember(key, ref keys),
                1 => ParamMember(key, ref keys),
                2 => MetaMember(key, ref keys),
                3 => RefMember(key, ref keys),
                _ => NextValue(ref keys),
            };
            if (fault != EnvelopeFault.None)
                return fault;
        }
    }

    private EnvelopeFault TopMember(ReadOnlySpan<byte> key, ref DuplicateKeys keys)
    {
        if (key.SequenceEqual("params"u8))
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.Null)
                return EnvelopeFault.None;
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                badParams = true;
                return CheckValue(ref keys);
            }
            var start = (int)reader.TokenStartIndex;
            var fault = Members(1, ref keys);
            envelope.Params = Since(start);
            return fault;
        }
        var value = Value(ref keys, out var slice, out var type);
        if (value != EnvelopeFault.None)
            return value;
        if (key.SequenceEqual("jsonrpc"u8))
            rpc = slice.Of(message).SequenceEqual("\"2.0\""u8);
        else if (key.SequenceEqual("id"u8))
            Id(slice, type);
        else if (key.SequenceEqual("method"u8))
        {
            badMethod = type != JsonTokenType.String || slice.Length <= 2;
            if (!badMethod)
                envelope.MethodName = new Slice(slice.Start + 1, slice.Length - 2);
        }
        else if (key.SequenceEqual("result"u8))
            envelope.Result = slice;
        else if (key.SequenceEqual("error"u8))
            envelope.Error = slice;
        return EnvelopeFault.None;
    }

    private void Id(Slice slice, JsonTokenType type)
    {
        var raw = slice.Of(message);
        var good = type switch
        {
            JsonTokenType.String => slice.Length - 2 <= limits.IdBytes,
            JsonTokenType.Number => slice.Length <= limits.IdBytes
                && raw.IndexOfAny((byte)'.', (byte)'e', (byte)'E') < 0,
            _ => false,
        };
        badId = !good;
        envelope.Id = slice;
    }

    private EnvelopeFault ParamMember(ReadOnlySpan<byte> key, ref DuplicateKeys keys)
    {
        if (key.SequenceEqual("_meta"u8))
            return Nested(2, static (e, s) => e.Meta = s, ref keys);
        if (key.SequenceEqual("ref"u8))
            return Nested(3, static (_, _) => { }, ref keys);
        var fault = Value(ref keys, out var slice, out var type);
        if (fault != EnvelopeFault.None)
            return fault;
        if (key.SequenceEqual("name"u8))
            envelope.Name = OnlyString(slice, type);
        else if (key.SequenceEqual("arguments"u8))
            envelope.Arguments = slice;
        else if (key.SequenceEqual("uri"u8))
            envelope.Uri = OnlyString(slice, type);
        else if (key.SequenceEqual("cursor"u8))
            envelope.Cursor = type == JsonTokenType.Null ? default : OnlyString(slice, type);
        else if (key.SequenceEqual("requestId"u8))
            envelope.CancelledId = slice;
        else if (key.SequenceEqual("inputResponses"u8) || key.SequenceEqual("requestState"u8))
            envelope.IsRetry = true;
        return EnvelopeFault.None;
    }

    private EnvelopeFault MetaMember(ReadOnlySpan<byte> key, ref DuplicateKeys keys)
    {
        var fault = Value(ref keys, out var slice, out var type);
        if (fault != EnvelopeFault.None)
            return fault;
        if (key.SequenceEqual("progressToken"u8))
        {
            badParams |= type is not (JsonTokenType.String or JsonTokenType.Number);
            envelope.ProgressToken = slice;
        }
        else if (key.SequenceEqual("traceparent"u8))
            envelope.TraceParent = type == JsonTokenType.String ? slice : default;
        else if (key.StartsWith("io.modelcontextprotocol/"u8))
            ProtocolMember(key[24..], slice, type);
        return EnvelopeFault.None;
    }

    private void ProtocolMember(ReadOnlySpan<byte> name, Slice slice, JsonTokenType type)
    {
        if (name.SequenceEqual("protocolVersion"u8))
            envelope.MetaVersion = OnlyString(slice, type);
        else if (name.SequenceEqual("clientInfo"u8))
            envelope.ClientInfo = OnlyObject(slice, type);
        else if (name.SequenceEqual("clientCapabilities"u8))
            envelope.ClientCapabilities = OnlyObject(slice, type);
        else if (name.SequenceEqual("logLevel"u8))
            envelope.LogLevel = OnlyString(slice, type);
    }

    private EnvelopeFault RefMember(ReadOnlySpan<byte> key, ref DuplicateKeys keys)
    {
        var fault = Value(ref keys, out var slice, out var type);
        if (fault != EnvelopeFault.None)
            return fault;
        if (key.SequenceEqual("name"u8) && type == JsonTokenType.String)
            refName = slice;
        else if (key.SequenceEqual("uri"u8) && type == JsonTokenType.String)
            refUri = slice;
        return EnvelopeFault.None;
    }

    private EnvelopeFault Nested(int level, Action<Envelope, Slice> note, ref DuplicateKeys keys)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            if (reader.TokenType != JsonTokenType.Null)
                badParams = true;
            else if (level == 2)
                envelope.MetaNull = Since((int)reader.TokenStartIndex);
            return CheckValue(ref keys);
        }
        var start = (int)reader.TokenStartIndex;
        var fault = Members(level, ref keys);
        note(envelope, Since(start));
        return fault;
    }

    private Slice OnlyString(Slice slice, JsonTokenType type)
    {
        badParams |= type != JsonTokenType.String;
        return type == JsonTokenType.String ? slice : default;
    }

    private Slice OnlyObject(Slice slice, JsonTokenType type)
    {
        badParams |= type != JsonTokenType.StartObject;
        return type == JsonTokenType.StartObject ? slice : default;
    }

    private EnvelopeFault NextValue(ref DuplicateKeys keys)
    {
        reader.Read();
        return CheckValue(ref keys);
    }

    private EnvelopeFault Value(ref DuplicateKeys keys, out Slice slice, out JsonTokenType type)
    {
        reader.Read();
        type = reader.TokenType;
        var start = (int)reader.TokenStartIndex;
        var fault = CheckValue(ref keys);
        slice = Since(start);
        return fault;
    }

    /// <summary>Checks the value that starts at the current token and leaves the reader on its last token.</summary>
    private EnvelopeFault CheckValue(ref DuplicateKeys keys)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return Members(int.MaxValue, ref keys);
            case JsonTokenType.StartArray:
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    if (++members > limits.Members)
                        return EnvelopeFault.TooManyMembers;
                    var fault = CheckValue(ref keys);
                    if (fault != EnvelopeFault.None)
                        return fault;
                }
                return EnvelopeFault.None;
            default:
                return EnvelopeFault.None;
        }
    }

    private readonly Slice Since(int start) => new(start, (int)reader.BytesConsumed - start);
}
