using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Identity;

/// <summary>An access token as it is handed out.</summary>
internal sealed record IssuedToken(string Text, UserIdentity User, TimeSpan Lifetime);

/// <summary>Issues access tokens: HS256, claims user_id, username, roles, tier, gen, jti, iat, nbf, exp (P-76).</summary>
internal sealed class TokenIssuer(TokenKey key, IdentityOptions options, TimeProvider time)
{
    public IssuedToken Issue(UserRow user)
    {
        DateTimeOffset now = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
        var identity = new UserIdentity(
            new UserId(user.Id),
            user.Username,
            [.. user.Roles],
            user.Tier,
            NewId.At(time),
            now + options.TokenLifetime
        );
        var payload = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(payload))
        {
            json.WriteStartObject();
            json.WriteString("user_id", identity.Id.Value);
            json.WriteString("username", identity.Username);
            json.WriteStartArray("roles");
            foreach (string role in identity.Roles)
                json.WriteStringValue(role);
            json.WriteEndArray();
            if (identity.Tier is not null)
                json.WriteString("tier", identity.Tier);
            json.WriteNumber("gen", user.TokenGeneration);
            json.WriteString("jti", identity.TokenId);
            json.WriteNumber("iat", now.ToUnixTimeSeconds());
            json.WriteNumber("nbf", now.ToUnixTimeSeconds());
            json.WriteNumber("exp", identity.ExpiresAt.ToUnixTimeSeconds());
            json.WriteEndObject();
        }
        return new IssuedToken(Jwt.Sign(payload.WrittenSpan, key.Bytes), identity, options.TokenLifetime);
    }
}

/// <summary>Reads access tokens. Touches no database: what was revoked is in the snapshot.</summary>
internal sealed class TokenReader(TokenKey key, StoreWatcher watcher, TimeProvider time)
{
    // Nodes' clocks differ a little; ours decides when a token of another node begins.
    private static readonly TimeSpan Leeway = TimeSpan.FromSeconds(60);

    /// <summary>The user of <paramref name="token"/>, or why it is not accepted.</summary>
    public bool TryRead(string? token, out UserIdentity? user, out TokenFailure reason)
    {
        user = null;
        if (string.IsNullOrEmpty(token))
        {
            reason = TokenFailure.Missing;
            return false;
        }
        if (watcher.IsExpired)
        {
            // What was revoked is not known: nobody is let in on a guess.
            reason = TokenFailure.Undecided;
            return false;
        }
        reason = TokenFailure.Invalid;
        if (!Jwt.TryVerify(token, key.Bytes, out JsonDocument? document))
            return false;
        using (document)
        {
            JsonElement claims = document.RootElement;
            if (
                Text(claims, "user_id") is not { Length: > 0 } id
                || Text(claims, "jti") is not { Length: > 0 } tokenId
                || Seconds(claims, "iat") is not { } issued
                || Seconds(claims, "exp") is not { } expires
                || Roles(claims) is not { } roles
            )
                return false;
            DateTimeOffset now = time.GetUtcNow();
            if (issued > now + Leeway || Seconds(claims, "nbf") > now + Leeway)
                return false;
            if (now >= expires)
                reason = TokenFailure.Expired;
            else if (
                watcher.Current.RevokedTokens.Contains(tokenId)
                || (watcher.Current.TokenFloors.TryGetValue(id, out int floor) && Generation(claims) < floor)
            )
                reason = TokenFailure.Revoked;
            else
            {
                user = new UserIdentity(
                    new UserId(id),
                    Text(claims, "username") ?? id,
                    roles,
                    Text(claims, "tier"),
                    tokenId,
                    expires
                );
                reason = TokenFailure.None;
            }
            return user is not null;
        }
    }

    private static string? Text(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out JsonElement value) && value.ValueKind is JsonValueKind.String
            ? value.GetString()
            : null;

    // Tokens of programs that did not know generations have none.
    private static int Generation(JsonElement claims) =>
        claims.TryGetProperty("gen", out JsonElement value)
        && value.ValueKind is JsonValueKind.Number
        && value.TryGetInt32(out int generation)
            ? generation
            : 0;

    private static DateTimeOffset? Seconds(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out JsonElement value)
        && value.ValueKind is JsonValueKind.Number
        && value.TryGetInt64(out long seconds)
        && seconds is >= 0 and < 253_402_300_800 // the year 10000
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : null;

    private static ImmutableArray<string>? Roles(JsonElement claims)
    {
        if (!claims.TryGetProperty("roles", out JsonElement list) || list.ValueKind is not JsonValueKind.Array)
            return null;
        var roles = ImmutableArray.CreateBuilder<string>();
        foreach (JsonElement role in list.EnumerateArray())
        {
            if (role.ValueKind is not JsonValueKind.String)
                return null;
            roles.Add(role.GetString()!);
        }
        return roles.ToImmutable();
    }
}
