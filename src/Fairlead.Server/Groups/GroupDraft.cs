using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Groups;

/// <summary>What an administrator says of a group; on update, null leaves a member as it is.</summary>
internal sealed partial record GroupDraft
{
    public const int MaxNameLength = 100;
    public const int MaxDescriptionLength = 2000;
    private const int MaxListItems = 100;

    /// <summary>Unique name, 1 to 100 characters.</summary>
    public string? Name { get; init; }
    public string? Description { get; init; }

    /// <summary>Unique code in the path <c>/mcp/{code}</c>; made from the name when absent (C-14).</summary>
    public string? ServerCode { get; init; }
    public ImmutableArray<string>? AllowedRoles { get; init; }
    public ImmutableArray<string>? UserTierAccess { get; init; }

    /// <summary>Calls per minute; 0 lifts the limit, negative takes the default again.</summary>
    public int? CallsPerMinute { get; init; }

    /// <summary>Concurrent calls; 0 lifts the limit, negative takes the default again.</summary>
    public int? ConcurrentCalls { get; init; }
    public bool? PublishNative { get; init; }
    public bool? LogBodies { get; init; }

    /// <summary>Whether clients are listed <c>find_tools</c> and <c>call_tool</c> instead of all tools.</summary>
    public bool? FindTools { get; init; }

    /// <summary>Services published from the start; only when creating.</summary>
    public ImmutableArray<ServiceId>? Services { get; init; }
    public string? CreatedBy { get; init; }

    /// <summary>The first thing wrong; null when fine.</summary>
    public StoreError? Check()
    {
        if (Name is not null && (Name.Trim().Length is 0 or > MaxNameLength || Name.Any(char.IsControl)))
            return Invalid($"A name has 1 to {MaxNameLength} visible characters.", "name");
        if (Description is { Length: > MaxDescriptionLength })
            return Invalid($"A description has at most {MaxDescriptionLength} characters.", "description");
        if (ServerCode is not null && !CodePattern().IsMatch(ServerCode))
            return Invalid("A server code is 1 to 64 of a-z 0-9 _ -, beginning with a letter or digit.", "server_code");
        if (ServerCode is not null && Reserved.Contains(ServerCode))
            return Invalid($"{ServerCode} is used by the gateway itself.", "server_code");
        if (CallsPerMinute is > 1_000_000)
            return Invalid("calls_per_minute is at most 1000000.", "calls_per_minute");
        if (ConcurrentCalls is > 100_000)
            return Invalid("concurrent_calls is at most 100000.", "concurrent_calls");
        return CheckList(AllowedRoles, "allowed_roles") ?? CheckList(UserTierAccess, "user_tier_access");
    }

    /// <summary>A code from a name: lower case, everything else a hyphen; never empty, never reserved.</summary>
    public static string CodeOf(string name)
    {
        string code = Separators().Replace(name.ToLowerInvariant(), "-").Trim('-', '_');
        if (code.Length > 56)
            code = code[..56];
        return code.Length == 0 || Reserved.Contains(code) ? $"group-{code}".TrimEnd('-') : code;
    }

    private static StoreError? CheckList(ImmutableArray<string>? list, string field) =>
        list is { } items
        && (items.IsDefault || items.Length > MaxListItems || items.Any(i => i is not { Length: > 0 and <= 50 }))
            ? Invalid($"{field} has at most {MaxListItems} entries of 1 to 50 characters.", field)
            : null;

    private static StoreError Invalid(string message, string field) => new("INVALID_PARAMETER", message, field);

    // Paths beside /{code}/mcp and words of /mcp/{code} (C-15).
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "api",
        "mcp",
        "v1",
        "messages",
        "sse",
        "ws",
        "health",
        "metrics",
        "openapi",
    };

    [GeneratedRegex("^[a-z0-9][a-z0-9_-]{0,63}$", RegexOptions.NonBacktracking)]
    private static partial Regex CodePattern();

    [GeneratedRegex("[^a-z0-9_]+", RegexOptions.NonBacktracking)]
    private static partial Regex Separators();
}
