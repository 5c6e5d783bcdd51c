using System.Text.Json;
using System.Text.RegularExpressions;
using Fairlead.Server.Services.Import;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Dialects;

/// <summary>
/// <c>.codex/config.toml</c>: variables are named in keys of their own (<c>env_vars</c>, <c>bearer_token_env_var</c>,
/// <c>env_http_headers</c>); there is no SSE.
/// </summary>
internal sealed partial class CodexDialect : Dialect
{
    private const string Bearer = "Bearer ";

    public override string Name => "codex";

    public override IReadOnlyList<string> Files => [".codex/config.toml", "config.toml"];

    public override string Root => "mcp_servers";

    public override bool IsToml => true;

    public override bool IsToldBy(JsonElement root, IReadOnlyList<JsonElement> services) =>
        AnyHas(
            services,
            "env_vars",
            "bearer_token_env_var",
            "http_headers",
            "env_http_headers",
            "startup_timeout_sec",
            "tool_timeout_sec"
        );

    public override ServiceTransport OfUrl(string url) => ServiceTransport.StreamableHttp;

    public override bool Take(EntryFields entry, string key, JsonElement value)
    {
        switch (key)
        {
            case "http_headers":
                foreach (var (name, text) in entry.Map(key, value))
                    entry.Headers[name] = text;
                return true;
            case "env_http_headers":
                foreach (var (name, variable) in entry.Map(key, value))
                    entry.Headers[name] = $"${{{variable}}}";
                return true;
            case "bearer_token_env_var":
                if (entry.Text(key, value) is { } token)
                    entry.Headers["Authorization"] = $"{Bearer}${{{token}}}";
                return true;
            case "env_vars":
                TakeVariables(entry, key, value);
                return true;
            case "tool_timeout_sec":
                entry.TakeTimeout(key, value, 1);
                return true;
            default:
                return false;
        }
    }

    public override void Finish(EntryFields entry)
    {
        if (entry.Url is not null && (entry.Args.Length > 0 || entry.Env.Count > 0))
            entry.Problem("url", "cannot be given together with the keys of a program");
        if (entry.Command is not null && entry.Headers.Count > 0)
            entry.Problem("command", "cannot be given together with the keys of an address");
    }

    public override (string Key, int PerSecond)? Timeout => ("tool_timeout_sec", 1);

    public override string HeadersKey => "http_headers";

    public override IEnumerable<KeyValuePair<string, string>> WriteOwn(
        Utf8JsonWriter json,
        string kind,
        IReadOnlyDictionary<string, string> values
    )
    {
        List<KeyValuePair<string, string>> rest = [];
        List<KeyValuePair<string, string>> named = [];
        foreach (var (name, value) in values)
        {
            if (
                kind == "headers"
                && name == "Authorization"
                && value.StartsWith(Bearer, StringComparison.Ordinal)
                && VariableOf(value[Bearer.Length..]) is { } token
            )
                json.WriteString("bearer_token_env_var", token);
            else if (VariableOf(value) is { } variable && (kind == "headers" || variable == name))
                named.Add(new(name, variable));
            else
                rest.Add(new(name, value));
        }
        if (named.Count > 0 && kind == "env")
        {
            json.WriteStartArray("env_vars");
            foreach (var (name, _) in named)
                json.WriteStringValue(name);
            json.WriteEndArray();
        }
        else if (named.Count > 0)
        {
            json.WriteStartObject("env_http_headers");
            foreach (var (name, variable) in named)
                json.WriteString(name, variable);
            json.WriteEndObject();
        }
        return rest;
    }

    private static void TakeVariables(EntryFields entry, string key, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            entry.Problem(key, "must be a list");
            return;
        }
        foreach (var item in value.EnumerateArray())
        {
            var name =
                item.ValueKind == JsonValueKind.Object && item.TryGetProperty("name", out var inner) ? inner : item;
            if (entry.Text(key, name) is { } variable)
                entry.Env[variable] = $"${{{variable}}}";
        }
    }

    /// <summary>The variable that a whole value stands for.</summary>
    private static string? VariableOf(string text) =>
        Variable().Match(text) is { Success: true } m ? m.Groups["name"].Value : null;

    [GeneratedRegex(@"^\$\{(?:env:)?(?<name>[A-Za-z_][A-Za-z0-9_]*)\}$", RegexOptions.NonBacktracking)]
    private static partial Regex Variable();
}
