using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Fairlead.Server.Services.Supervision;
using Fairlead.Server.Storage;
using Fairlead.Server.Tools.Http;

namespace Fairlead.Server.Services.Import;

/// <summary>One thing wrong with a definition: which field, and what to do about it.</summary>
internal sealed record ServiceProblem(string Field, string Message);

/// <summary>What a service definition must hold to, whoever gives it: a file, the API or the command line (S-02).</summary>
internal static partial class ServiceRules
{
    private const int MaxArgs = 200;
    private const int MaxText = 32 * 1024;
    private const int MaxDependencies = 50;
    private const int MaxPath = 4096;

    /// <summary>All problems; empty when the definition can be stored.</summary>
    public static IReadOnlyList<ServiceProblem> Check(string name, ServiceDefinition definition)
    {
        List<ServiceProblem> problems = [];
        if (!Name().IsMatch(name))
            problems.Add(new("name", "must be 1 to 64 letters, digits, '_' or '-'"));
        if (definition.Transport == ServiceTransport.Stdio)
            CheckStdio(definition, problems);
        else
            CheckHttp(definition, problems);
        if (definition.TimeoutSeconds is < 1 or > 600)
            problems.Add(new("timeout", "must be 1 to 600 seconds"));
        CheckLife(name, definition, problems);
        return problems;
    }

    /// <summary>A name made valid: other characters become '-'.</summary>
    public static string Sanitise(string name)
    {
        var text = Invalid().Replace(name.Trim(), "-").Trim('-');
        return text.Length == 0 ? "service" : text[..Math.Min(text.Length, 64)];
    }

    private static void CheckLife(string name, ServiceDefinition d, List<ServiceProblem> problems)
    {
        if (d.IdleSeconds is < 1 or > 86_400)
            problems.Add(new("idle_seconds", "must be 1 to 86400"));
        if (d.MaxMemoryMb is < 16 or > 1_048_576)
            problems.Add(new("max_memory_mb", "must be 16 to 1048576"));
        if (d.Nice is < 0 or > 19)
            problems.Add(new("nice", "must be 0 to 19"));
        if (d.MaxRestarts is < 0 or > 1000)
            problems.Add(new("max_restarts", "must be 0 to 1000"));
        if (d.RestartDelaySeconds is < 0 or > 3600 or double.NaN)
            problems.Add(new("restart_delay_seconds", "must be 0 to 3600"));
        if (d.DependsOn.Length > MaxDependencies)
            problems.Add(new("depends_on", $"at most {MaxDependencies}"));
        else if (
            d.DependsOn.FirstOrDefault(o => string.Equals(o, name, StringComparison.OrdinalIgnoreCase)) is not null
        )
            problems.Add(new("depends_on", $"makes a cycle: {name} → {name}"));
    }

    /// <summary>
    /// What is wrong with the dependencies of services that are about to be stored: one names what is not there, or they
    /// are in a circle (S-16). The service's name comes with the problem.
    /// </summary>
    public static (string Name, ServiceProblem Problem)? CheckDependencies(
        IReadOnlyDictionary<string, ServiceDefinition> next,
        IEnumerable<ServiceConfig> stored
    )
    {
        var all = new Dictionary<string, ImmutableArray<string>>(StringComparer.OrdinalIgnoreCase);
        // A store of before may have two whose names differ in case only.
        foreach (var service in stored)
            all[service.Name] = service.Definition.DependsOn;
        foreach (var (name, definition) in next)
            all[name] = definition.DependsOn;
        foreach (var (name, definition) in next)
        {
            if (definition.DependsOn.FirstOrDefault(d => !all.ContainsKey(d)) is { } missing)
                return (name, new("depends_on", $"names {missing}, which is no service"));
            var cycle = DependencyGraph.Cycle(
                name,
                definition.DependsOn,
                d => all.TryGetValue(d, out var on) ? on : []
            );
            if (cycle is not null)
                return (name, new("depends_on", $"makes a cycle: {string.Join(" → ", cycle)}"));
        }
        return null;
    }

    private static void CheckStdio(ServiceDefinition d, List<ServiceProblem> problems)
    {
        if (McpbPackage.In(d) is not null)
        {
            problems.Add(
                new("packages", "is a bundle: import it from the registry, or download it and import the file")
            );
            return;
        }
        if (string.IsNullOrWhiteSpace(d.Command))
            problems.Add(new("command", "is needed: the program to start"));
        else if (d.Command.Length > MaxPath || d.Command.Contains('\0', StringComparison.Ordinal))
            problems.Add(new("command", $"at most {MaxPath} characters, without NUL"));
        if (d.Cwd is { } cwd && (cwd.Length > MaxPath || cwd.Contains('\0', StringComparison.Ordinal)))
            problems.Add(new("cwd", $"at most {MaxPath} characters, without NUL"));
        if (d.Url is not null)
            problems.Add(new("url", "cannot be given together with command"));
        if (
            d.Args.Length > MaxArgs
            || d.Args.Any(a => a.Length > MaxText || a.Contains('\0', StringComparison.Ordinal))
        )
            problems.Add(new("args", $"at most {MaxArgs} of at most {MaxText} characters, without NUL"));
        foreach (var (key, value) in d.Env)
        {
            if (!EnvName().IsMatch(key))
                problems.Add(new($"env.{key}", "is not a name of an environment variable"));
            if (value.Length > MaxText || value.Contains('\0', StringComparison.Ordinal))
                problems.Add(new($"env.{key}", $"at most {MaxText} characters, without NUL"));
        }
    }

    private static void CheckHttp(ServiceDefinition d, List<ServiceProblem> problems)
    {
        // References such as ${VAR} are filled in at start; only what is fixed can be checked here.
        var hasReference = d.Url?.Contains("${", StringComparison.Ordinal) ?? false;
        if (string.IsNullOrWhiteSpace(d.Url))
            problems.Add(new("url", "is needed: the service's MCP endpoint"));
        else if (d.Url.Length > MaxPath)
            problems.Add(new("url", $"at most {MaxPath} characters"));
        else if (
            !hasReference && !(Uri.TryCreate(d.Url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https")
        )
            problems.Add(new("url", "must be an absolute http or https address"));
        if (d.Transport == ServiceTransport.HttpTools)
            problems.AddRange(HttpToolRules.Check(d.Tools));
        else if (!d.Tools.IsDefaultOrEmpty)
            problems.Add(new("tools", "are those of transport http-tools; an MCP service lists its own"));
        foreach (var (key, value) in d.Headers)
        {
            if (!HeaderName().IsMatch(key))
                problems.Add(new($"headers.{key}", "is not a header name"));
            else if (value.AsSpan().ContainsAny('\r', '\n', '\0'))
                problems.Add(new($"headers.{key}", "must not contain line breaks"));
        }
    }

    [GeneratedRegex("^[A-Za-z0-9_-]{1,64}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Name();

    [GeneratedRegex("[^A-Za-z0-9_-]+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Invalid();

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_.-]*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex EnvName();

    [GeneratedRegex("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex HeaderName();
}
