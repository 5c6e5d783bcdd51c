using System.Buffers.Text;
using System.Security.Cryptography;
using Fairlead.Server.Caching;
using Fairlead.Server.Storage;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Fairlead.Server.Identity;

/// <summary>
/// Users and their passwords. All writes of <c>users</c>, <c>revoked_tokens</c> and <c>token_floors</c> are here, but for
/// how users are reached (<see cref="UserProfiles"/>).
/// </summary>
internal sealed class UserStore(
    StoreWriter writer,
    IPasswordHasher<UserRow> hasher,
    TimeProvider time,
    ToolCache? cache = null
)
{
    public const int MaxUsernameLength = 50;
    public const int MaxPasswordLength = 256;
    public const int MinPasswordLength = 8;

    // Checked for unknown users, so that they take as long as known ones.
    private readonly Lazy<string> decoy = new(() => hasher.HashPassword(null!, NewPassword()));

    /// <summary>
    /// Makes the user <c>admin</c> where no administrator exists. Returns the password it made up; null where
    /// one was given (FAIRLEAD_ADMIN_PASSWORD, at least 8 characters) or nobody had to be made.
    /// </summary>
    /// <exception cref="StoreException">The given password is too short or too long.</exception>
    public Task<string?> EnsureAdminAsync(string? givenPassword, CancellationToken cancellationToken) =>
        writer.ChangeAsync(db => EnsureAdminAsync(db, givenPassword, cancellationToken), cancellationToken);

    /// <summary>The same as a part of a larger change.</summary>
    public async Task<string?> EnsureAdminAsync(
        FairleadDb db,
        string? givenPassword,
        CancellationToken cancellationToken
    )
    {
        if (givenPassword is not null and not { Length: >= MinPasswordLength and <= MaxPasswordLength })
            throw new StoreException(
                $"FAIRLEAD_ADMIN_PASSWORD must have {MinPasswordLength} to {MaxPasswordLength} characters."
            );
        if ((await db.Users.ToListAsync(cancellationToken)).Exists(IsAdmin))
            return null;
        string password = givenPassword ?? NewPassword();
        db.Users.Add(
            new UserRow
            {
                Id = UserId.New(time).Value,
                Username = "admin",
                PasswordHash = hasher.HashPassword(null!, password),
                Roles = [IdentityFeature.AdminRole],
                CreatedAt = time.GetUtcNow(),
                UpdatedAt = time.GetUtcNow(),
            }
        );
        return givenPassword is null ? password : null;
    }

    /// <summary>Makes a user; a taken name is <c>CONFLICT</c>.</summary>
    public async Task<StoreResult<UserRow>> AddAsync(
        string username,
        string password,
        IReadOnlyList<string> roles,
        string? tier,
        CancellationToken cancellationToken
    )
    {
        string hash = hasher.HashPassword(null!, password);
        var added = await writer.ChangeAsync<StoreResult<UserRow>>(
            async db =>
            {
                if (await db.Users.AnyAsync(user => user.Username == username, cancellationToken))
                    return new StoreError("CONFLICT", $"There is already a user named {username}.", "username");
                var row = new UserRow
                {
                    Id = UserId.New(time).Value,
                    Username = username,
                    PasswordHash = hash,
                    Roles = [.. roles],
                    Tier = tier,
                    CreatedAt = time.GetUtcNow(),
                    UpdatedAt = time.GetUtcNow(),
                };
                db.Users.Add(row);
                return row;
            },
            cancellationToken
        );
        // The list of all users is another one now.
        if (added.Ok && cache is not null)
            await cache.HappenedAsync(ToolCache.UserUpdated, added.Value.Id);
        return added;
    }

    /// <summary>Gives a user, by name or id, a new password; access tokens given before die. Unknown is <c>NOT_FOUND</c>.</summary>
    public Task<StoreResult<UserRow>> SetPasswordAsync(
        string user,
        string password,
        CancellationToken cancellationToken
    )
    {
        string hash = hasher.HashPassword(null!, password);
        return ChangeAsync(user, (_, row) => row.PasswordHash = hash, cancellationToken);
    }

    /// <summary>Lets a user in, or out: then access tokens die. The last administrator stays in (<c>CONFLICT</c>).</summary>
    public Task<StoreResult<UserRow>> SetEnabledAsync(string user, bool enabled, CancellationToken cancellationToken) =>
        ChangeAsync(user, (_, row) => row.Enabled = enabled, cancellationToken);

    /// <summary>
    /// Gives a user other roles or another tier (empty: none); null leaves what is. Access tokens given before die. The
    /// last administrator stays one (<c>CONFLICT</c>).
    /// </summary>
    public Task<StoreResult<UserRow>> SetAccessAsync(
        string user,
        IReadOnlyList<string>? roles,
        string? tier,
        CancellationToken cancellationToken
    ) =>
        ChangeAsync(
            user,
            (_, row) =>
            {
                row.Roles = roles is null ? row.Roles : [.. roles];
                row.Tier =
                    tier is null ? row.Tier
                    : tier.Length > 0 ? tier
                    : null;
            },
            cancellationToken
        );

    /// <summary>Removes a user; access tokens die. The last administrator stays (<c>CONFLICT</c>).</summary>
    public Task<StoreResult<UserRow>> RemoveAsync(string user, CancellationToken cancellationToken) =>
        ChangeAsync(user, static (db, row) => db.Users.Remove(row), cancellationToken);

    /// <summary>One page of users, oldest first, and how many there are.</summary>
    public Task<(List<UserRow> Rows, int Total)> ListAsync(int skip, int take, CancellationToken cancellationToken) =>
        writer.ReadAsync(
            async db =>
            {
                List<UserRow> rows = await db
                    .Users.OrderBy(static user => user.Id)
                    .Skip(skip)
                    .Take(take)
                    .ToListAsync(cancellationToken);
                return (rows, await db.Users.CountAsync(cancellationToken));
            },
            cancellationToken
        );

    /// <summary>The user with this name or id, disabled or not; null when unknown.</summary>
    public Task<UserRow?> FindAsync(string user, CancellationToken cancellationToken) =>
        writer.ReadAsync(db => FindAsync(db, user, cancellationToken), cancellationToken);

    /// <summary>The user with this name and password, or null. Takes the same time whether the user exists or not.</summary>
    public async Task<UserRow?> VerifyAsync(string username, string password, CancellationToken cancellationToken)
    {
        UserRow? user = await writer.ReadAsync(
            db => db.Users.SingleOrDefaultAsync(row => row.Username == username, cancellationToken),
            cancellationToken
        );
        PasswordVerificationResult verdict = hasher.VerifyHashedPassword(
            user!,
            user?.PasswordHash ?? decoy.Value,
            password
        );
        return verdict is not PasswordVerificationResult.Failed && user is { Enabled: true } ? user : null;
    }

    /// <summary>The user as stored now; null when unknown or disabled.</summary>
    public Task<UserRow?> FindAsync(UserId id, CancellationToken cancellationToken) =>
        writer.ReadAsync(
            db => db.Users.SingleOrDefaultAsync(row => row.Id == id.Value && row.Enabled, cancellationToken),
            cancellationToken
        );

    /// <summary>Refuses a token from now on, on every node within a second (P-77). Forgets those expired by themselves.</summary>
    public Task RevokeAsync(UserIdentity token, CancellationToken cancellationToken) =>
        writer.ChangeAsync(
            async db =>
            {
                DateTimeOffset now = time.GetUtcNow();
                List<RevokedTokenRow> rows = await db.RevokedTokens.ToListAsync(cancellationToken);
                db.RevokedTokens.RemoveRange(rows.Where(row => row.ExpiresAt <= now));
                if (!rows.Exists(row => row.Jti == token.TokenId))
                    db.RevokedTokens.Add(new RevokedTokenRow { Jti = token.TokenId, ExpiresAt = token.ExpiresAt });
                return true;
            },
            cancellationToken
        );

    private async Task<StoreResult<UserRow>> ChangeAsync(
        string user,
        Action<FairleadDb, UserRow> change,
        CancellationToken cancellationToken
    )
    {
        var changed = await writer.ChangeAsync<StoreResult<UserRow>>(
            async db =>
            {
                if (await FindAsync(db, user, cancellationToken) is not { } row)
                    return new StoreError("NOT_FOUND", $"There is no user named {user}.", "username");
                List<UserRow> admins = (await db.Users.ToListAsync(cancellationToken)).FindAll(IsAdmin);
                change(db, row);
                if (!db.ChangeTracker.HasChanges())
                    return row;
                bool removed = db.Entry(row).State is EntityState.Deleted;
                if (admins is [var last] && last == row && (removed || !IsAdmin(row)))
                {
                    db.ChangeTracker.Clear();
                    return new StoreError(
                        "CONFLICT",
                        $"{row.Username} is the last administrator who can sign in: make another one first."
                    );
                }
                row.UpdatedAt = time.GetUtcNow();
                row.TokenGeneration++;
                await EndTokensAsync(db, row.Id, removed ? int.MaxValue : row.TokenGeneration, cancellationToken);
                return row;
            },
            cancellationToken
        );
        // P-50: what is kept of the user, and of all, is not true any more.
        if (changed.Ok && cache is not null)
            await cache.HappenedAsync(ToolCache.UserUpdated, changed.Value.Id);
        return changed;
    }

    // A generation and not a time: who signed in with the old password at this very moment gets a token that is dead.
    private async Task EndTokensAsync(FairleadDb db, string user, int generation, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        List<TokenFloorRow> floors = await db.TokenFloors.ToListAsync(cancellationToken);
        db.TokenFloors.RemoveRange(floors.Where(floor => floor.ExpiresAt <= now && floor.UserId != user));
        TokenFloorRow? known = floors.Find(floor => floor.UserId == user);
        if (known is null)
            db.TokenFloors.Add(
                known = new TokenFloorRow
                {
                    UserId = user,
                    Generation = 0,
                    ExpiresAt = now,
                }
            );
        known.Generation = generation;
        // An hour more than any token has: nodes' clocks differ, and a sign-in may be under way.
        known.ExpiresAt = now + IdentityOptions.LongestTokenLifetime + TimeSpan.FromHours(1);
    }

    private static async Task<UserRow?> FindAsync(FairleadDb db, string user, CancellationToken cancellationToken) =>
        await db.Users.SingleOrDefaultAsync(row => row.Id == user, cancellationToken)
        ?? await db.Users.SingleOrDefaultAsync(row => row.Username == user, cancellationToken);

    private static bool IsAdmin(UserRow user) => user.Enabled && user.Roles.Contains(IdentityFeature.AdminRole);

    // 24 characters, 144 bits.
    private static string NewPassword() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(18));
}
