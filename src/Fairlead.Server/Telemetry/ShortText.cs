namespace Fairlead.Server.Telemetry;

/// <summary>Texts cut to what a record may hold.</summary>
internal static class ShortText
{
    /// <summary>The text, cut to <paramref name="length"/> characters; never to half a surrogate pair.</summary>
    public static string? Cut(string? text, int length) =>
        text is null || text.Length <= length ? text
        : char.IsHighSurrogate(text[length - 1]) ? text[..(length - 1)]
        : text[..length];
}
