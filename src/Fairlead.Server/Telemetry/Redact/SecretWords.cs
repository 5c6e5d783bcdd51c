using System.Buffers;

namespace Fairlead.Server.Telemetry.Redact;

/// <summary>Which keys hold secrets, and which texts are secrets by how they begin.</summary>
internal static class SecretWords
{
    private const int LongestKey = 256;

    // Compared with the key in lower case and without separators, anywhere in it: "X-Api-Key", "dbPassword".
    private static readonly SearchValues<string> SecretKeys = SearchValues.Create(
        [
            "password",
            "passwd",
            "passphrase",
            "passcode",
            "pwd",
            "secret",
            "token",
            "apikey",
            "accesskey",
            "privatekey",
            "masterkey",
            "signingkey",
            "encryptionkey",
            "authorization",
            "credential",
            "cookie",
            "sessionid",
            "mnemonic",
            "密码",
            "口令",
            "令牌",
        ],
        StringComparison.Ordinal
    );

    private static readonly SearchValues<string> PersonalKeys = SearchValues.Create(
        ["phone", "mobile", "telephone", "idcard", "bankcard", "cardnumber", "cardno", "accountno", "ssn"],
        StringComparison.Ordinal
    );

    private static ReadOnlySpan<byte> GroupKey => "mcp_key_"u8;

    private static readonly byte[][] Prefixes =
    [
        "sk-"u8.ToArray(),
        "ghp_"u8.ToArray(),
        "gho_"u8.ToArray(),
        "ghs_"u8.ToArray(),
        "github_pat_"u8.ToArray(),
        "glpat-"u8.ToArray(),
        "xoxb-"u8.ToArray(),
        "xoxp-"u8.ToArray(),
        "AKIA"u8.ToArray(),
        "AIza"u8.ToArray(),
    ];

    /// <summary>Whether the value under this key must not be seen.</summary>
    public static bool IsSecretKey(ReadOnlySpan<byte> key) => Contains(key, SecretKeys);

    /// <summary>Whether digits under this key are somebody's.</summary>
    public static bool IsPersonalKey(ReadOnlySpan<byte> key) => Contains(key, PersonalKeys);

    /// <summary>Whether a number under this secret key is a count of tokens and not a secret.</summary>
    public static bool IsCount(ReadOnlySpan<byte> key)
    {
        Span<char> plain = stackalloc char[LongestKey];
        return Plain(key, plain).Contains("token", StringComparison.Ordinal);
    }

    /// <summary>Where in a word a known kind of secret begins, and how long its public prefix is; 0 for none.</summary>
    public static (int At, int Length) PrefixIn(ReadOnlySpan<byte> word)
    {
        // Our own keys wherever they stand, the rest where a word begins.
        if (word.IndexOf(GroupKey) is >= 0 and var at)
            return (at, GroupKey.Length);
        foreach (var prefix in Prefixes)
        {
            if (word.StartsWith(prefix))
                return (0, prefix.Length);
        }
        return default;
    }

    private static bool Contains(ReadOnlySpan<byte> key, SearchValues<string> words)
    {
        Span<char> plain = stackalloc char[LongestKey];
        return Plain(key, plain).ContainsAny(words);
    }

    private static ReadOnlySpan<char> Plain(ReadOnlySpan<byte> key, Span<char> into)
    {
        // The end of a longer key: names are qualified from the left.
        if (key.Length > into.Length)
            key = key[^into.Length..];
        System.Text.Unicode.Utf8.ToUtf16(key, into, out _, out var written);
        var n = 0;
        foreach (var c in into[..written])
        {
            if (c is not ('_' or '-' or '.' or ' '))
                into[n++] = char.ToLowerInvariant(c);
        }
        return into[..n];
    }
}
