using System.Text.Json;
using System.Text.Unicode;

namespace Fairlead.Protocol;

/// <summary>Why a message was refused. Each has one JSON-RPC code and text in <see cref="EnvelopeFaults"/>.</summary>
public enum EnvelopeFault
{
    /// <summary>The message is good.</summary>
    None,

    /// <summary>Not valid JSON (also: comments, trailing commas, text after the end, nothing at all).</summary>
    NotJson,

    /// <summary>Not valid UTF-8, or an escaped half of a surrogate pair.</summary>
    NotUnicode,

    /// <summary>Nested deeper than <see cref="EnvelopeLimits.Depth"/>.</summary>
    TooDeep,

    /// <summary>More members and items than <see cref="EnvelopeLimits.Members"/>.</summary>
    TooManyMembers,

    /// <summary>A key stands twice in one object.</summary>
    DuplicateKey,

    /// <summary>An array: this revision has no batches.</summary>
    Batch,

    /// <summary>Neither an object nor an array.</summary>
    NotObject,

    /// <summary><c>jsonrpc</c> is missing or not "2.0".</summary>
    NotJsonRpc,

    /// <summary>The id is null, a fraction, no string or integer, or longer than <see cref="EnvelopeLimits.IdBytes"/>.</summary>
    BadId,

    /// <summary>Neither method nor result nor error, or several of them, or a method that is no string.</summary>
    NoMethod,

    /// <summary><c>params</c> is not an object, or <c>name</c>, <c>uri</c>, <c>cursor</c>, <c>_meta</c> in it has a wrong type.</summary>
    BadParams,
}

/// <summary>Bounds of a client's message (security.md §2).</summary>
/// <param name="Depth">Deepest nesting; default 64.</param>
/// <param name="Members">Most object members and array items in all; default 10,000.</param>
/// <param name="IdBytes">Longest id in bytes of raw JSON; default 256.</param>
public sealed record EnvelopeLimits(int Depth = 64, int Members = 10_000, int IdBytes = 256)
{
    /// <summary>The defaults.</summary>
    public static readonly EnvelopeLimits Default = new();
}

/// <summary>
/// The one strict reader at the edge (security.md §0.1): reads a message once, checks all of it, and notes where the
/// members are that routing needs. What it lets through no later parser can read differently.
/// </summary>
public static class EnvelopeReader
{
    /// <summary>Reads one message.</summary>
    /// <param name="message">The bytes; they must stay unchanged while the envelope is used.</param>
    /// <param name="limits">Bounds.</param>
    /// <param name="envelope">The places found. After a fault it still has the id if it could be read (R27).</param>
    /// <returns>The first fault, or <see cref="EnvelopeFault.None"/>.</returns>
    public static EnvelopeFault Read(ReadOnlyMemory<byte> message, EnvelopeLimits limits, out Envelope envelope)
    {
        envelope = new Envelope { Message = message };
        var span = message.Span;
        if (!Utf8.IsValid(span))
            return EnvelopeFault.NotUnicode;
        using var plain = PlainJson.Of(span);
        if (plain.Fault != PlainJsonFault.None)
            return plain.Fault == PlainJsonFault.LoneSurrogate ? EnvelopeFault.NotUnicode : EnvelopeFault.NotJson;
        var keys = new DuplicateKeys(limits.Depth);
        try
        {
            return new EnvelopeWalk(span, plain, limits, envelope).Run(ref keys);
        }
        catch (JsonException e)
        {
            return e.Message.Contains("maximum configured depth", StringComparison.Ordinal)
                ? EnvelopeFault.TooDeep
                : EnvelopeFault.NotJson;
        }
        finally
        {
            keys.Dispose();
        }
    }
}

/// <summary>JSON-RPC code and client-facing text of each fault; all are HTTP 400.</summary>
public static class EnvelopeFaults
{
    /// <summary>The JSON-RPC error code.</summary>
    public static int Code(this EnvelopeFault fault) =>
        fault switch
        {
            EnvelopeFault.NotJson or EnvelopeFault.NotUnicode => McpErrorCode.ParseError,
            EnvelopeFault.BadParams => McpErrorCode.InvalidParams,
            _ => McpErrorCode.InvalidRequest,
        };

    /// <summary>A generic text that says what to mend.</summary>
    public static string Text(this EnvelopeFault fault) =>
        fault switch
        {
            EnvelopeFault.NotJson => "Parse error: the body is not valid JSON",
            EnvelopeFault.NotUnicode => "Parse error: the body is not valid Unicode text",
            EnvelopeFault.TooDeep => "Invalid request: the body is nested too deeply",
            EnvelopeFault.TooManyMembers => "Invalid request: the body has too many members",
            EnvelopeFault.DuplicateKey => "Invalid request: a key occurs twice in one object",
            EnvelopeFault.Batch => "Invalid request: batches are not supported",
            EnvelopeFault.NotObject => "Invalid request: the body must be one JSON object",
            EnvelopeFault.NotJsonRpc => "Invalid request: \"jsonrpc\" must be \"2.0\"",
            EnvelopeFault.BadId => "Invalid request: \"id\" must be a string or an integer of at most 256 bytes",
            EnvelopeFault.NoMethod => "Invalid request: exactly one of method, result and error is needed",
            EnvelopeFault.BadParams => "Invalid params: a parameter has the wrong type",
            _ => "Invalid request",
        };
}
