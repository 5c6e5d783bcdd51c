using System.Buffers;
using System.Collections.Frozen;
using System.Text.Encodings.Web;
using System.Text.Json;
using Fairlead.Server.Groups.Views;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Gateway.Routing;

/// <summary>
/// What a view means for calls of its tool: parameters that no caller may send, and the values that go in their place.
/// Compiled once per table; a tool without a view has none.
/// </summary>
internal sealed class ViewRoute
{
    private static readonly byte[] Nothing = "{}"u8.ToArray();

    // As the rest of the arguments: what need not be escaped is not.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // Without regard to case, unless the tool has a parameter of just that name: many a service reads Path as path.
    private readonly FrozenDictionary<string, bool> refused;
    private readonly FrozenSet<string> offered;
    private readonly byte[] members;

    private ViewRoute(ToolViewConfig view, CompiledView compiled)
    {
        refused = view
            .Hidden.Select(static name => KeyValuePair.Create(name, false))
            .Concat(view.Fixed.Keys.Select(static name => KeyValuePair.Create(name, true)))
            .DistinctBy(static one => one.Key, StringComparer.OrdinalIgnoreCase)
            .ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        offered = compiled.Parameters.ToFrozenSet(StringComparer.Ordinal);
        members = compiled.IsHeld ? [] : Members(compiled.Values);
        IsHeld = compiled.IsHeld;
        Problems = compiled.Problems;
    }

    /// <summary>The route of a view; null for one that leaves calls as they are.</summary>
    public static ViewRoute? Of(ToolViewConfig view, CompiledView compiled) =>
        view.HidesParameters || compiled.IsHeld ? new ViewRoute(view, compiled) : null;

    /// <summary>Whether it does not fit the definition, so that what was fixed would not hold: calls are refused.</summary>
    public bool IsHeld { get; }

    /// <summary>What does not fit.</summary>
    public IReadOnlyList<ViewProblem> Problems { get; }

    /// <summary>What is wrong with a caller's arguments; null when nothing is.</summary>
    /// <param name="arguments">As the caller sent them, checked to be JSON; empty for none.</param>
    public string? Mistake(ReadOnlySpan<byte> arguments)
    {
        if (IsNothing(arguments))
            return null;
        if (arguments[0] != (byte)'{')
            return "arguments must be an object";
        var reader = new Utf8JsonReader(arguments);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Skip();
            if (!refused.TryGetValue(name, out var isFixed) || offered.Contains(name))
                continue;
            return isFixed
                ? $"the parameter '{name}' is given its value by the gateway: leave it out"
                : $"the parameter '{name}' cannot be given here: leave it out";
        }
        return null;
    }

    /// <summary>The arguments for the tool: the caller's bytes behind the fixed values; null where nothing is fixed.</summary>
    public ReadOnlyMemory<byte>? Complete(ReadOnlySpan<byte> arguments)
    {
        if (members.Length == 0)
            return null;
        // One brace at each end, and a comma where the caller sent anything.
        var sent = IsNothing(arguments) ? Nothing : arguments;
        var rest = sent[1..];
        var isEmpty = rest.IndexOf((byte)'"') < 0;
        var whole = new byte[1 + members.Length + (isEmpty ? 0 : 1) + rest.Length];
        whole[0] = (byte)'{';
        members.CopyTo(whole, 1);
        if (!isEmpty)
            whole[1 + members.Length] = (byte)',';
        rest.CopyTo(whole.AsSpan(whole.Length - rest.Length));
        return whole;
    }

    private static bool IsNothing(ReadOnlySpan<byte> arguments) =>
        arguments.IsEmpty || arguments.SequenceEqual("null"u8);

    private static byte[] Members(IReadOnlyList<FixedValue> values)
    {
        if (values.Count == 0)
            return [];
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            foreach (var value in values)
            {
                json.WritePropertyName(value.Name);
                json.WriteRawValue(value.Json.GetRawText());
            }
            json.WriteEndObject();
        }
        return buffer.WrittenSpan[1..^1].ToArray();
    }
}
