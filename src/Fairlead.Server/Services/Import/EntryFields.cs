using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Fairlead.Server.Services.Dialects;
using Fairlead.Server.Services.Trust;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Import;

/// <summary>Collects the fields of one service entry under all the names clients use for them.</summary>
internal sealed class EntryFields(Dialect dialect)
{
    private readonly Dictionary<string, JsonElement> extensions = [];
    private readonly List<ServiceProblem> problems = [];
    private readonly List<ImportNeed> needs = [];
    private ServiceTransport? transportOfUrl;
    private bool disabled;
    private bool enabled = true;

    public string? Command { get; set; }
    public ImmutableArray<string> Args { get; set; } = [];
    public Dictionary<string, string> Env { get; private set; } = new(StringComparer.Ordinal);
    public Dictionary<string, string> Headers { get; } = new(StringComparer.OrdinalIgnoreCase);
    public string? Cwd { get; private set; }
    public string? Url { get; private set; }

    /// <summary>What the entry says its transport is.</summary>
    public string? Type { get; set; }
    public int? TimeoutSeconds { get; private set; }
    public ImmutableArray<string> DependsOn { get; private set; } = [];
    public TrustPolicy? Trust { get; private set; }
    public bool? AllowPrivate { get; private set; }
    public bool Lazy { get; private set; }
    public int? IdleSeconds { get; private set; }
    public bool? RestartOnError { get; private set; }
    public int? MaxRestarts { get; private set; }
    public double? RestartDelaySeconds { get; private set; }
    public int? MaxMemoryMb { get; private set; }
    public int? Nice { get; private set; }

    /// <summary>Both ways to say it count: what either turns off is off.</summary>
    public bool Enabled => enabled && !disabled;
    public IReadOnlyList<ServiceProblem> Problems => problems;
    public IReadOnlyList<ImportNeed> Needs => needs;

    public void Take(string key, JsonElement value)
    {
        if (!dialect.Take(this, key, value))
            TakeCommon(key, value);
    }

    public void Problem(string field, string message) => problems.Add(new(field, message));

    /// <summary>Keeps a key for export.</summary>
    public void Keep(string key, JsonElement value) => extensions[key] = value.Clone();

    /// <summary>Says that a key has a meaning which it does not have here.</summary>
    public void Unused(string key) =>
        needs.Add(new(NeedKind.Unused, key, $"{key} is kept for export and has no effect here", false));

    /// <summary>A bridge to an address gives way to the address itself.</summary>
    public void Unwrap(string url, string? type, IEnumerable<KeyValuePair<string, string>> headers)
    {
        (Command, Args, Url, Type) = (null, [], url, type);
        foreach (var (name, value) in headers)
            Headers[name] = value;
        Env = new(StringComparer.Ordinal);
    }

    public void TakeTimeout(string key, JsonElement value, int perSecond)
    {
        if (Number(key, value) is { } number)
            TimeoutSeconds = (int)Math.Clamp(Math.Ceiling(number / perSecond), int.MinValue, int.MaxValue);
    }

    public ServiceDefinition ToDefinition() =>
        new()
        {
            Transport = Transport(),
            Command = Ours(Command),
            Args = [.. Args.Select(dialect.Ours)],
            Env = Env.ToImmutableSortedDictionary(e => e.Key, e => dialect.Ours(e.Value), StringComparer.Ordinal),
            Cwd = Ours(Cwd),
            Url = Ours(Url),
            Headers = Headers.ToImmutableSortedDictionary(
                h => h.Key,
                h => dialect.Ours(h.Value),
                StringComparer.Ordinal
            ),
            TimeoutSeconds = TimeoutSeconds,
            DependsOn = DependsOn,
            Trust = Trust,
            AllowPrivate = AllowPrivate,
            Lazy = Lazy,
            IdleSeconds = IdleSeconds,
            RestartOnError = RestartOnError,
            MaxRestarts = MaxRestarts,
            RestartDelaySeconds = RestartDelaySeconds,
            MaxMemoryMb = MaxMemoryMb,
            Nice = Nice,
            Extensions = extensions.ToImmutableSortedDictionary(StringComparer.Ordinal),
        };

    public string? Text(string field, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
            return value.GetString();
        if (value.ValueKind != JsonValueKind.Null)
            Problem(field, "must be text");
        return null;
    }

    public Dictionary<string, string> Map(string field, JsonElement value)
    {
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        if (value.ValueKind == JsonValueKind.Null)
            return map;
        if (value.ValueKind != JsonValueKind.Object)
        {
            Problem(field, "must be an object of names and texts");
            return map;
        }
        foreach (var member in value.EnumerateObject())
        {
            if (member.Value.ValueKind is JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.Null)
                Problem($"{field}.{member.Name}", "must be text");
            else
                map[member.Name] = member.Value.ToString();
        }
        return map;
    }

    private void TakeCommon(string key, JsonElement value)
    {
        switch (key)
        {
            case "name":
                break;
            case "command":
                Command = Text(key, value);
                break;
            case "args":
                Args = Texts(key, value);
                break;
            case "env":
                foreach (var (name, text) in Map(key, value))
                    Env[name] = text;
                break;
            case "cwd" or "working_dir":
                Cwd = Text(key, value);
                break;
            case "url":
                Url ??= Text(key, value);
                break;
            case "serverUrl" or "httpUrl":
                Url = Text(key, value);
                transportOfUrl = key == "httpUrl" || Url is null ? ServiceTransport.StreamableHttp : OfServerUrl(Url);
                break;
            case "headers":
                foreach (var (name, text) in Map(key, value))
                    Headers[name] = text;
                break;
            case "type" or "transport" or "transportType":
                Type = Text(key, value);
                break;
            case "disabled":
                disabled |= Flag(key, value);
                break;
            case "enabled":
                enabled &= Flag(key, value);
                break;
            case "timeout":
                TakeTimeout(key, value, 1);
                break;
            default:
                TakeSupervision(key, value);
                break;
        }
    }

    // How a service is kept alive, which only our own files say (S-15, S-20).
    private void TakeSupervision(string key, JsonElement value)
    {
        switch (key)
        {
            case "dependsOn" or "depends_on":
                DependsOn = [.. Texts(key, value).Select(ServiceRules.Sanitise)];
                break;
            // Others use the word for a flag of their own, which is kept.
            case "trust" when value.ValueKind == JsonValueKind.String:
                Trust = Enum.TryParse<TrustPolicy>(value.GetString(), ignoreCase: true, out var trust) ? trust : null;
                if (Trust is null)
                    Problem(key, "must be auto, review or open");
                break;
            case "allowPrivate":
                AllowPrivate = Flag(key, value);
                break;
            case "lazy":
                Lazy = Flag(key, value);
                break;
            case "idleSeconds":
                IdleSeconds = Whole(key, value);
                break;
            case "restartOnError":
                RestartOnError = Flag(key, value);
                break;
            case "maxRestarts":
                MaxRestarts = Whole(key, value);
                break;
            case "restartDelaySeconds":
                RestartDelaySeconds = Number(key, value);
                break;
            case "maxMemoryMb":
                MaxMemoryMb = Whole(key, value);
                break;
            case "nice":
                Nice = Whole(key, value);
                break;
            default:
                Keep(key, value);
                break;
        }
    }

    private ServiceTransport Transport()
    {
        switch (Type?.ToLowerInvariant())
        {
            case null:
                return Command is not null || Url is null
                    ? ServiceTransport.Stdio
                    : transportOfUrl ?? dialect.OfUrl(Url);
            case "stdio":
                return ServiceTransport.Stdio;
            case "http" or "streamable-http" or "streamable_http" or "streamablehttp":
                return ServiceTransport.StreamableHttp;
            case "sse":
                return ServiceTransport.Sse;
            case "auto":
                return ServiceTransport.Auto;
            default:
                Problem("transport", "must be stdio, streamable-http, sse or auto");
                return Url is null ? ServiceTransport.Stdio : ServiceTransport.StreamableHttp;
        }
    }

    private static ServiceTransport OfServerUrl(string url) =>
        url.Split('?')[0].EndsWith("/sse", StringComparison.Ordinal)
            ? ServiceTransport.Sse
            : ServiceTransport.StreamableHttp;

    private string? Ours(string? text) => text is null ? null : dialect.Ours(text);

    private bool Flag(string field, JsonElement value)
    {
        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            Problem(field, "must be true or false");
        return value.ValueKind == JsonValueKind.True;
    }

    private double? Number(string field, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Number && double.IsFinite(value.GetDouble()))
            return value.GetDouble();
        // A number in quotes is what some clients write themselves.
        if (
            value.ValueKind == JsonValueKind.String
            && double.TryParse(value.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && double.IsFinite(number)
        )
            return number;
        if (value.ValueKind != JsonValueKind.Null)
            Problem(field, "must be a number");
        return null;
    }

    private int? Whole(string field, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number))
            return number;
        if (value.ValueKind != JsonValueKind.Null)
            Problem(field, "must be a whole number");
        return null;
    }

    private ImmutableArray<string> Texts(string field, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
            return [];
        if (
            value.ValueKind != JsonValueKind.Array
            || value.EnumerateArray().Any(v => v.ValueKind != JsonValueKind.String)
        )
        {
            Problem(field, "must be a list of texts");
            return [];
        }
        return [.. value.EnumerateArray().Select(v => v.GetString()!)];
    }
}
