using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Groups;
using Fairlead.Server.Tools;

namespace Fairlead.Server.Gateway.Finding;

/// <summary>A tool that can be found: its definition as the group's clients of either era see it.</summary>
/// <param name="Route">Where a call of it leads.</param>
/// <param name="Legacy">For handshake clients.</param>
/// <param name="Modern">For modern clients; null where it must not be listed to them (R20).</param>
internal sealed record FoundTool(ItemRoute Route, byte[] Legacy, byte[]? Modern);

/// <summary>
/// What <c>find_tools</c> of one group answers. Made with the group's route; the index is made when it is first asked,
/// as most tables are replaced before anybody searches.
/// </summary>
internal sealed class ToolFinder(IReadOnlyList<FoundTool> tools)
{
    /// <summary>Most bytes of definitions in one answer; one definition always fits.</summary>
    public const int MaxPageBytes = 256 * 1024;

    private static readonly JsonWriterOptions Options = new()
    {
        SkipValidation = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly Lazy<ToolIndex> index = new(() =>
        new ToolIndex([.. tools.Select(static t => (Text(t, "name"u8), Text(t, "title"u8), Text(t, "description"u8)))])
    );

    private readonly Lazy<string> stamp = new(() => Stamp(tools));

    /// <summary>All that can be found, in the order of the group.</summary>
    public IReadOnlyList<FoundTool> Tools => tools;

    /// <summary>Whether some tools are for users with certain roles only.</summary>
    public bool AsksForUsers { get; } = tools.Any(static t => !t.Route.Roles.IsDefaultOrEmpty);

    /// <summary>Answers a search: the <c>result</c> object, and what was wrong with the question.</summary>
    /// <param name="arguments">Of the call; empty for none.</param>
    /// <param name="era">Of the client.</param>
    /// <param name="roles">Roles of the user behind the call; null for no user.</param>
    public (byte[] Json, string? Mistake) Answer(
        ReadOnlySpan<byte> arguments,
        Era era,
        IReadOnlyCollection<string>? roles
    )
    {
        var sent = arguments.IsEmpty ? JsonElement.Parse("{}"u8) : JsonElement.Parse(arguments);
        if (FinderDefinitions.FindSchema.Check(sent) is { } fault)
        {
            var text = ArgumentMistake.Text(fault, FinderDefinitions.FindInput, FrozenSet<string>.Empty);
            return (Failure(era, text), text);
        }
        var skip = 0;
        if (sent.TryGetProperty("cursor", out var cursor) && !TryRead(cursor.GetString()!, out skip))
        {
            const string Text = "The parameter 'cursor' is not of this list any more: search again without it.";
            return (Failure(era, Text), Text);
        }
        var limit = sent.TryGetProperty("limit", out var most) ? (int)most.GetDouble() : FinderDefinitions.DefaultLimit;
        var found = index
            .Value.Find(sent.GetProperty("query").GetString()!)
            .Select(i => tools[i])
            .Where(t => (era == Era.Legacy || t.Modern is not null) && Allows(t.Route, roles))
            .Select(t => era == Era.Legacy ? t.Legacy : t.Modern!)
            .ToList();
        return (Result(era, Page(found, skip, limit)), null);
    }

    /// <summary>A result that says what was wrong, for the model to read.</summary>
    public static byte[] Failure(Era era, string text)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = Begin(buffer, era, text))
        {
            json.WriteBoolean("isError"u8, true);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    // Services may list half a surrogate pair, which no text can hold: such a tool is found by its other words.
    private static string Text(FoundTool tool, ReadOnlySpan<byte> key)
    {
        try
        {
            return JsonScan.Text(tool.Legacy, key) ?? "";
        }
        catch (InvalidOperationException)
        {
            return "";
        }
    }

    private static bool Allows(ItemRoute route, IReadOnlyCollection<string>? roles) =>
        route.Roles.IsDefaultOrEmpty || (roles is not null && route.Roles.All(rule => rule.Any(roles.Contains)));

    private byte[] Page(List<byte[]> found, int skip, int limit)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using var json = new Utf8JsonWriter(buffer, Options);
        json.WriteStartObject();
        json.WriteStartArray("tools"u8);
        var next = skip;
        for (var bytes = 0; next < found.Count && next - skip < limit; next++)
        {
            bytes += found[next].Length;
            if (next > skip && bytes > MaxPageBytes)
                break;
            json.WriteRawValue(found[next], skipInputValidation: true);
        }
        json.WriteEndArray();
        json.WriteNumber("total"u8, found.Count);
        if (next < found.Count)
            json.WriteString("nextCursor"u8, string.Create(CultureInfo.InvariantCulture, $"{next}.{stamp.Value}"));
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static byte[] Result(Era era, byte[] structured)
    {
        var buffer = new ArrayBufferWriter<byte>((structured.Length * 2) + 256);
        using (var json = Begin(buffer, era, Encoding.UTF8.GetString(structured)))
        {
            json.WritePropertyName("structuredContent"u8);
            json.WriteRawValue(structured, skipInputValidation: true);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private static Utf8JsonWriter Begin(ArrayBufferWriter<byte> buffer, Era era, string text)
    {
        var json = new Utf8JsonWriter(buffer, Options);
        json.WriteStartObject();
        if (era == Era.Modern)
            json.WriteString("resultType"u8, "complete"u8);
        json.WriteStartArray("content"u8);
        json.WriteStartObject();
        json.WriteString("type"u8, "text"u8);
        json.WriteString("text"u8, text);
        json.WriteEndObject();
        json.WriteEndArray();
        return json;
    }

    // A cursor is of one list: in another one its place would be that of other tools.
    private bool TryRead(string cursor, out int skip)
    {
        skip = 0;
        var dot = cursor.IndexOf('.', StringComparison.Ordinal);
        return dot > 0
            && int.TryParse(cursor.AsSpan(0, dot), NumberStyles.None, CultureInfo.InvariantCulture, out skip)
            && cursor.AsSpan(dot + 1).SequenceEqual(stamp.Value);
    }

    private static string Stamp(IReadOnlyList<FoundTool> tools)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var tool in tools)
            hash.AppendData(tool.Legacy);
        return BinaryPrimitives.ReadUInt64BigEndian(hash.GetHashAndReset()).ToString("x", CultureInfo.InvariantCulture);
    }
}
