using Fairlead.Server.Automation.Flows;
using Fairlead.Server.Caching;
using Fairlead.Server.Identity;
using Fairlead.Server.Storage;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Fairlead.Server.Automation.Registration;

/// <summary>Somebody who registers; checked.</summary>
internal sealed record Registration(
    string Username,
    string Email,
    string Password,
    string? Phone,
    string? Avatar,
    IReadOnlyList<string> Roles
);

/// <summary>
/// Registers people: the user and the automation about him are one transaction, so neither is ever without the other, and
/// nobody waits for an agent.
/// </summary>
internal sealed class Registrar(
    RunStore runs,
    WakeRuns wake,
    IPasswordHasher<UserRow> hasher,
    TimeProvider time,
    ToolCache? cache = null
)
{
    public async Task<StoreResult<UserRow>> RegisterAsync(Registration who, CancellationToken cancellationToken)
    {
        // Before the store: hashing takes longer than all the rest.
        var hash = hasher.HashPassword(null!, who.Password);
        var mail = who.Email.ToLowerInvariant();
        StoreResult<UserRow> made;
        try
        {
            made = await runs.InTurnAsync(db => AddAsync(db, who, mail, hash, cancellationToken), cancellationToken);
        }
        catch (DbUpdateException)
        {
            // Somebody was faster since it was looked for: the indexes say so, and so does a second look.
            var taken = await runs.InTurnAsync(
                db => TakenAsync(db, who.Username, mail, cancellationToken),
                cancellationToken
            );
            if (taken is null)
                throw;
            return taken;
        }
        if (!made.Ok)
            return made;
        wake();
        if (cache is not null)
            await cache.HappenedAsync(ToolCache.UserUpdated, made.Value.Id);
        return made;
    }

    private async Task<StoreResult<UserRow>> AddAsync(
        FairleadDb db,
        Registration who,
        string mail,
        string hash,
        CancellationToken cancellationToken
    )
    {
        if (await TakenAsync(db, who.Username, mail, cancellationToken) is { } taken)
            return taken;
        var now = time.GetUtcNow();
        var row = new UserRow
        {
            Id = UserId.New(time).Value,
            Username = who.Username,
            PasswordHash = hash,
            Roles = [.. who.Roles],
            Email = mail,
            Phone = who.Phone,
            Avatar = who.Avatar,
            CreatedAt = now,
            UpdatedAt = now,
        };
        db.Users.Add(row);
        runs.Start(
            db,
            new RunRequest(
                RegistrationFeature.Automation,
                row.Id,
                new Dictionary<string, string>
                {
                    ["username"] = who.Username,
                    ["email"] = mail,
                    ["roles"] = string.Join(',', who.Roles),
                    ["phone"] = who.Phone ?? "",
                    ["avatar"] = who.Avatar ?? "",
                }
            )
        );
        await db.SaveChangesAsync(cancellationToken);
        return row;
    }

    private static async Task<StoreError?> TakenAsync(
        FairleadDb db,
        string username,
        string mail,
        CancellationToken cancellationToken
    ) =>
        await db.Users.AnyAsync(u => u.Email == mail, cancellationToken)
            ? new StoreError("INVALID_PARAMETER", "There is already a user with this e-mail address.", "email")
        : await db.Users.AnyAsync(u => u.Username == username, cancellationToken)
            ? new StoreError("INVALID_PARAMETER", $"There is already a user named {username}.", "username")
        : null;
}
