using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Fairlead.Server.Storage.Secrets;

namespace Fairlead.Server.Groups;

/// <summary>Makes, hashes and seals group keys: <c>mcp_key_</c> and 32 random bytes, URL-safe .</summary>
internal sealed partial class GroupKeys(Sealer sealer)
{
    public const string Prefix = "mcp_key_";

    public static string New() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public static bool IsWellFormed(string key) => Format().IsMatch(key);

    /// <summary>SHA-256 as lower-case hex: what a presented key is looked up by (I-25).</summary>
    public static string Hash(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    public string Seal(string groupId, string key) =>
        sealer.Seal("mcp_tool_groups", "api_key", groupId, Encoding.UTF8.GetBytes(key));

    public string Open(string groupId, string stored) =>
        Encoding.UTF8.GetString(sealer.Open("mcp_tool_groups", "api_key", groupId, stored));

    // 43 characters carry 258 bits: the last one has only four of its six.
    [GeneratedRegex("^mcp_key_[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$", RegexOptions.NonBacktracking)]
    private static partial Regex Format();
}
