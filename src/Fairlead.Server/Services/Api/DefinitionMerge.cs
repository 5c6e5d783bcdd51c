using System.Collections.Immutable;
using Fairlead.Server.Services.Import;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Api;

/// <summary>Puts the fields of a request over a stored definition.</summary>
internal static class DefinitionMerge
{
    /// <summary>The new definition, and what is wrong with the request where no rule of a definition can tell.</summary>
    public static (ServiceDefinition Definition, ServiceProblem? Problem) Apply(
        ServiceDefinition? old,
        ServiceFields request
    )
    {
        ServiceTransport? transport = request.Transport?.ToLowerInvariant() switch
        {
            null when request.Url is not null && request.Command is null => ServiceTransport.StreamableHttp,
            null when request.Command is not null => ServiceTransport.Stdio,
            null => old?.Transport ?? ServiceTransport.Stdio,
            "stdio" => ServiceTransport.Stdio,
            "http" or "streamable-http" or "streamable_http" or "streamablehttp" => ServiceTransport.StreamableHttp,
            _ => null,
        };
        var kept = transport == old?.Transport ? old : null;
        var definition = (old ?? new ServiceDefinition { Transport = default }) with
        {
            Transport = transport ?? default,
            Command = request.Command ?? kept?.Command,
            Args = request.Args ?? kept?.Args ?? [],
            Env = Values(request.Env, old?.Env) ?? kept?.Env ?? ImmutableSortedDictionary<string, string>.Empty,
            Cwd = request.Cwd ?? kept?.Cwd,
            Url = request.Url ?? kept?.Url,
            Headers =
                Values(request.Headers, old?.Headers)
                ?? kept?.Headers
                ?? ImmutableSortedDictionary<string, string>.Empty,
            TimeoutSeconds = request.TimeoutSeconds ?? old?.TimeoutSeconds,
        };
        var problem =
            transport is null ? new ServiceProblem("transport", "must be stdio or streamable-http")
            : transport == ServiceTransport.StreamableHttp && definition.Command is not null
                ? new ServiceProblem("command", "cannot be given together with url")
            : null;
        return (definition, problem);
    }

    /// <summary>What a definition does, without any of its values, for the audit.</summary>
    public static string Describe(string name, ServiceDefinition definition) =>
        $"{name}: {definition.Command ?? definition.Url} {string.Join(' ', definition.Args)} env[{string.Join(',', definition.Env.Keys)}] headers[{string.Join(',', definition.Headers.Keys)}]";

    private static ImmutableSortedDictionary<string, string>? Values(
        ImmutableSortedDictionary<string, string>? given,
        ImmutableSortedDictionary<string, string>? stored
    ) =>
        given?.ToImmutableSortedDictionary(
            g => g.Key,
            g => g.Value == ServiceDesk.Hidden && stored?.GetValueOrDefault(g.Key) is { } value ? value : g.Value
        );
}
