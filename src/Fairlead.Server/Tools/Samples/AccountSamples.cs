using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using Fairlead.Server.Identity;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Fairlead.Toolkit;
using Fairlead.Toolkit.Protection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Server;

namespace Fairlead.Server.Tools.Samples;

internal sealed record OwnProfile(
    string user_id,
    string username,
    IReadOnlyList<string> roles,
    string? tier = null,
    string? email = null,
    string? phone = null
);

internal sealed record CreatedUser(string user_id, string username, IReadOnlyList<string> roles);

internal sealed record FoundUsers(IReadOnlyList<UserCard> users);

internal sealed record DeletedUser(bool success, string user_id);

/// <summary>Making, finding and removing accounts, with their guards (A-37 user/search, P-79, P-91).</summary>
[FairleadTool(Group = SamplesFeature.Group, Category = "user")]
internal sealed partial class AccountSamples(
    SampleDb db,
    UserStore users,
    UserProfiles profiles,
    SampleAudit audit,
    ILogger<AccountSamples> logger
)
{
    private const string Customer = "customer";

    [McpServerTool(Name = "get_profile", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Who you are: for any user.")]
    public async Task<OwnProfile> GetProfileAsync(CallContext context)
    {
        var caller = Callers.Require(context);
        var token = context.CancellationToken;
        var user =
            await db.UseAsync(rows => rows.Users.SingleOrDefaultAsync(u => u.Id == caller.Id, token), token)
            ?? throw Failure.NoUser(caller.Id);
        return new(
            user.Id,
            user.Username,
            user.Roles,
            user.Tier,
            user.Email is { } mail ? PersonalData.Email(mail) : null,
            user.Phone is { } phone ? PersonalData.Phone(phone) : null
        );
    }

    // The rules are in the published schema and checked before the method runs (P-86).
    [RequireRole(IdentityFeature.AdminRole)]
    [McpServerTool(Name = "create_user", OpenWorld = false, UseStructuredContent = true)]
    [Description("Makes a customer, who can sign in once there is a password.")]
    public async Task<CreatedUser> CreateUserAsync(
        CallContext context,
        [Description("Name to sign in with."), UserName] string username,
        [Description("Mail."), Email, Sensitive] string email,
        [Description("Age in years."), Range(0, 150)] int? age = null,
        [Description("Password; without one an administrator gives it later."), Sensitive]
        [StringLength(UserStore.MaxPasswordLength, MinimumLength = UserStore.MinPasswordLength)]
            string? password = null
    )
    {
        var token = context.CancellationToken;
        var mail = email.ToLowerInvariant();
        if (await db.UseAsync(rows => rows.Users.AnyAsync(u => u.Email == mail, token), token))
            throw Failure.Of("conflict", "Nobody was made.", new FieldProblem("email", "another user has it"));
        var made = await users.AddAsync(
            username,
            password ?? Convert.ToBase64String(RandomNumberGenerator.GetBytes(18)),
            [Customer],
            null,
            token
        );
        if (!made.Ok)
            throw Failure.Of("conflict", "Nobody was made.", new FieldProblem("username", "another user has it"));
        await profiles.SetAsync(made.Value.Id, new ContactChange(mail, null, null), token);
        if (age is { } years)
            await CustomerSamples.NoteAsync(db, made.Value.Id, "age", $"{years}", made.Value.CreatedAt, token);
        return new(made.Value.Id, username, made.Value.Roles);
    }

    [McpServerTool(Name = "search_users", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Finds users by a part of their name.")]
    public async Task<FoundUsers> SearchUsersAsync(
        [Description("A part of the name."), SqlSensitive, StringLength(50, MinimumLength = 1)] string query,
        [Description("Most users, 1 to 50."), Range(1, 50)] int limit = 10,
        CancellationToken cancellationToken = default
    )
    {
        var part = query.ToLowerInvariant();
        // A parameter of the statement, whatever is in it; the screen is the second net.
#pragma warning disable CA1862 // A database knows lower case, not StringComparison.
        var found = await db.UseAsync(
            rows =>
                rows.Users.Where(u => u.Username.ToLower().Contains(part))
                    .OrderBy(u => u.Username)
                    .Take(limit)
                    .ToListAsync(cancellationToken),
            cancellationToken
        );
#pragma warning restore CA1862
        return new(found.ConvertAll(UserSamples.Card));
    }

    [RequireRole(IdentityFeature.AdminRole)]
    [McpServerTool(Name = "delete_user", OpenWorld = false, UseStructuredContent = true)]
    [Description("Removes a user with all that is kept of him. For administrators.")]
    public async Task<DeletedUser> DeleteUserAsync(CallContext context, [Description("Id of the user.")] string user_id)
    {
        var admin = Callers.Require(context);
        var removed = await users.RemoveAsync(user_id, context.CancellationToken);
        var result = removed.Ok ? AuditRecord.Success : removed.Error.Code;
        LogDeleted(admin.Id, user_id, result);
        await audit.WriteAsync(admin, "samples.delete_user", $"user {user_id}", result);
        return removed.Ok
            ? new(true, removed.Value.Id)
            : throw Failure.Of(removed.Error.Code.ToLowerInvariant(), removed.Error.Message);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "sensitive: {Admin} deletes user {Target}: {Result}")]
    private partial void LogDeleted(string admin, string target, string result);
}
