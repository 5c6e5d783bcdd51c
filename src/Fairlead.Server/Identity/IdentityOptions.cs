using System.Security.Cryptography;
using System.Text;
using Fairlead.Server.Storage.Secrets;

namespace Fairlead.Server.Identity;

/// <summary>How users sign in.</summary>
internal sealed record IdentityOptions
{
    /// <summary>
    /// Secret of access tokens, at least 32 bytes (JWT_SECRET or JWT_SECRET_KEY, C-06). Null derives it from the master
    /// key, so that tokens survive a restart and hold on every node. Empty stops the start; in development it is a random
    /// one of this run (ADR 13).
    /// </summary>
    public string? JwtSecret { get; init; }

    /// <summary>Whether this is a machine of a developer: set by the host, no setting.</summary>
    internal bool InDevelopment { get; init; }

    /// <summary>No token lives longer, whatever the options say.</summary>
    public static readonly TimeSpan LongestTokenLifetime = TimeSpan.FromDays(1);

    /// <summary>How long an access token is good; default 3600 s (P-76).</summary>
    public TimeSpan TokenLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>All things wrong with these options; empty when usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> errors = [];
        if (JwtSecret is "")
        {
            if (!InDevelopment)
                errors.Add(
                    "JWT_SECRET or JWT_SECRET_KEY (Identity:JwtSecret) is set and empty. Give at least "
                        + $"{TokenKey.MinSize} bytes (openssl rand -base64 48), or remove it: then it is derived from the master key."
                );
        }
        else if (JwtSecret is not null && Encoding.UTF8.GetByteCount(JwtSecret) < TokenKey.MinSize)
            errors.Add($"JWT_SECRET must have at least {TokenKey.MinSize} bytes (RFC 7518 section 3.2).");
        if (TokenLifetime < TimeSpan.FromMinutes(1) || TokenLifetime > LongestTokenLifetime)
            errors.Add($"Identity:TokenLifetime is 1 minute to 1 day, it is {TokenLifetime}.");
        return errors;
    }
}

/// <summary>The key access tokens are signed with.</summary>
internal sealed class TokenKey(IdentityOptions options, MasterKey master)
{
    /// <summary>HS256 needs a key no shorter than its hash.</summary>
    public const int MinSize = 32;

    public byte[] Bytes { get; } =
        options.JwtSecret switch
        {
            null => master.Derive("jwt"),
            "" => RandomNumberGenerator.GetBytes(MinSize),
            var given => Encoding.UTF8.GetBytes(given),
        };
}
