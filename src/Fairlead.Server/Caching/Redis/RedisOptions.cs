namespace Fairlead.Server.Caching.Redis;

/// <summary>The shared cache level; section <c>Redis</c>. Off unless an address is given or it is switched on.</summary>
internal sealed record RedisOptions
{
    /// <summary>Address that holds when Redis is switched on without one (P-15).</summary>
    public const string DefaultUrl = "redis://localhost:6379";

    /// <summary>Whether to use Redis; null does when <see cref="Url"/> is given.</summary>
    public bool? Enabled { get; init; }

    /// <summary><c>redis://[user:password@]host[:port][/database]</c>, or <c>rediss://</c> for TLS; default none.</summary>
    public string? Url { get; init; }

    /// <summary>Name for Redis' own access rules; goes before the one of <see cref="Url"/>.</summary>
    public string? User { get; init; }

    /// <summary>Goes before the one of <see cref="Url"/>.</summary>
    public string? Password { get; init; }

    /// <summary>Connections kept open; default 5 (P-10).</summary>
    public int PoolMin { get; init; } = 5;

    /// <summary>Connections at most; default 10 (P-10).</summary>
    public int PoolMax { get; init; } = 10;

    public bool IsOn => Enabled ?? Url is not null;

    /// <summary>All things wrong with these options; empty when usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> errors = [];
        if (RedisAddress.TryRead(this) is null)
            errors.Add("Redis:Url must be redis://[user:password@]host[:port][/database], or rediss:// for TLS.");
        if (PoolMin < 0)
            errors.Add($"Redis:PoolMin must not be negative, it is {PoolMin}.");
        if (PoolMax < 1 || PoolMax < PoolMin)
            errors.Add($"Redis:PoolMax must be at least 1 and not below PoolMin ({PoolMin}), it is {PoolMax}.");
        return errors;
    }
}

/// <summary>Where a Redis is and who we are there. Its text never holds the password.</summary>
internal sealed record RedisAddress(string Host, int Port, bool Tls, string? User, string? Password, int Database)
{
    public override string ToString() => $"{(Tls ? "rediss" : "redis")}://{Host}:{Port}/{Database}";

    /// <summary>Null where the address cannot be read.</summary>
    public static RedisAddress? TryRead(RedisOptions options)
    {
        if (
            !Uri.TryCreate(options.Url ?? RedisOptions.DefaultUrl, UriKind.Absolute, out var url)
            || url.Scheme is not ("redis" or "rediss")
            || url.Host.Length == 0
            || url.Query.Length > 0
        )
            return null;
        var database = 0;
        var path = url.AbsolutePath.Trim('/');
        if (path.Length > 0 && (!int.TryParse(path, out database) || database < 0))
            return null;
        var who = url.UserInfo.Split(':', 2);
        var user = who.Length > 1 && who[0].Length > 0 ? Uri.UnescapeDataString(who[0]) : null;
        var password = who.Length > 1 ? Uri.UnescapeDataString(who[1]) : null;
        return new(
            url.IdnHost.Trim('[', ']'),
            url.Port > 0 ? url.Port : 6379,
            url.Scheme == "rediss",
            options.User ?? user,
            options.Password ?? password,
            database
        );
    }
}
