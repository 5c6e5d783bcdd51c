using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Import;

/// <summary>What becomes of an entry of a file.</summary>
internal enum ImportAction
{
    /// <summary>It is registered.</summary>
    Add,

    /// <summary>It is registered already, exactly so.</summary>
    Unchanged,

    /// <summary>It is registered with another definition, which is replaced.</summary>
    Update,

    /// <summary>It is registered with another definition, and no update was asked for.</summary>
    Conflict,
}

/// <summary>What a service lacks on this machine or from its operator.</summary>
internal enum NeedKind
{
    /// <summary>A program that is not on the <c>PATH</c>.</summary>
    Runtime,

    /// <summary>A value that is asked for and was not given.</summary>
    Input,

    /// <summary>A secret that the store has no value for.</summary>
    Secret,

    /// <summary>A variable that is not set in the gateway's environment.</summary>
    Variable,

    /// <summary>A value that stands for one still to be filled in, such as <c>YOUR_API_KEY</c>.</summary>
    Placeholder,

    /// <summary>A key whose meaning for its client it does not have here.</summary>
    Unused,
}

/// <summary>Something an entry lacks.</summary>
/// <param name="Kind">What kind of thing.</param>
/// <param name="Name">Program, input, secret, variable or key.</param>
/// <param name="Message">One sentence for people; never a value.</param>
/// <param name="Required">Whether nothing is imported without it.</param>
internal sealed record ImportNeed(NeedKind Kind, string Name, string Message, bool Required);

/// <summary>A value that a file asks its operator for.</summary>
internal sealed record ImportInput(string Id)
{
    public string Description { get; init; } = "";
    public bool Secret { get; init; }
    public bool Required { get; init; } = true;
    public string? Default { get; init; }

    /// <summary><c>string</c>, <c>number</c>, <c>boolean</c>, <c>directory</c> or <c>file</c>.</summary>
    public string Type { get; init; } = "string";
    public double? Min { get; init; }
    public double? Max { get; init; }
    public IReadOnlyList<string> Choices { get; init; } = [];
}

/// <summary>One service found in a file: as it would be stored, or why it cannot be.</summary>
internal sealed record ImportEntry(
    string Name,
    ServiceDefinition Definition,
    bool Enabled,
    IReadOnlyList<ServiceProblem> Problems,
    ImportAction Action = ImportAction.Add
)
{
    public IReadOnlyList<ImportNeed> Needs { get; init; } = [];

    /// <summary>Values that were found in the entry and are kept as secrets, by their names there. Never shown.</summary>
    public IReadOnlyDictionary<string, string> Secrets { get; init; } = new Dictionary<string, string>();
}

/// <summary>What a text holds.</summary>
/// <param name="Format">Name of the dialect it is written in.</param>
/// <param name="Entries">The services, in its order.</param>
/// <param name="Inputs">Values it asks for.</param>
internal sealed record ImportDocument(
    string Format,
    IReadOnlyList<ImportEntry> Entries,
    IReadOnlyList<ImportInput> Inputs
);

/// <summary>What an operator says beside the text.</summary>
internal sealed record ImportChoices
{
    /// <summary>Path or name of the file; tells whose it is.</summary>
    public string? FileName { get; init; }

    /// <summary>Name of a dialect; null finds out.</summary>
    public string? Format { get; init; }

    /// <summary>Replaces definitions of services that are registered with others.</summary>
    public bool Update { get; init; }

    /// <summary>Whether it is the file the operator names at the start: what that starts is his own business.</summary>
    public bool IsOperators { get; init; }

    /// <summary>Values for what the file asks for, by id.</summary>
    public IReadOnlyDictionary<string, string> Values { get; init; } = new Dictionary<string, string>();

    /// <summary>Of a <c>server.json</c>: <c>npm</c>, <c>pypi</c>, <c>nuget</c>, <c>oci</c>, <c>mcpb</c> or <c>remote</c>; null takes the first that can be started.</summary>
    public string? Pick { get; init; }

    /// <summary>Whether addresses may be private; null leaves it to the file and the gateway's rule.</summary>
    public bool? AllowPrivate { get; init; }
}
