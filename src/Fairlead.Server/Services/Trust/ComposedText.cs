using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Fairlead.Server.Services.Trust;

/// <summary>
/// Text in normalisation form C (Unicode Standard Annex 15). The program runs without the system's Unicode library, where
/// <see cref="string.Normalize()"/> changes nothing, so that the tables are our own.
/// </summary>
internal static class ComposedText
{
    private const int HangulBase = 0xAC00;
    private const int LeadBase = 0x1100;
    private const int VowelBase = 0x1161;
    private const int TailBase = 0x11A7;
    private const int Leads = 19;
    private const int Vowels = 21;
    private const int Tails = 28;

    // The first code point that has a combining class or comes second in a composition.
    private const char FirstThatMatters = '\u0300';

    private static readonly FrozenDictionary<int, int[]> Decompositions = Entries(CompositionTable.Decompositions)
        .ToFrozenDictionary(e => Hex(e.Key), e => e.Value.TrimEnd('!').Split('+').Select(Hex).ToArray());

    private static readonly FrozenDictionary<(int, int), int> Compositions = Entries(CompositionTable.Decompositions)
        .Where(e => e.Value.Contains('+', StringComparison.Ordinal) && !e.Value.EndsWith('!'))
        .ToFrozenDictionary(e => (Hex(e.Value.Split('+')[0]), Hex(e.Value.Split('+')[1])), e => Hex(e.Key));

    private static readonly FrozenDictionary<int, byte> Classes = Entries(CompositionTable.Classes)
        .SelectMany(e => Range(e.Key).Select(point => (point, byte.Parse(e.Value, CultureInfo.InvariantCulture))))
        .ToFrozenDictionary(e => e.point, e => e.Item2);

    /// <summary>The composed form; a text without lone surrogates.</summary>
    public static string Of(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange(FirstThatMatters, '\uFFFF'))
            return text;
        var points = new List<int>(text.Length);
        foreach (var rune in text.EnumerateRunes())
            Decompose(rune.Value, points);
        Order(points);
        var result = new StringBuilder(text.Length);
        foreach (var point in Compose(points))
            result.Append(char.ConvertFromUtf32(point));
        return result.ToString();
    }

    private static void Decompose(int point, List<int> into)
    {
        var syllable = point - HangulBase;
        if (syllable is >= 0 and < Leads * Vowels * Tails)
        {
            into.Add(LeadBase + (syllable / (Vowels * Tails)));
            into.Add(VowelBase + (syllable % (Vowels * Tails) / Tails));
            if (syllable % Tails > 0)
                into.Add(TailBase + (syllable % Tails));
        }
        else if (Decompositions.TryGetValue(point, out var parts))
        {
            foreach (var part in parts)
                Decompose(part, into);
        }
        else
        {
            into.Add(point);
        }
    }

    /// <summary>Marks of one base letter by their class, those of the same class as they came.</summary>
    private static void Order(List<int> points)
    {
        for (var start = 0; start < points.Count; start++)
        {
            if (Class(points[start]) == 0)
                continue;
            var end = start;
            while (end < points.Count && Class(points[end]) > 0)
                end++;
            var sorted = points.GetRange(start, end - start).OrderBy(Class).ToList();
            for (var i = 0; i < sorted.Count; i++)
                points[start + i] = sorted[i];
            start = end;
        }
    }

    private static List<int> Compose(List<int> points)
    {
        var composed = new List<int>(points.Count);
        var starter = -1;
        var last = 0;
        foreach (var point in points)
        {
            var own = Class(point);
            var isAdjacent = starter == composed.Count - 1;
            if (starter >= 0 && (isAdjacent || (last < own && last > 0)) && Pair(composed[starter], point) is { } whole)
            {
                composed[starter] = whole;
                continue;
            }
            if (own == 0)
                starter = composed.Count;
            last = own;
            composed.Add(point);
        }
        return composed;
    }

    private static int? Pair(int first, int second)
    {
        if (first is >= LeadBase and < LeadBase + Leads && second is >= VowelBase and < VowelBase + Vowels)
            return HangulBase + ((((first - LeadBase) * Vowels) + second - VowelBase) * Tails);
        if (
            first is >= HangulBase and < HangulBase + (Leads * Vowels * Tails)
            && (first - HangulBase) % Tails == 0
            && second is > TailBase and < TailBase + Tails
        )
            return first + second - TailBase;
        return Compositions.TryGetValue((first, second), out var whole) ? whole : null;
    }

    private static byte Class(int point) => Classes.GetValueOrDefault(point);

    private static IEnumerable<KeyValuePair<string, string>> Entries(string table) =>
        table
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Select(word => word.Split('='))
            .Select(sides => KeyValuePair.Create(sides[0], sides[1]));

    private static IEnumerable<int> Range(string text)
    {
        var ends = text.Split('-').Select(Hex).ToArray();
        return Enumerable.Range(ends[0], ends[^1] - ends[0] + 1);
    }

    private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
