using System.Text.RegularExpressions;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Secrets;

namespace Fairlead.Server.Services.Import;

/// <summary>Says what a definition lacks on this machine before anything is registered. Starts nothing.</summary>
/// <param name="variable">A variable of the gateway's environment.</param>
internal sealed partial class Preflight(Func<string, string?> variable)
{
    private static readonly Dictionary<string, string> Sources = new(StringComparer.Ordinal)
    {
        ["npx"] = "Node.js",
        ["node"] = "Node.js",
        ["uvx"] = "uv",
        ["uv"] = "uv",
        ["python"] = "Python",
        ["python3"] = "Python",
        ["docker"] = "Docker",
        ["dnx"] = "the .NET SDK 10",
        ["dotnet"] = ".NET",
    };

    /// <param name="definition">The definition.</param>
    /// <param name="hasSecret">Whether the store has, or is about to have, a secret.</param>
    public IEnumerable<ImportNeed> Check(ServiceDefinition definition, Func<string, bool> hasSecret)
    {
        if (
            definition is { Transport: ServiceTransport.Stdio, Command: { Length: > 0 } command }
            && !IsThere(command, definition)
        )
            yield return new(NeedKind.Runtime, command, Missing(command), false);
        foreach (var name in SecretStore.In(definition.Texts).Where(n => !hasSecret(n)))
            yield return new(NeedKind.Secret, name, $"set it with: fairlead secrets set {name}", false);
        var unset = definition.Texts.SelectMany(Unset).Distinct(StringComparer.Ordinal);
        foreach (var name in unset)
            yield return new(NeedKind.Variable, name, $"{name} is not set in the gateway's environment", false);
        foreach (var (name, value) in Named(definition).Where(v => IsPlaceholder(v.Value)))
            yield return new(NeedKind.Placeholder, name, $"{name} still has the placeholder of a template", false);
    }

    /// <summary>Whether a value stands for one that is still to be filled in.</summary>
    public static bool IsPlaceholder(string value) => Placeholder().IsMatch(value.Trim());

    private static IEnumerable<KeyValuePair<string, string>> Named(ServiceDefinition definition) =>
        definition
            .Env.Concat(definition.Headers)
            .Concat(definition.Args.Select((arg, i) => KeyValuePair.Create($"args[{i}]", arg)));

    private bool IsThere(string command, ServiceDefinition definition)
    {
        // What variables make of it is known at its start; a path is the service's own business.
        if (command.Contains("${", StringComparison.Ordinal))
            return true;
        if (command.Contains('/', StringComparison.Ordinal))
            return File.Exists(
                    Path.GetFullPath(command, definition.Cwd is { } cwd && Path.IsPathRooted(cwd) ? cwd : "/")
                ) || !Path.IsPathRooted(command);
        var path = definition.Env.GetValueOrDefault("PATH") ?? variable("PATH") ?? "";
        return path.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Any(folder => File.Exists(Path.Combine(folder, command)));
    }

    private static string Missing(string command) =>
        Sources.TryGetValue(command, out var source)
            ? $"{command} is not on the gateway's PATH: install {source}"
            : $"{command} is not on the gateway's machine";

    private List<string> Unset(string text)
    {
        List<string> missing = [];
        Expansion.Expand(
            text,
            name =>
                name == Expansion.DataDirectory || name.Contains(':', StringComparison.Ordinal) ? "" : variable(name),
            missing
        );
        return missing;
    }

    [GeneratedRegex(
        @"(?i)^(<[^>]+>|\[[^\]]+\]|\{[^}]+\}|x{3,}|\.{3}|your[_ -].*|.*[_ -]here|change[_ -]?me|replace[_ -].*|insert[_ -].*|todo|/path/to/.*)$",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex Placeholder();
}
