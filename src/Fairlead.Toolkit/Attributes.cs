namespace Fairlead.Toolkit;

/// <summary>
/// Makes a public method a tool, or says more about one that is marked <c>[McpServerTool]</c>. On a class it holds for
/// every tool of it that does not say otherwise.
/// </summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class)]
public sealed class FairleadToolAttribute : Attribute
{
    /// <summary>The tool's name; the default is the method's name. Not read on a class.</summary>
    public string? Name { get; set; }

    /// <summary>
    /// What the tool does, for a model. The default is <c>[Description]</c>, then the summary of the method's XML
    /// documentation, then a text made of its name. Not read on a class.
    /// </summary>
    public string? Description { get; set; }

    /// <summary>What kind of tool it is, for people who look for one; the default is <c>general</c>.</summary>
    public string? Category { get; set; }

    /// <summary>
    /// Server code of the one group the tool is published in. The default is every group that publishes native tools,
    /// among them the group <c>default</c>.
    /// </summary>
    public string? Group { get; set; }
}

/// <summary>
/// The call must name a user who has one of these roles. Without a user, or without a role, the tool does not run.
/// Several of them, also on the class, must all be met.
/// </summary>
/// <param name="roles">Names of roles, at least one; upper and lower case differ.</param>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class, AllowMultiple = true)]
public sealed class RequireRoleAttribute(params string[] roles) : Attribute
{
    /// <summary>The roles of which one is needed.</summary>
    public IReadOnlyList<string> Roles { get; } =
        roles is { Length: > 0 } && !roles.Any(string.IsNullOrWhiteSpace)
            ? roles
            : throw new ArgumentException("[RequireRole] names no role.", nameof(roles));
}

/// <summary>At most so many calls of the tool in a window of time, for each caller.</summary>
/// <param name="max">Calls, at least 1.</param>
/// <param name="windowSeconds">Length of the window in seconds, at least 1.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RateLimitAttribute(int max, int windowSeconds) : Attribute
{
    /// <summary>Calls in one window.</summary>
    public int Max { get; } = max >= 1 ? max : throw new ArgumentOutOfRangeException(nameof(max));

    /// <summary>Length of the window in seconds.</summary>
    public int WindowSeconds { get; } =
        windowSeconds >= 1 ? windowSeconds : throw new ArgumentOutOfRangeException(nameof(windowSeconds));
}

/// <summary>Who may be given a kept result (P-36).</summary>
public enum ResultScope
{
    /// <summary>Only the caller it was made for.</summary>
    Private,

    /// <summary>Every caller with the same arguments.</summary>
    Public,
}

/// <summary>
/// The result may be kept and given again for the same arguments. For what is costly or changes seldom; never for what
/// is of the moment (P-36). A tool without it is never cached.
/// </summary>
/// <param name="ttlSeconds">How long, in seconds, at least 1.</param>
/// <param name="scope">Who may be given it.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class CachedAttribute(int ttlSeconds, ResultScope scope = ResultScope.Private) : Attribute
{
    /// <summary>How long a result is kept, in seconds.</summary>
    public int TtlSeconds { get; } =
        ttlSeconds >= 1 ? ttlSeconds : throw new ArgumentOutOfRangeException(nameof(ttlSeconds));

    /// <summary>Who may be given it.</summary>
    public ResultScope Scope { get; } = scope;
}

/// <summary>Of all tools that name the same resource only one runs at a time.</summary>
/// <param name="resource">Any name, such as <c>printer</c>.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ExclusiveAttribute(string resource) : Attribute
{
    /// <summary>Name of what cannot be shared.</summary>
    public string Resource { get; } =
        string.IsNullOrWhiteSpace(resource)
            ? throw new ArgumentException("It has no name.", nameof(resource))
            : resource;
}

/// <summary>The tool must end in time, else its token is cancelled and its caller gets an error result.</summary>
/// <param name="seconds">Time in seconds, more than 0.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TimeoutAttribute(double seconds) : Attribute
{
    /// <summary>Time in seconds.</summary>
    public double Seconds { get; } =
        seconds is > 0 and < int.MaxValue ? seconds : throw new ArgumentOutOfRangeException(nameof(seconds));
}

/// <summary>Running it twice does what running it once does: only such a tool is tried again after a failure.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class IdempotentAttribute : Attribute;

/// <summary>A value that no log keeps: it is masked wherever a call's body is stored.</summary>
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Property)]
public sealed class SensitiveAttribute : Attribute;

/// <summary>
/// A text that ends up in a database's language: it is looked through for SQL before the tool runs, and refused where it
/// holds any (P-87). The screen is a second net, for legitimate texts hold such words too: what keeps SQL apart from data is
/// parameters. Only what is marked is screened (C-35), and the operator may have findings logged instead of refused
/// (<c>Tools:SqlScreen</c>).
/// </summary>
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Property)]
public sealed class SqlSensitiveAttribute : Attribute;
