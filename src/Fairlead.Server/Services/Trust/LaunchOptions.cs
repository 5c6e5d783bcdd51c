namespace Fairlead.Server.Services.Trust;

/// <summary>What may be started by services that are registered while the gateway runs (docs/adr/0010).</summary>
internal sealed record LaunchOptions
{
    /// <summary>
    /// Programs by their names; npx, uvx, uv, node, python3, python, dotnet, dnx and docker. What a configuration names is
    /// added to these.
    /// </summary>
    public ISet<string> Commands { get; init; } =
        new HashSet<string>(StringComparer.Ordinal)
        {
            "npx",
            "uvx",
            "uv",
            "node",
            "python3",
            "python",
            "dotnet",
            "dnx",
            "docker",
        };

    /// <summary>
    /// Directories whose programs may be started by their absolute paths, and in which services may be started; none.
    /// Unpacked bundles are always one.
    /// </summary>
    public IReadOnlyList<string> Roots { get; init; } = [];

    /// <summary>Names of environment variables that are refused otherwise and are to be allowed; none.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];

    /// <summary>
    /// Whether any program may be started from anywhere with any environment; off. For tests, and for machines where every
    /// administrator of the gateway may run programs anyway.
    /// </summary>
    public bool Unrestricted { get; init; }
}
