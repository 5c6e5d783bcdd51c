using System.Collections.Immutable;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Import;

/// <summary>Changes all texts of a definition in which variables may stand.</summary>
internal static class DefinitionTexts
{
    public static ServiceDefinition Map(ServiceDefinition definition, Func<string, string> change) =>
        definition with
        {
            Command = definition.Command is { } command ? change(command) : null,
            Args = [.. definition.Args.Select(change)],
            Env = definition.Env.ToImmutableSortedDictionary(e => e.Key, e => change(e.Value)),
            Cwd = definition.Cwd is { } cwd ? change(cwd) : null,
            Url = definition.Url is { } url ? change(url) : null,
            Headers = definition.Headers.ToImmutableSortedDictionary(h => h.Key, h => change(h.Value)),
        };
}
