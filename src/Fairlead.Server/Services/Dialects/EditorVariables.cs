using System.Text.RegularExpressions;

namespace Fairlead.Server.Services.Dialects;

/// <summary>
/// Variables of editors. A gateway has no folder open and runs no command of an editor: what only the editor knows
/// becomes a value that is asked for, as their own <c>${input:ID}</c> is.
/// </summary>
internal static partial class EditorVariables
{
    public static bool Any(string text) => Own().IsMatch(text);

    public static string Ours(string text) =>
        Reference()
            .Replace(
                text,
                match =>
                {
                    var name = match.Groups["name"].Value;
                    return name switch
                    {
                        "userHome" => "${HOME}",
                        "pathSeparator" or "/" => "/",
                        "workspaceFolder" or "workspaceFolderBasename" or "workspaceRoot" or "cwd" =>
                            $"${{input:{name}}}",
                        _ when name.StartsWith("env:", StringComparison.Ordinal) => $"${{{name["env:".Length..]}}}",
                        _ when name.StartsWith("input:", StringComparison.Ordinal)
                                || name.StartsWith("secret:", StringComparison.Ordinal)
                                || !name.Contains(':', StringComparison.Ordinal) => match.Value,
                        _ when name.Contains(":-", StringComparison.Ordinal) => match.Value,
                        _ => $"${{input:{name}}}",
                    };
                }
            );

    /// <summary>Their references to the environment say so; a default they have none for.</summary>
    public static string Theirs(string text) => Plain().Replace(text, m => $"${{env:{m.Groups["name"].Value}}}");

    [GeneratedRegex(@"\$\{(?<name>[^}]*)\}", RegexOptions.NonBacktracking)]
    private static partial Regex Reference();

    [GeneratedRegex(@"\$\{(?<name>[A-Za-z_][A-Za-z0-9_]*)\}", RegexOptions.NonBacktracking)]
    private static partial Regex Plain();

    [GeneratedRegex(
        @"\$\{(env:[^}]*|userHome|workspaceFolder|workspaceFolderBasename|pathSeparator|/)\}",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex Own();
}
