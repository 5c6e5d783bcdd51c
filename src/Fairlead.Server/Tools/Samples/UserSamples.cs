using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Fairlead.Server.Identity;
using Fairlead.Server.Storage;
using Fairlead.Toolkit;
using Fairlead.Toolkit.Caching;
using Fairlead.Toolkit.Protection;
using Microsoft.EntityFrameworkCore;
using ModelContextProtocol.Server;

namespace Fairlead.Server.Tools.Samples;

/// <summary>Members of answers are named as they are on the wire.</summary>
internal sealed record UserProfile(
    string user_id,
    string username,
    IReadOnlyList<string> roles,
    bool is_active,
    string registration_time,
    bool details_included,
    string? email = null,
    string? phone = null,
    string? avatar = null
);

internal sealed record UserCard(string user_id, string username, IReadOnlyList<string> roles, bool is_active);

internal sealed record CachedProfile(UserCard profile, bool cached);

internal sealed record UserPage(IReadOnlyList<UserCard> users, int total, bool cached);

internal sealed record UserBatch(IReadOnlyList<UserCard> users, IReadOnlyList<string> missing);

internal sealed record ProfileUpdate(string user_id, IReadOnlyList<string> updated);

/// <summary>Users as they are in the database (A-37 user/profile). The cache is dropped by whoever changes a user (P-50).</summary>
[FairleadTool(Group = SamplesFeature.Group, Category = "user")]
internal sealed class UserSamples(SampleDb db, IToolCache cache, UserProfiles profiles)
{
    private const string Key = "user:";
    private const string ListKey = "user_list";
    private const int MostListed = 100;

    [McpServerTool(Name = "get_user_profile", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Tells who a user is: name, roles, whether active, since when. Contact is masked.")]
    public async Task<UserProfile> GetUserProfileAsync(
        [Description("Id of the user.")] string user_id,
        [Description("True shows the mail as it is, and the picture.")] bool include_details = false,
        CancellationToken cancellationToken = default
    )
    {
        var user = await FindAsync(user_id, cancellationToken);
        return new(
            user.Id,
            user.Username,
            user.Roles,
            user.Enabled,
            user.CreatedAt.UtcDateTime.ToString("O"),
            include_details,
            user.Email is not { } mail ? null
                : include_details ? mail
                : PersonalData.Email(mail),
            user.Phone is { } phone ? PersonalData.Phone(phone) : null,
            include_details ? user.Avatar : null
        );
    }

    [McpServerTool(Name = "get_cached_user_profile", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("The same in short, from the cache where it is there, and whether it was.")]
    public async Task<CachedProfile> GetCachedUserProfileAsync(
        [Description("Id of the user.")] string user_id,
        CancellationToken cancellationToken
    )
    {
        var found = await cache.GetOrCreateAsync(
            Key + user_id,
            async token => Card(await FindAsync(user_id, token)),
            cancellationToken: cancellationToken
        );
        return new(found.Value!, found.IsCached);
    }

    [McpServerTool(Name = "query_users", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Lists users, oldest first.")]
    public async Task<UserPage> QueryUsersAsync(
        [Description("Most users, 1 to 100."), Range(1, MostListed)] int limit = 20,
        [Description("Only those with this role.")] string? role = null,
        CancellationToken cancellationToken = default
    )
    {
        var all = await cache.GetOrCreateAsync(
            ListKey,
            token => new ValueTask<List<UserCard>>(
                db.UseAsync(
                    async rows =>
                        (await rows.Users.OrderBy(u => u.Id).Take(MostListed).ToListAsync(token)).ConvertAll(Card),
                    token
                )
            ),
            cancellationToken: cancellationToken
        );
        var wanted = all.Value!.Where(u => role is null || u.roles.Contains(role)).ToList();
        return new([.. wanted.Take(limit)], wanted.Count, all.IsCached);
    }

    [McpServerTool(Name = "batch_query_users", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Several users at once: those that are not cached are read by one query.")]
    public async Task<UserBatch> BatchQueryUsersAsync(
        [Description("Ids, 1 to 100."), Length(1, MostListed)] string[] user_ids,
        CancellationToken cancellationToken
    )
    {
        var found = await cache.GetManyAsync(
            Key,
            user_ids,
            async (missing, token) =>
                await db.UseAsync<IReadOnlyDictionary<string, UserCard>>(
                    async rows =>
                        (await rows.Users.Where(u => missing.Contains(u.Id)).ToListAsync(token)).ToDictionary(
                            u => u.Id,
                            Card
                        ),
                    token
                ),
            cancellationToken: cancellationToken
        );
        var distinct = user_ids.Distinct(StringComparer.Ordinal).ToList();
        return new(
            [.. distinct.Where(found.ContainsKey).Select(id => found[id])],
            [.. distinct.Where(id => !found.ContainsKey(id))]
        );
    }

    [McpServerTool(Name = "update_user_profile", Idempotent = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Changes how a user is reached. Users change themselves; consultants and administrators anyone.")]
    public async Task<ProfileUpdate> UpdateUserProfileAsync(
        CallContext context,
        [Description("Id of the user.")] string user_id,
        [Description("Mail; empty removes it."), Sensitive] string? email = null,
        [Description("Phone, 6 to 20 digits, + and spaces allowed; empty removes it."), Sensitive] string? phone = null,
        [Description("Address of a picture, https; empty removes it.")] string? avatar = null
    )
    {
        Callers.RequireFor(context, user_id);
        var change = new ContactChange(email, phone, avatar);
        Failure.ThrowIfAny("Nothing was changed.", change.Check());
        return await profiles.SetAsync(user_id, change, context.CancellationToken) switch
        {
            ContactResult.Unknown => throw Failure.NoUser(user_id),
            ContactResult.MailTaken => throw Failure.Of("conflict", "Another user has this mail."),
            _ => new(user_id, change.Names),
        };
    }

    private async Task<UserRow> FindAsync(string id, CancellationToken cancellationToken) =>
        await db.UseAsync(
            rows => rows.Users.SingleOrDefaultAsync(u => u.Id == id, cancellationToken),
            cancellationToken
        ) ?? throw Failure.NoUser(id);

    public static UserCard Card(UserRow user) => new(user.Id, user.Username, user.Roles, user.Enabled);
}
