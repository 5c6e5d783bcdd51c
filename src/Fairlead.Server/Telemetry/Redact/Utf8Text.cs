namespace Fairlead.Server.Telemetry.Redact;

/// <summary>Cuts UTF-8 between characters.</summary>
internal static class Utf8Text
{
    /// <summary>The longest start of <paramref name="text"/> of at most <paramref name="most"/> bytes that ends a character.</summary>
    public static ReadOnlySpan<byte> Start(ReadOnlySpan<byte> text, int most)
    {
        if (text.Length <= most)
            return text;
        while (most > 0 && (text[most] & 0xC0) == 0x80)
            most--;
        return text[..most];
    }
}
