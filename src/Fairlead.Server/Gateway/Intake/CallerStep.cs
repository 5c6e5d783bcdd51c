using Fairlead.Server.Gateway.Replies;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Gateway.Intake;

/// <summary>Who a user token names: read by Identity, used for groups restricted to roles or tiers .</summary>
internal sealed record CallingUser(UserId Id, IReadOnlyList<string> Roles, string? Tier, string? Name = null);

/// <summary>Reads a user's access token; null when it is not valid now.</summary>
internal delegate CallingUser? ReadUserToken(string token);

/// <summary>What a client shows of itself: the raw headers and the code in its path.</summary>
internal readonly record struct Credentials(string? Authorization, string? UserToken, string? Code)
{
    public static Credentials Of(HttpContext http) =>
        new(
            http.Request.Headers.Authorization,
            http.Request.Headers["X-User-Token"],
            http.GetRouteValue("code") as string
        );
}

/// <summary>
/// Finds the group and caller of a request: by group key alone, by key and path code, or by a user's token and path
/// code. Key first: without a good one nothing is told about codes (401; a code that is not the key's: 404; disabled: 403).
/// </summary>
internal sealed class CallerStep(Routes routes, ReadUserToken readUser, TimeProvider time)
{
    private const string Bearer = "Bearer ";
    private const string KeyPrefix = "mcp_key_";

    public Condition? Find(in Credentials shown, out GroupRoute? group, out UserId? user)
    {
        group = null;
        user = null;
        var table = routes.Table;
        if (shown.Authorization is not { } header)
            return Condition.Unauthorized;
        if (table.Seen.Find(header) is not { } key)
        {
            if (!header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
                return Condition.Unauthorized;
            var token = header.AsSpan(Bearer.Length).Trim();
            if (!token.StartsWith(KeyPrefix, StringComparison.Ordinal))
                return ByUser(table, token.ToString(), shown.Code, out group, out user);
            if (!table.ByKey.TryGetValue(KeyDigest.OfKey(token), out key))
                return Condition.Unauthorized;
            table.Seen.Remember(header, key);
        }
        if (key.ValidUntil is { } until && time.GetUtcNow() >= until)
            return Condition.Unauthorized;
        if (shown.Code is not null && shown.Code != key.Group.Config.ServerCode)
            return Condition.UnknownGroup;
        group = key.Group;
        if (!group.Config.Enabled)
            return Condition.GroupDisabled;
        return group.NeedsUser ? NamedUser(shown.UserToken, group, out user) : null;
    }

    private Condition? NamedUser(string? token, GroupRoute group, out UserId? user)
    {
        user = null;
        if (string.IsNullOrEmpty(token))
            return Condition.UserNeeded;
        if (readUser(token) is not { } named)
            return Condition.Unauthorized;
        user = named.Id;
        return Allows(group, named) ? null : Condition.RoleMissing;
    }

    private Condition? ByUser(RouteTable table, string token, string? code, out GroupRoute? group, out UserId? user)
    {
        group = null;
        user = null;
        if (readUser(token) is not { } named)
            return Condition.Unauthorized;
        user = named.Id;
        if (code is null || !table.ByCode.TryGetValue(code, out group))
            return Condition.UnknownGroup;
        // Without a key a user must be let in by name: a group that names nobody is for its key only.
        if (!group.NeedsUser || !Allows(group, named))
        {
            group = null;
            return Condition.UnknownGroup;
        }
        return group.Config.Enabled ? null : Condition.GroupDisabled;
    }

    /// <summary>Whether a group's rules let a user in.</summary>
    public static bool Allows(GroupRoute group, CallingUser user)
    {
        var roles = group.Config.AllowedRoles;
        var tiers = group.Config.UserTierAccess;
        return (roles.Length == 0 || roles.Any(r => user.Roles.Contains(r)))
            && (tiers.Length == 0 || (user.Tier is not null && tiers.Contains(user.Tier)));
    }
}
