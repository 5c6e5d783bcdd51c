using System.Text.RegularExpressions;
using Fairlead.Server.Caching;
using Fairlead.Server.Storage;
using Fairlead.Toolkit.Protection;
using Microsoft.EntityFrameworkCore;

namespace Fairlead.Server.Identity;

/// <summary>What became of a change of contact.</summary>
internal enum ContactResult
{
    Done,
    Unknown,
    MailTaken,
}

/// <summary>How a user is to be reached; null leaves a member as it is, empty removes it.</summary>
internal sealed partial record ContactChange(string? Email, string? Phone, string? Avatar)
{
    public const int MaxEmailLength = 254;
    public const int MaxAvatarLength = 2000;
    private static readonly EmailAttribute Mail = new();

    /// <summary>The members that are not left as they are.</summary>
    public IReadOnlyList<string> Names =>
        [
            .. new[] { ("email", Email), ("phone", Phone), ("avatar", Avatar) }
                .Where(static m => m.Item2 is not null)
                .Select(static m => m.Item1),
        ];

    /// <summary>Everything that is wrong, by member (P-86).</summary>
    public IEnumerable<(string Field, string Problem)> Check()
    {
        if (!string.IsNullOrEmpty(Email) && (Email.Length > MaxEmailLength || !Mail.IsValid(Email)))
            yield return ("email", "is no mail address");
        if (!string.IsNullOrEmpty(Phone) && !PhonePattern().IsMatch(Phone))
            yield return ("phone", "has 6 to 20 digits; +, spaces and hyphens are allowed");
        if (
            !string.IsNullOrEmpty(Avatar)
            && (
                Avatar.Length > MaxAvatarLength
                || !Uri.TryCreate(Avatar, UriKind.Absolute, out var url)
                || url.Scheme != "https"
            )
        )
            yield return ("avatar", "is no https address");
    }

    [GeneratedRegex(@"^\+?[0-9](?:[ -]?[0-9]){5,19}$", RegexOptions.NonBacktracking)]
    private static partial Regex PhonePattern();
}

/// <summary>
/// How users are reached. Unlike what <see cref="UserStore"/> changes, nobody's access stands on it: no token dies and no
/// node reads anything anew.
/// </summary>
internal sealed class UserProfiles(StoreWriter writer, TimeProvider time, ToolCache? cache = null)
{
    public async Task<ContactResult> SetAsync(string id, ContactChange change, CancellationToken cancellationToken)
    {
        var mail = change.Email?.ToLowerInvariant();
        var result = await writer.RecordAsync(
            async db =>
            {
                if (await db.Users.SingleOrDefaultAsync(u => u.Id == id, cancellationToken) is not { } user)
                    return ContactResult.Unknown;
                if (
                    !string.IsNullOrEmpty(mail)
                    && await db.Users.AnyAsync(u => u.Email == mail && u.Id != id, cancellationToken)
                )
                    return ContactResult.MailTaken;
                user.Email = Changed(user.Email, mail);
                user.Phone = Changed(user.Phone, change.Phone);
                user.Avatar = Changed(user.Avatar, change.Avatar);
                user.UpdatedAt = time.GetUtcNow();
                try
                {
                    await db.SaveChangesAsync(cancellationToken);
                }
                catch (DbUpdateException) when (!string.IsNullOrEmpty(mail))
                {
                    // Somebody else took it since it was looked for: the index says so.
                    return ContactResult.MailTaken;
                }
                return ContactResult.Done;
            },
            cancellationToken
        );
        // P-50: what is kept of the user, and of all, is not true any more.
        if (result == ContactResult.Done && cache is not null)
            await cache.HappenedAsync(ToolCache.UserUpdated, id);
        return result;
    }

    private static string? Changed(string? now, string? wanted) =>
        wanted is null ? now
        : wanted.Length > 0 ? wanted
        : null;
}
