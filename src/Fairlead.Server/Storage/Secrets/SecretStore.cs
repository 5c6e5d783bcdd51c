using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;

namespace Fairlead.Server.Storage.Secrets;

/// <summary>A secret as the snapshot holds it: sealed.</summary>
internal sealed record SealedSecret(string Id, string Value, DateTimeOffset UpdatedAt);

/// <summary>Reads a secret of a snapshot; null when there is none of this name, or it cannot be read.</summary>
internal delegate string? ReadSecret(StoreSnapshot snapshot, string name);

/// <summary>
/// Values that definitions of services refer to as <c>${secret:NAME}</c>. They are written, used and counted, and never
/// shown again. A service that uses one is started again when it changes.
/// </summary>
internal sealed partial class SecretStore(StoreWriter writer, StoreWatcher watcher, Sealer sealer, TimeProvider time)
{
    /// <summary>How a reference begins.</summary>
    public const string Prefix = "secret:";

    /// <summary>Longest value in characters.</summary>
    public const int MaxLength = 32 * 1024;

    private const string Table = "mcp_secrets";
    private const string Column = "value";

    /// <summary>Whether a text can be a name: 1 to 128 of letters, digits, <c>. _ -</c>.</summary>
    public static bool IsName(string name) => Name().IsMatch(name);

    /// <summary>The names a definition refers to.</summary>
    public static IEnumerable<string> In(IEnumerable<string> texts) =>
        texts
            .SelectMany(t => Reference().Matches(t))
            .Select(m => m.Groups["name"].Value)
            .Distinct(StringComparer.Ordinal);

    /// <summary>
    /// Changes when a secret that a definition uses does, also when it is set or removed; null for a definition that uses
    /// none.
    /// </summary>
    public static string? Stamp(IEnumerable<string> texts, FrozenDictionary<string, SealedSecret> secrets)
    {
        var used = In(texts).Order(StringComparer.Ordinal).ToList();
        if (used.Count == 0)
            return null;
        var all = string.Join('\n', used.Select(name => $"{name}={secrets.GetValueOrDefault(name)?.Value}"));
        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(all)));
    }

    /// <summary>Its value; null when there is none of this name.</summary>
    /// <exception cref="StoreException">It was sealed with another master key, or altered.</exception>
    public string? Find(string name) =>
        watcher.Current.Secrets.TryGetValue(name, out var secret)
            ? Encoding.UTF8.GetString(sealer.Open(Table, Column, secret.Id, secret.Value))
            : null;

    /// <summary>The same of any snapshot, for those that must not fail: one that cannot be read is not there.</summary>
    public string? Read(StoreSnapshot snapshot, string name)
    {
        try
        {
            return snapshot.Secrets.TryGetValue(name, out var secret)
                ? Encoding.UTF8.GetString(sealer.Open(Table, Column, secret.Id, secret.Value))
                : null;
        }
        catch (StoreException)
        {
            return null;
        }
    }

    /// <summary>The text with its references replaced.</summary>
    /// <param name="text">The text as stored.</param>
    /// <param name="find">The value of a name; null when there is none.</param>
    /// <param name="missing">Gets the names without a value; they become empty.</param>
    public static string Put(string text, Func<string, string?> find, ICollection<string> missing) =>
        text.Contains("${", StringComparison.Ordinal)
            ? Reference()
                .Replace(
                    text,
                    match =>
                    {
                        var name = match.Groups["name"].Value;
                        if (find(name) is { } value)
                            return value;
                        missing.Add(name);
                        return "";
                    }
                )
            : text;

    /// <summary>
    /// Who uses it: names of services in the order of their registration, then tools of groups to which it gives a value.
    /// </summary>
    public IReadOnlyList<string> UsersOf(string name)
    {
        var now = watcher.Current;
        var codes = now.Groups.ToDictionary(g => g.Id, g => g.ServerCode);
        return
        [
            .. now
                .Services.Where(s => In([.. s.Definition.Texts, .. Kept(s.Definition)]).Contains(name))
                .OrderBy(s => s.Position)
                .Select(s => s.Name),
            .. now
                .Publications.Where(p => p.View is { Fixed.Count: > 0 } view && In(view.Texts).Contains(name))
                .Select(p => $"tool {p.ExposedName} of group {codes.GetValueOrDefault(p.Group, "?")}"),
        ];
    }

    /// <summary>Sets a secret; null when that is done.</summary>
    public async Task<StoreError?> SetAsync(string name, string value, CancellationToken cancellationToken)
    {
        if (!IsName(name))
            return new StoreError(
                "INVALID_PARAMETER",
                "The name of a secret is 1 to 128 of A-Z a-z 0-9 . _ -.",
                "name"
            );
        if (value.Length is 0 or > MaxLength || value.Contains('\0', StringComparison.Ordinal))
            return new StoreError(
                "INVALID_PARAMETER",
                $"A value is 1 to {MaxLength} characters, without NUL.",
                "value"
            );
        var one = new Dictionary<string, string> { [name] = value };
        await writer.ChangeAsync(
            async db =>
            {
                await PutAsync(db, one, cancellationToken);
                return 0;
            },
            cancellationToken
        );
        return null;
    }

    /// <summary>The same as a part of a larger change. A value that is there already is not written again.</summary>
    public async Task PutAsync(
        FairleadDb db,
        IReadOnlyDictionary<string, string> values,
        CancellationToken cancellationToken
    )
    {
        if (values.Count == 0)
            return;
        string[] names = [.. values.Keys];
        var known = await db.Secrets.Where(s => names.Contains(s.Name)).ToListAsync(cancellationToken);
        foreach (var (name, value) in values)
        {
            var plain = Encoding.UTF8.GetBytes(value);
            var row = known.Find(r => r.Name == name);
            if (row is not null && sealer.Open(Table, Column, row.Id, row.Value).AsSpan().SequenceEqual(plain))
                continue;
            var now = time.GetUtcNow();
            if (row is null)
            {
                row = new SecretRow
                {
                    Id = Guid.CreateVersion7(now).ToString(),
                    Name = name,
                    Value = "",
                    CreatedAt = now,
                };
                db.Secrets.Add(row);
            }
            row.Value = sealer.Seal(Table, Column, row.Id, plain);
            row.UpdatedAt = now;
        }
        await db.SaveChangesAsync(cancellationToken);
    }

    /// <summary>Removes a secret that nothing uses.</summary>
    public async Task<StoreError?> RemoveAsync(string name, CancellationToken cancellationToken) =>
        await writer.ChangeAsync(
            async db =>
            {
                if (await db.Secrets.SingleOrDefaultAsync(s => s.Name == name, cancellationToken) is not { } row)
                    return new StoreError("NOT_FOUND", $"There is no secret {name}.");
                // Changes of this node take turns. What another node adds in the last second says itself what it lacks.
                if (UsersOf(name) is { Count: > 0 } users)
                    return new StoreError("CONFLICT", $"It is used by {string.Join(", ", users)}.", "name");
                db.Secrets.Remove(row);
                return null;
            },
            cancellationToken
        );

    // What is only kept for export uses a secret, too: the export would refer to nothing.
    private static IEnumerable<string> Kept(ServiceDefinition definition) =>
        definition.Extensions.Values.Select(value => value.GetRawText());

    [GeneratedRegex("^[A-Za-z0-9._-]{1,128}$", RegexOptions.NonBacktracking)]
    private static partial Regex Name();

    [GeneratedRegex(@"\$\{secret:(?<name>[^}:]*)(?::-[^}]*)?\}", RegexOptions.NonBacktracking)]
    private static partial Regex Reference();
}
