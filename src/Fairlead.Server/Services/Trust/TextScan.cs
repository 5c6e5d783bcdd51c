using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Fairlead.Server.Services.Trust;

/// <summary>Reads every text of a definition that a model will see, for what does not belong there (security.md section 4.4).</summary>
internal static partial class TextScan
{
    /// <summary>Findings kept of one definition.</summary>
    public const int MostFindings = 20;
    private const int LongestQuote = 80;

    // Letters of these look alike; mixing one with CJK or Arabic is how people write.
    private static readonly (string Name, int From, int To)[] Alphabets =
    [
        ("Latin", 'A', 'Z'),
        ("Latin", 'a', 'z'),
        ("Latin", 0xC0, 0x24F),
        ("Greek", 0x370, 0x3FF),
        ("Cyrillic", 0x400, 0x52F),
        ("Armenian", 0x530, 0x58F),
        ("Cherokee", 0x13A0, 0x13FF),
        ("Latin", 0x1E00, 0x1EFF),
        ("Greek", 0x1F00, 0x1FFF),
        ("Coptic", 0x2C80, 0x2CFF),
        ("Cherokee", 0xAB70, 0xABBF),
        ("full-width", 0xFF21, 0xFF5A),
        ("mathematical", 0x1D400, 0x1D7FF),
    ];

    /// <summary>All findings, at most <see cref="MostFindings"/>.</summary>
    /// <param name="definition">A canonical definition.</param>
    public static IReadOnlyList<TextFinding> Of(ReadOnlyMemory<byte> definition)
    {
        using var document = JsonDocument.Parse(definition, new JsonDocumentOptions { MaxDepth = 256 });
        var found = new List<TextFinding>();
        Walk(document.RootElement, "", isName: false, found);
        return found;
    }

    private static void Walk(JsonElement value, string path, bool isName, List<TextFinding> found)
    {
        if (found.Count >= MostFindings)
            return;
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in value.EnumerateObject())
                {
                    var inside = path.Length == 0 ? member.Name : $"{path}.{member.Name}";
                    // Keys of a schema's properties are names that a model reads.
                    Look(member.Name, inside, isName: path.EndsWith("properties", StringComparison.Ordinal), found);
                    Walk(member.Value, inside, member.Name is "name" or "uriTemplate", found);
                }
                break;
            case JsonValueKind.Array:
                var i = 0;
                foreach (var item in value.EnumerateArray())
                    Walk(item, string.Create(CultureInfo.InvariantCulture, $"{path}[{i++}]"), false, found);
                break;
            case JsonValueKind.String:
                Look(value.GetString()!, path, isName, found);
                break;
            default:
                break;
        }
    }

    private static void Look(string text, string path, bool isName, List<TextFinding> found)
    {
        void Add(FindingKind kind, string what)
        {
            if (found.Count < MostFindings)
                found.Add(new TextFinding(kind, Shown(path), what));
        }

        if (Hidden(text) is { Length: > 0 } hidden)
            Add(FindingKind.HiddenText, hidden);
        if (isName && Mixed(text) is { } mixed)
            Add(FindingKind.MixedScripts, $"{Shown(text)} mixes {mixed}");
        // Compatibility forms and unseen characters must not hide a phrase.
        var plain = new string([.. text.Where(c => !IsHidden(c))]);
        if (Instruction().Match(plain) is { Success: true } instruction)
            Add(FindingKind.Instruction, Shown(instruction.Value));
        if (SensitivePath().Match(plain) is { Success: true } secret)
            Add(FindingKind.SensitivePath, Shown(secret.Value));
        if (
            !plain.StartsWith("data:image/", StringComparison.Ordinal)
            && Encoded().Match(plain) is { Success: true } run
        )
            Add(FindingKind.EncodedText, $"{run.Length} characters of base64: {Shown(run.Value)}");
    }

    /// <summary>The unseen characters of a text by their numbers, at most five.</summary>
    private static string Hidden(string text)
    {
        var seen = new List<string>();
        var runes = text.EnumerateRunes().ToArray();
        for (var i = 0; i < runes.Length && seen.Count < 5; i++)
        {
            if (IsHidden(runes[i].Value) && !Joins(runes, i))
                seen.Add($"U+{runes[i].Value:X4}");
        }
        return string.Join(' ', seen);
    }

    private static bool IsHidden(int point) =>
        point
            is (>= 0x200B and <= 0x200F)
                or (>= 0x202A and <= 0x202E)
                or (>= 0x2060 and <= 0x206F)
                or (>= 0xFFF9 and <= 0xFFFB)
                or (>= 0xE0000 and <= 0xE01EF)
                or 0xAD
                or 0x34F
                or 0x61C
                or 0x115F
                or 0x1160
                or 0x17B4
                or 0x17B5
                or 0x180E
                or 0x3164
                or 0xFEFF
                or 0xFFA0
        || (point is < 0x20 and not ('\t' or '\n' or '\r'))
        || point is >= 0x7F and <= 0x9F;

    /// <summary>A joiner that spelling asks for: between letters of Arabic and Indic scripts, and in composed pictures.</summary>
    private static bool Joins(Rune[] runes, int i)
    {
        if (runes[i].Value is not (0x200C or 0x200D) || i == 0 || i == runes.Length - 1)
            return false;
        var (before, after) = (runes[i - 1], runes[i + 1]);
        return (IsJoined(before) && IsJoined(after))
            || (runes[i].Value == 0x200D && IsPicture(before) && IsPicture(after));
    }

    private static bool IsJoined(Rune rune) => rune.Value is >= 0x600 and <= 0xDFF;

    private static bool IsPicture(Rune rune) =>
        rune.Value is 0xFE0F or (>= 0x1F3FB and <= 0x1F3FF)
        || Rune.GetUnicodeCategory(rune) == UnicodeCategory.OtherSymbol;

    private static string? Mixed(string name)
    {
        var used = name.EnumerateRunes()
            .Select(r => Alphabets.FirstOrDefault(a => r.Value >= a.From && r.Value <= a.To).Name)
            .Where(a => a is not null)
            .Distinct()
            .ToList();
        return used.Count > 1 ? string.Join(" and ", used) : null;
    }

    /// <summary>A quotation that cannot hide anything itself.</summary>
    private static string Shown(string text)
    {
        var shown = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (shown.Length >= LongestQuote)
                return shown.Append('…').ToString();
            if (IsHidden(rune.Value) || rune.Value is '\n' or '\r' or '\t')
                shown.Append(CultureInfo.InvariantCulture, $"<U+{rune.Value:X4}>");
            else
                shown.Append(rune);
        }
        return shown.ToString();
    }

    [GeneratedRegex(
        """
            \b(ignore|disregard|forget|override)\s+(all\s+|any\s+|the\s+|your\s+|these\s+|those\s+)*(previous|prior|above|earlier|other|preceding|system|instructions?|rules|guidelines)\b
            |<\s*/?\s*(important|system|instructions?|secret|admin|hidden)\s*>
            |\b(do\s+not|don't|never|without)\s+(tell(ing)?|inform(ing)?|mention(ing)?|reveal(ing)?|show(ing)?|notify(ing)?|alert(ing)?)\s+(it\s+|this\s+|that\s+)*(to\s+)?(the\s+)?(user|human|person|anyone)\b
            |\b(before|when|prior\s+to)\s+(using|calling|invoking)\s+(this|any|other|another|the)\s+(other\s+)?tools?\b
            |\b(you|assistant|model|agent|ai)\s+(must|shall|should|have\s+to|are\s+required\s+to)\s+(always|first|never|also|only)\b
            |\binstead\s+of\s+(using|calling|invoking)\s+(the|any|other|another)\b
            |\b(always|only)\s+(use|call|prefer|invoke)\s+this\s+(tool|server)\b
            |\bsystem\s+prompt\b
            """,
        RegexOptions.IgnoreCase
            | RegexOptions.CultureInvariant
            | RegexOptions.IgnorePatternWhitespace
            | RegexOptions.ExplicitCapture
            | RegexOptions.NonBacktracking
    )]
    private static partial Regex Instruction();

    [GeneratedRegex(
        """
            (~|/root|/home/[^\s/]+|\$HOME|%USERPROFILE%)[\\/]\.(ssh|aws|gnupg|kube|docker|netrc|config|cursor|claude|npmrc|pypirc)
            |\bid_(rsa|ed25519|ecdsa|dsa)\b
            |\bmcp\.json\b
            |(^|[\s"'`(/\\])\.env\b
            |/etc/(passwd|shadow)\b
            """,
        RegexOptions.IgnoreCase
            | RegexOptions.CultureInvariant
            | RegexOptions.IgnorePatternWhitespace
            | RegexOptions.ExplicitCapture
            | RegexOptions.NonBacktracking
    )]
    private static partial Regex SensitivePath();

    [GeneratedRegex("[A-Za-z0-9+/_-]{120,}={0,2}", RegexOptions.NonBacktracking)]
    private static partial Regex Encoded();
}
