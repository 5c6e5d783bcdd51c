namespace Fairlead.Client;

/// <summary>What is to be said beside a file that is imported (requirement S-03).</summary>
public sealed record ImportOptions
{
    /// <summary>Only tells what would happen, problems included.</summary>
    public bool DryRun { get; init; }

    /// <summary>Replaces the definitions of services that are registered with others.</summary>
    public bool Update { get; init; }

    /// <summary>Path or name of the file: some tell whose it is.</summary>
    public string? FileName { get; init; }

    /// <summary>Name of the format; null finds out.</summary>
    public string? Format { get; init; }

    /// <summary>Values for what the file asks for, by id; those of secrets are kept in the secret store.</summary>
    public IReadOnlyDictionary<string, string>? Values { get; init; }

    /// <summary>
    /// Of a <c>server.json</c>: <c>npm</c>, <c>pypi</c>, <c>nuget</c>, <c>oci</c>, <c>mcpb</c> or <c>remote</c>; null
    /// takes the first that can be run.
    /// </summary>
    public string? Pick { get; init; }

    /// <summary>Whether addresses in the file may be in a private or loopback network; null takes the gateway's rule.</summary>
    public bool? AllowPrivate { get; init; }
}

/// <summary>What an import did, or would do.</summary>
/// <param name="DryRun">Whether nothing was changed.</param>
/// <param name="Format">Name of the format the file is in.</param>
/// <param name="Services">The services of the file in its order.</param>
public sealed record ImportResult(bool DryRun, string Format, IReadOnlyList<ImportEntry> Services);

/// <summary>A service found in an imported file.</summary>
public sealed record ImportEntry
{
    /// <summary>The name it has or would get.</summary>
    public required string Name { get; init; }

    /// <summary><c>stdio</c>, <c>streamable-http</c> or <c>sse</c>.</summary>
    public required string Transport { get; init; }

    /// <summary>Whether the file means it to run.</summary>
    public required bool Enabled { get; init; }

    /// <summary><c>add</c>, <c>unchanged</c>, <c>update</c> or <c>conflict</c>: registered with another definition.</summary>
    public required string Action { get; init; }

    /// <summary>What is started or connected to, without what looks like a secret.</summary>
    public required string Starts { get; init; }

    /// <summary>Names of the secrets it uses.</summary>
    public required IReadOnlyList<string> Secrets { get; init; }

    /// <summary>What it lacks; without what is required nothing is imported.</summary>
    public required IReadOnlyList<ImportNeed> Missing { get; init; }

    /// <summary>What is wrong with it; with any problem nothing of the file is imported.</summary>
    public required IReadOnlyList<ImportProblem> Problems { get; init; }
}

/// <summary>Something a service lacks on the gateway's machine or from its operator.</summary>
/// <param name="Kind">
/// <c>runtime</c>, <c>input</c>, <c>secret</c>, <c>variable</c>, <c>placeholder</c> or <c>unused</c>: a key without effect.
/// </param>
/// <param name="Name">Program, id of the value, secret, variable or key.</param>
/// <param name="Message">One sentence about it.</param>
/// <param name="Required">Whether nothing is imported without it.</param>
public sealed record ImportNeed(string Kind, string Name, string Message, bool Required);

/// <summary>One thing wrong with a service.</summary>
/// <param name="Field">Which member of it.</param>
/// <param name="Message">What is wrong, to be read after the member's name.</param>
public sealed record ImportProblem(string Field, string Message);

/// <summary>Definitions of services as a client's file.</summary>
/// <param name="Format">Name of the format.</param>
/// <param name="Content">The file.</param>
public sealed record ServiceExport(string Format, string Content);

internal sealed record ImportRequest(
    string? Content,
    bool DryRun,
    bool Update,
    string? FileName,
    string? Format,
    IReadOnlyDictionary<string, string>? Values,
    string? Pick,
    bool? AllowPrivate
)
{
    public static ImportRequest Of(string? content, ImportOptions? options) =>
        new(
            content,
            options?.DryRun ?? false,
            options?.Update ?? false,
            options?.FileName,
            options?.Format,
            options?.Values,
            options?.Pick,
            options?.AllowPrivate
        );
}
