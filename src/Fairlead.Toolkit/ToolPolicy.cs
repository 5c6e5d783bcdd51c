using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Reflection;
using ModelContextProtocol.Server;

namespace Fairlead.Toolkit;

/// <summary>At most <paramref name="Max"/> calls of a caller in each <paramref name="Window"/>.</summary>
/// <param name="Max">Calls, at least 1.</param>
/// <param name="Window">Length of the window, at least 1 s.</param>
public sealed record RateRule(int Max, TimeSpan Window);

/// <summary>How long a result may be kept, and for whom.</summary>
/// <param name="Ttl">How long, at least 1 s.</param>
/// <param name="Scope">Who may be given it.</param>
public sealed record CacheRule(TimeSpan Ttl, ResultScope Scope);

/// <summary>All that a tool's attributes say of how it is to be run. Made once, never changed.</summary>
public sealed record ToolPolicy
{
    /// <summary>Category of a tool that names none .</summary>
    public const string DefaultCategory = "general";

    /// <summary>A tool without attributes of ours.</summary>
    public static ToolPolicy None { get; } = new();

    /// <summary>What kind of tool it is.</summary>
    public string Category { get; init; } = DefaultCategory;

    /// <summary>Server code of the one group it is published in; null is every group that publishes native tools.</summary>
    public string? Group { get; init; }

    /// <summary>Each is a set of roles of which the user must have one; all must be met. Empty asks for no user.</summary>
    public ImmutableArray<ImmutableArray<string>> RequiredRoles { get; init; } = [];

    /// <summary>Most calls in a time; null where only the gateway's limits hold.</summary>
    public RateRule? Rate { get; init; }

    /// <summary>Whether and how results are kept; null is never.</summary>
    public CacheRule? Cache { get; init; }

    /// <summary>Whether results may be kept at all; false unless the author says so (P-36).</summary>
    public bool Cacheable => Cache is not null;

    /// <summary>Name of what only one tool may use at a time; null where nothing is shared.</summary>
    public string? Exclusive { get; init; }

    /// <summary>Time one run has; null leaves it to the call's deadline.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Whether it may be run again after a failure.</summary>
    public bool Idempotent { get; init; }

    /// <summary>Names of parameters and properties whose values no log keeps.</summary>
    public FrozenSet<string> Sensitive { get; init; } = FrozenSet<string>.Empty;

    /// <summary>Names of parameters and properties whose texts are screened for SQL (P-87).</summary>
    public FrozenSet<string> SqlSensitive { get; init; } = FrozenSet<string>.Empty;

    /// <summary>Reads the attributes of a method and of its class.</summary>
    /// <param name="method">The tool.</param>
    /// <exception cref="ArgumentException">An attribute holds what cannot be meant.</exception>
    public static ToolPolicy Of(MethodInfo method)
    {
        ArgumentNullException.ThrowIfNull(method);
        var own = method.GetCustomAttribute<FairleadToolAttribute>();
        var shared = method.DeclaringType?.GetCustomAttribute<FairleadToolAttribute>();
        var rate = method.GetCustomAttribute<RateLimitAttribute>();
        var cached = method.GetCustomAttribute<CachedAttribute>();
        return new ToolPolicy
        {
            Category = own?.Category ?? shared?.Category ?? DefaultCategory,
            Group = own?.Group ?? shared?.Group,
            RequiredRoles =
            [
                .. method
                    .GetCustomAttributes<RequireRoleAttribute>()
                    .Concat(method.DeclaringType?.GetCustomAttributes<RequireRoleAttribute>() ?? [])
                    .Select(r => r.Roles.ToImmutableArray()),
            ],
            Rate = rate is null ? null : new RateRule(rate.Max, TimeSpan.FromSeconds(rate.WindowSeconds)),
            Cache = cached is null ? null : new CacheRule(TimeSpan.FromSeconds(cached.TtlSeconds), cached.Scope),
            Exclusive = method.GetCustomAttribute<ExclusiveAttribute>()?.Resource,
            Timeout = method.GetCustomAttribute<TimeoutAttribute>() is { } t ? TimeSpan.FromSeconds(t.Seconds) : null,
            Idempotent =
                method.IsDefined(typeof(IdempotentAttribute))
                || method.GetCustomAttribute<McpServerToolAttribute>() is { Idempotent: true },
            Sensitive = Marked<SensitiveAttribute>(method),
            SqlSensitive = Marked<SqlSensitiveAttribute>(method),
        };
    }

    // Also of the records a parameter is made of; each type is looked at once.
    private static FrozenSet<string> Marked<T>(MethodInfo method)
        where T : Attribute
    {
        var seen = new HashSet<Type>();
        var names = new List<string>();
        foreach (var parameter in method.GetParameters())
        {
            if (parameter.IsDefined(typeof(T)))
                names.Add(parameter.Name!);
            Look<T>(parameter.ParameterType, method.Module.Assembly, seen, names);
        }
        return names.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
    }

    private static void Look<T>(Type type, Assembly assembly, HashSet<Type> seen, List<string> names)
        where T : Attribute
    {
        var element = type.HasElementType ? type.GetElementType()! : type;
        foreach (var part in element.IsGenericType ? element.GetGenericArguments() : [element])
        {
            // Only what the author wrote can carry the attribute.
            if (part.Assembly != assembly || !seen.Add(part))
                continue;
            foreach (var property in part.GetProperties(BindingFlags.Public | BindingFlags.Instance))
            {
                if (property.IsDefined(typeof(T)) || OnConstructor<T>(part, property.Name))
                    names.Add(property.Name);
                Look<T>(property.PropertyType, assembly, seen, names);
            }
        }
    }

    // On a positional record the attribute sits on the constructor's parameter.
    private static bool OnConstructor<T>(Type type, string name)
        where T : Attribute =>
        type.GetConstructors().SelectMany(c => c.GetParameters()).Any(p => p.Name == name && p.IsDefined(typeof(T)));
}
