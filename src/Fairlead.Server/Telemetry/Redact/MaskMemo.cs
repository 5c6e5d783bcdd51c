namespace Fairlead.Server.Telemetry.Redact;

/// <summary>
/// Masked forms of texts that come again and again, such as names of tools: made once. The same text gives the very same
/// string. For one thread.
/// </summary>
/// <param name="mask">Masks one text.</param>
internal sealed class MaskMemo(Func<string?, string?> mask)
{
    /// <summary>Most texts that are remembered; then all are forgotten.</summary>
    internal const int Most = 512;

    // Long ones are messages, and seldom the same.
    private const int Longest = 128;

    private readonly Dictionary<string, string?> known = new(StringComparer.Ordinal);

    public string? Of(string? text)
    {
        if (text is null || text.Length > Longest)
            return mask(text);
        if (known.TryGetValue(text, out var masked))
            return masked;
        if (known.Count == Most)
            known.Clear();
        return known[text] = mask(text);
    }
}
