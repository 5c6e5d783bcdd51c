using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Fairlead.Server.Services.Api;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry.Redact;

namespace Fairlead.Server.Services.Import;

/// <summary>
/// Takes the secrets out of a definition and leaves <c>${secret:NAME}</c>: values whose name or form says that they are
/// one. Names are made of the service's and the value's, so that the same file gives the same names.
/// </summary>
internal sealed partial class SecretFinder(string service, Func<string, string> free)
{
    private static readonly string[] Schemes = ["Bearer ", "Basic ", "Token "];
    private readonly Dictionary<string, string> found = new(StringComparer.Ordinal);

    /// <summary>The values, by the names they are to have in the store.</summary>
    public IReadOnlyDictionary<string, string> Found => found;

    public ServiceDefinition Move(ServiceDefinition d) =>
        d with
        {
            Args = [.. d.Args.Select((arg, i) => OfArg(i == 0 ? null : d.Args[i - 1], arg, i))],
            Env = d.Env.ToImmutableSortedDictionary(e => e.Key, e => OfNamed(e.Key, e.Value)),
            Headers = d.Headers.ToImmutableSortedDictionary(h => h.Key, h => OfNamed(h.Key, h.Value)),
            Url = d.Url is { } url ? OfUrl(url) : null,
            Extensions = d.Extensions.ToImmutableSortedDictionary(e => e.Key, e => OfJson(e.Key, e.Value)),
        };

    /// <summary>Keeps a value as a secret and gives the reference to it.</summary>
    public string Keep(string name, string value)
    {
        var full = free(Invalid().Replace($"{service}.{name}", "-"));
        if (full.Length > 128)
            full = full[^128..];
        // One service may have two values of one name, in its arguments and its environment.
        for (var n = 2; found.TryGetValue(full, out var other) && other != value; n++)
            full = free(Invalid().Replace($"{service}.{name}-{n}", "-"));
        found[full] = value;
        return $"${{secret:{full}}}";
    }

    /// <summary>Whether the form of a text says that it is or holds a secret.</summary>
    public static bool LooksSecret(string text) =>
        UserInfo().IsMatch(text)
        || (text.StartsWith("eyJ", StringComparison.Ordinal) && text.Contains('.', StringComparison.Ordinal))
        || Words().Matches(text).Any(w => IsSecretWord(w.Value))
        || NamedSecret(text) is not null;

    /// <summary>Whether a name says that its value is a secret.</summary>
    public static bool IsSecretName(string name) =>
        SecretWords.IsSecretKey(Encoding.UTF8.GetBytes(name)) || KeyLike().IsMatch(name);

    private string OfNamed(string name, string value)
    {
        if (IsReference(value))
            return value;
        var scheme = Schemes.FirstOrDefault(s => value.StartsWith(s, StringComparison.OrdinalIgnoreCase)) ?? "";
        return scheme.Length > 0 || IsSecretName(name) || LooksSecret(value)
            ? value[..scheme.Length] + Keep(name, value[scheme.Length..])
            : value;
    }

    private string OfArg(string? before, string arg, int i)
    {
        if (IsReference(arg))
            return arg;
        if (before is not null && !arg.StartsWith('-') && ShownValues.TakesASecret(before, arg))
            return Keep(before.TrimStart('-'), arg);
        var equals = arg.IndexOf('=', StringComparison.Ordinal);
        // --key=value, and NAME=value as in "docker run -e NAME=value".
        if (equals > 0 && ArgName().IsMatch(arg[..equals]))
        {
            var (name, value) = (arg[..equals].TrimStart('-'), arg[(equals + 1)..]);
            return value.Length > 0 && (IsSecretName(name) || LooksSecret(value))
                ? $"{arg[..(equals + 1)]}{Keep(name, value)}"
                : arg;
        }
        return LooksSecret(arg) ? Keep($"arg{i}", arg) : arg;
    }

    private string OfUrl(string url)
    {
        if (IsReference(url))
            return url;
        url = UserInfo().Replace(url, m => $"://{Keep("url-user", m.Groups["user"].Value)}@");
        url = Query()
            .Replace(
                url,
                m =>
                    IsSecretName(m.Groups["name"].Value) || LooksSecret(m.Groups["value"].Value)
                        ? $"{m.Groups["sign"].Value}{m.Groups["name"].Value}={Keep(m.Groups["name"].Value, m.Groups["value"].Value)}"
                        : m.Value
            );
        return PathWord()
            .Replace(
                url,
                m => IsSecretWord(m.Groups["word"].Value) ? "/" + Keep("url", m.Groups["word"].Value) : m.Value
            );
    }

    // Keys we do not use are kept for export: with what they hold, not with its secrets.
    private JsonElement OfJson(string name, JsonElement value)
    {
        var isSecret = false;
        var json = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(json))
            Copy(writer, name, name, value, ref isSecret);
        if (!isSecret)
            return value;
        using var document = JsonDocument.Parse(json.WrittenMemory);
        return document.RootElement.Clone();
    }

    private void Copy(Utf8JsonWriter writer, string path, string name, JsonElement value, ref bool isSecret)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var member in value.EnumerateObject())
                {
                    writer.WritePropertyName(member.Name);
                    Copy(writer, $"{path}.{member.Name}", member.Name, member.Value, ref isSecret);
                }
                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                    Copy(writer, path, name, item, ref isSecret);
                writer.WriteEndArray();
                break;
            case JsonValueKind.String
                when value.GetString() is { Length: > 0 } text
                    && !IsReference(text)
                    && (SecretWords.IsSecretKey(Encoding.UTF8.GetBytes(name)) || LooksSecret(text)):
                isSecret = true;
                writer.WriteStringValue(Keep(path, text));
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }

    // What refers to something is for its reader to fill in; a default in it is hidden where it is shown.
    private static bool IsReference(string text) => text.Length == 0 || text.Contains("${", StringComparison.Ordinal);

    private static bool IsSecretWord(string word)
    {
        var (_, prefix) = SecretWords.PrefixIn(Encoding.UTF8.GetBytes(word));
        return (prefix > 0 && word.Length > prefix + 4) || (word.Length >= 20 && ShownValues.LooksRandom(word));
    }

    // "Server=h;Password=x" and "https://h/?token=x".
    private static string? NamedSecret(string text) =>
        Assigned().Matches(text).FirstOrDefault(m => IsSecretName(m.Groups["name"].Value))?.Value;

    [GeneratedRegex("[^A-Za-z0-9._-]+", RegexOptions.NonBacktracking)]
    private static partial Regex Invalid();

    [GeneratedRegex(@"://(?<user>[^/?#\s@]+)@", RegexOptions.NonBacktracking)]
    private static partial Regex UserInfo();

    [GeneratedRegex("[A-Za-z0-9_-]{8,}", RegexOptions.NonBacktracking)]
    private static partial Regex Words();

    [GeneratedRegex("(?<sign>[?&])(?<name>[^=&#]+)=(?<value>[^&#]+)", RegexOptions.NonBacktracking)]
    private static partial Regex Query();

    [GeneratedRegex("/(?<word>[A-Za-z0-9_-]{20,})", RegexOptions.NonBacktracking)]
    private static partial Regex PathWord();

    [GeneratedRegex(
        "(?i)(^|[_-])(key|pat|psk|auth|pass|dsn)$",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex KeyLike();

    [GeneratedRegex("^-{0,2}[A-Za-z_][A-Za-z0-9_-]*$", RegexOptions.NonBacktracking)]
    private static partial Regex ArgName();

    [GeneratedRegex(@"(?:^|[;?&\s])(?<name>[A-Za-z_-]+)=[^;&\s]+", RegexOptions.NonBacktracking)]
    private static partial Regex Assigned();
}
