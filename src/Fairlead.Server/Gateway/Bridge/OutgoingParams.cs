using System.Buffers;
using Fairlead.Protocol;

namespace Fairlead.Server.Gateway.Bridge;

/// <summary>
/// The <c>params</c> object that goes to a service: the client's checked bytes with at most three runs replaced (the
/// owner's own name, <c>_meta</c> where the eras differ, and <c>arguments</c> where a view fixes values or the call came
/// through <c>call_tool</c>). Pooled; dispose when the call is over.
/// </summary>
internal sealed class OutgoingParams : IDisposable
{
    private byte[] buffer;

    private OutgoingParams(int length) => buffer = ArrayPool<byte>.Shared.Rent(length);

    public ReadOnlyMemory<byte> Json { get; private set; }

    /// <summary>Where the progress token's value lies in <see cref="Json"/>; <c>default</c> when there is none.</summary>
    public Range ProgressToken { get; private set; }

    /// <summary>Builds the params.</summary>
    /// <param name="call">The client's request.</param>
    /// <param name="name">Replaces <c>name</c> or <c>uri</c>; null keeps it.</param>
    /// <param name="arguments">Replaces <c>arguments</c>, or is added when there are none; null keeps them.</param>
    /// <param name="meta">Replaces <c>_meta</c>, or is added when there is none; null keeps it.</param>
    /// <param name="tokenInMeta">Where the progress token lies in <paramref name="meta"/>.</param>
    public static OutgoingParams Build(
        Envelope call,
        ReadOnlyMemory<byte>? name,
        ReadOnlyMemory<byte>? arguments,
        ReadOnlyMemory<byte>? meta = null,
        Range tokenInMeta = default
    )
    {
        var whole = call.Params;
        var source = call.Message.Span;
        var result = new OutgoingParams(
            whole.Length + (name?.Length ?? 0) + (arguments?.Length ?? 0) + (meta?.Length ?? 0) + 32
        );
        var writer = new SpliceWriter(result.buffer, source, whole.Present ? whole.Start : 0);
        if (!whole.Present)
        {
            writer.Put(meta is null ? "{}"u8 : "{\"_meta\":"u8);
            if (meta is { } only)
            {
                result.ProgressToken = Shift(tokenInMeta, writer.Put(only.Span));
                writer.Put("}"u8);
            }
            result.Json = result.buffer.AsMemory(0, writer.Length);
            return result;
        }
        // A null is no metadata but takes its place: a second member of the name would be a duplicate key.
        var metaAt = call.Meta.Present ? call.Meta : call.MetaNull;
        var nameAt =
            name is null ? default
            : call.Name.Present ? call.Name
            : call.Uri;
        var argumentsAt = arguments is null ? default : call.Arguments;
        writer.CopyTo(whole.Start + 1);
        if (meta is { } added && !metaAt.Present)
        {
            writer.Put("\"_meta\":"u8);
            result.ProgressToken = Shift(tokenInMeta, writer.Put(added.Span));
            if (JsonHasMembers(whole.Of(source)))
                writer.Put(","u8);
        }
        // Only a call by a name comes here with arguments, so there is a member behind these.
        if (arguments is { } given && !argumentsAt.Present)
        {
            writer.Put("\"arguments\":"u8);
            writer.Put(given.Span);
            writer.Put(","u8);
        }
        while (true)
        {
            var next = First(nameAt, First(metaAt, argumentsAt));
            if (!next.Present)
                break;
            if (next == nameAt)
            {
                writer.Replace(nameAt, name!.Value.Span);
                nameAt = default;
            }
            else if (next == argumentsAt)
            {
                writer.Replace(argumentsAt, arguments!.Value.Span);
                argumentsAt = default;
            }
            else
            {
                result.ProgressToken = Meta(ref writer, call, metaAt, meta, tokenInMeta);
                metaAt = default;
            }
        }
        writer.CopyTo(whole.End);
        result.Json = result.buffer.AsMemory(0, writer.Length);
        return result;
    }

    public void Dispose()
    {
        var rented = buffer;
        buffer = [];
        if (rented.Length > 0)
            ArrayPool<byte>.Shared.Return(rented);
    }

    private static Slice First(Slice one, Slice other) =>
        !one.Present || (other.Present && other.Start < one.Start) ? other : one;

    private static Range Meta(
        ref SpliceWriter writer,
        Envelope call,
        Slice at,
        ReadOnlyMemory<byte>? meta,
        Range tokenInMeta
    )
    {
        if (meta is { } replaced)
            return Shift(tokenInMeta, writer.Replace(at, replaced.Span));
        if (!call.ProgressToken.Present)
            return default;
        writer.CopyTo(call.ProgressToken.Start);
        var start = writer.Length;
        writer.CopyTo(call.ProgressToken.End);
        return start..writer.Length;
    }

    private static Range Shift(Range inner, int by) =>
        inner.Equals(default) ? default : (inner.Start.Value + by)..(inner.End.Value + by);

    private static bool JsonHasMembers(ReadOnlySpan<byte> json) => json[1..^1].IndexOf((byte)'"') >= 0;

    private ref struct SpliceWriter(byte[] target, ReadOnlySpan<byte> source, int from)
    {
        private readonly ReadOnlySpan<byte> source = source;
        private int at = from;

        public int Length { get; private set; }

        /// <summary>Copies the source up to an offset.</summary>
        public void CopyTo(int end)
        {
            Put(source[at..end]);
            at = end;
        }

        /// <summary>Copies up to the run, writes other bytes instead; returns where they start.</summary>
        public int Replace(Slice run, ReadOnlySpan<byte> with)
        {
            CopyTo(run.Start);
            at = run.End;
            return Put(with);
        }

        public int Put(ReadOnlySpan<byte> bytes)
        {
            var start = Length;
            bytes.CopyTo(target.AsSpan(Length));
            Length += bytes.Length;
            return start;
        }
    }
}
