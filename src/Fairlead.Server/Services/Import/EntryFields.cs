using System.Collections.Immutable;
using System.Text.Json;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Import;

/// <summary>Collects the fields of one service entry under all the names clients use for them.</summary>
internal sealed class EntryFields(List<ServiceProblem> problems)
{
    private readonly Dictionary<string, JsonElement> extensions = [];
    private ImmutableArray<string> args = [];
    private ImmutableSortedDictionary<string, string> env = ImmutableSortedDictionary<string, string>.Empty;
    private ImmutableSortedDictionary<string, string> headers = ImmutableSortedDictionary<string, string>.Empty;
    private string? cwd;
    private string? url;
    private string? transport;
    private int? timeoutSeconds;
    private ImmutableArray<string> dependsOn = [];
    private bool lazy;

    public string? Command { get; private set; }
    public bool Enabled { get; private set; } = true;

    public void Take(string key, JsonElement value)
    {
        switch (key)
        {
            case "name":
                break;
            case "command":
                Command = Text(key, value);
                break;
            case "args":
                args = Texts(key, value);
                break;
            case "env":
                env = Map(key, value);
                break;
            case "cwd" or "working_dir":
                cwd = Text(key, value);
                break;
            case "url" or "serverUrl" or "httpUrl":
                url = Text(key, value);
                break;
            case "headers":
                headers = Map(key, value);
                break;
            case "type" or "transport" or "transportType":
                transport = Text(key, value);
                break;
            case "disabled":
                Enabled = !Flag(key, value);
                break;
            case "enabled":
                Enabled = Flag(key, value);
                break;
            case "dependsOn" or "depends_on":
                dependsOn = Texts(key, value);
                break;
            case "lazy":
                lazy = Flag(key, value);
                break;
            case "timeout" when value.ValueKind == JsonValueKind.Number:
                timeoutSeconds = (int)Math.Clamp(value.GetDouble(), 0, int.MaxValue);
                break;
            default:
                extensions[key] = value.Clone();
                break;
        }
    }

    public ServiceDefinition ToDefinition() =>
        new()
        {
            Transport = Transport(),
            Command = Command,
            Args = args,
            Env = env,
            Cwd = cwd,
            Url = url,
            Headers = headers,
            TimeoutSeconds = timeoutSeconds,
            DependsOn = dependsOn,
            Lazy = lazy,
            Extensions = extensions.ToImmutableSortedDictionary(),
        };

    private ServiceTransport Transport()
    {
        switch (transport?.ToLowerInvariant())
        {
            case null:
                return url is not null && Command is null ? ServiceTransport.StreamableHttp : ServiceTransport.Stdio;
            case "stdio":
                return ServiceTransport.Stdio;
            case "http" or "streamable-http" or "streamable_http" or "streamablehttp":
                return ServiceTransport.StreamableHttp;
            case "sse":
                problems.Add(new("transport", "sse is not supported yet; use the service's Streamable HTTP endpoint"));
                return ServiceTransport.StreamableHttp;
            default:
                problems.Add(new("transport", "must be stdio or streamable-http"));
                return url is null ? ServiceTransport.Stdio : ServiceTransport.StreamableHttp;
        }
    }

    private string? Text(string field, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
            return value.GetString();
        if (value.ValueKind != JsonValueKind.Null)
            problems.Add(new(field, "must be text"));
        return null;
    }

    private bool Flag(string field, JsonElement value)
    {
        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            problems.Add(new(field, "must be true or false"));
        return value.ValueKind == JsonValueKind.True;
    }

    private ImmutableArray<string> Texts(string field, JsonElement value)
    {
        if (
            value.ValueKind != JsonValueKind.Array
            || value.EnumerateArray().Any(v => v.ValueKind != JsonValueKind.String)
        )
        {
            problems.Add(new(field, "must be a list of texts"));
            return [];
        }
        return [.. value.EnumerateArray().Select(v => v.GetString()!)];
    }

    private ImmutableSortedDictionary<string, string> Map(string field, JsonElement value)
    {
        var map = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        if (value.ValueKind != JsonValueKind.Object)
        {
            problems.Add(new(field, "must be an object of names and texts"));
            return map.ToImmutable();
        }
        foreach (var member in value.EnumerateObject())
        {
            if (member.Value.ValueKind is JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.Null)
                problems.Add(new($"{field}.{member.Name}", "must be text"));
            else
                map[member.Name] = member.Value.ToString();
        }
        return map.ToImmutable();
    }
}
