using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Fairlead.Server.Services.Dialects;
using Fairlead.Server.Services.Import;
using Fairlead.Server.Services.Trust;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry.Redact;

namespace Fairlead.Server.Services.Api;

/// <summary>Puts the fields of a request over a stored definition.</summary>
internal static class DefinitionMerge
{
    private const string Unknown = "has a mask that stands for no stored value there; send the value itself";

    /// <summary>The new definition, and what is wrong with the request where no rule of a definition can tell.</summary>
    public static (ServiceDefinition Definition, ServiceProblem? Problem) Apply(
        ServiceDefinition? old,
        ServiceFields request
    )
    {
        ServiceTransport? transport = request.Transport?.ToLowerInvariant() switch
        {
            // A new address is reached as the old one was.
            null
                when request.Url is not null
                    && request.Command is null
                    && old is { Transport: not ServiceTransport.Stdio } => old.Transport,
            null when request.Tools is not null => ServiceTransport.HttpTools,
            null when request.Url is { } url && request.Command is null => Dialect.EndsInSse(url),
            null when request.Command is not null => ServiceTransport.Stdio,
            null => old?.Transport ?? ServiceTransport.Stdio,
            "stdio" => ServiceTransport.Stdio,
            "sse" => ServiceTransport.Sse,
            "auto" => ServiceTransport.Auto,
            "http-tools" or "http_tools" => ServiceTransport.HttpTools,
            "http" or "streamable-http" or "streamable_http" or "streamablehttp" => ServiceTransport.StreamableHttp,
            _ => null,
        };
        var kept = transport == old?.Transport ? old : null;
        var definition = (old ?? new ServiceDefinition { Transport = default }) with
        {
            Transport = transport ?? default,
            Command = request.Command ?? kept?.Command,
            Args = request.Args is { } args ? ShownValues.Kept(args, kept?.Args ?? []) : kept?.Args ?? [],
            Env = Values(request.Env, old?.Env) ?? kept?.Env ?? ImmutableSortedDictionary<string, string>.Empty,
            Cwd = request.Cwd ?? kept?.Cwd,
            Url = ShownValues.Kept(request.Url, kept?.Url) ?? kept?.Url,
            Headers =
                Values(request.Headers, old?.Headers)
                ?? kept?.Headers
                ?? ImmutableSortedDictionary<string, string>.Empty,
            Tools = request.Tools is { } tools ? [.. tools.Select(t => t.Complete())] : kept?.Tools ?? default,
            TimeoutSeconds = request.TimeoutSeconds ?? old?.TimeoutSeconds,
            AllowPrivate = request.AllowPrivate ?? old?.AllowPrivate,
            TrustPublicCache = request.TrustPublicCache ?? old?.TrustPublicCache ?? false,
            Trust = request.Trust is { } trust ? Trust(trust) : old?.Trust,
            DependsOn = request.DependsOn ?? old?.DependsOn ?? [],
            Lazy = request.Lazy ?? old?.Lazy ?? false,
            IdleSeconds = request.IdleSeconds ?? old?.IdleSeconds,
            MaxMemoryMb = request.MaxMemoryMb ?? old?.MaxMemoryMb,
            Nice = request.Nice ?? old?.Nice,
            RestartOnError = request.RestartOnError ?? old?.RestartOnError,
            MaxRestarts = request.MaxRestarts ?? old?.MaxRestarts,
            RestartDelaySeconds = request.RestartDelaySeconds ?? old?.RestartDelaySeconds,
        };
        var problem =
            transport is null
                ? new ServiceProblem("transport", "must be stdio, streamable-http, sse, auto or http-tools")
            : transport != ServiceTransport.Stdio && definition.Command is not null
                ? new ServiceProblem("command", "cannot be given together with url")
            : request.Trust is { } policy && Trust(policy) is null
                ? new ServiceProblem("trust", "must be auto, review or open")
            : request.Args is not null && definition.Args.Any(ShownValues.IsMasked)
                ? new ServiceProblem("args", Unknown)
            : request.Url is not null && ShownValues.IsMasked(definition.Url) ? new ServiceProblem("url", Unknown)
            : Unmasked(request.Env, old?.Env) is { } variable ? new ServiceProblem($"env.{variable}", Unknown)
            : Unmasked(request.Headers, old?.Headers) is { } header ? new ServiceProblem($"headers.{header}", Unknown)
            : null;
        return (definition, problem);
    }

    private static TrustPolicy? Trust(string text) =>
        Enum.GetValues<TrustPolicy>().Cast<TrustPolicy?>().FirstOrDefault(t => ServiceDesk.Wire(t!.Value) == text);

    /// <summary>What a definition does, without any of its secrets, for the audit: a JSON object.</summary>
    public static string Describe(string name, ServiceDefinition definition) =>
        Masked(json => Write(json, name, definition));

    /// <summary>The same of all services of an import.</summary>
    public static string Describe(IEnumerable<ImportEntry> entries) =>
        Masked(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("services"u8);
            foreach (var entry in entries)
                Write(json, entry.Name, entry.Definition);
            json.WriteEndArray();
            json.WriteEndObject();
        });

    private static string Masked(Action<Utf8JsonWriter> write)
    {
        var text = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(text))
            write(json);
        // A second net, and an end to what an entry may write.
        return Encoding.UTF8.GetString(Redaction.Mask(text.WrittenSpan));
    }

    private static void Write(Utf8JsonWriter json, string name, ServiceDefinition definition)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, name);
        if (definition.Command is { } command)
            json.WriteString("command"u8, ShownValues.OfText(command));
        if (definition.Url is { } url)
            json.WriteString("url"u8, ShownValues.OfText(url));
        WriteAll("args", ShownValues.OfArgs(definition.Args));
        WriteAll("env", definition.Env.Keys);
        WriteAll("headers", definition.Headers.Keys);
        json.WriteEndObject();

        void WriteAll(string key, IEnumerable<string> texts)
        {
            json.WriteStartArray(key);
            foreach (var text in texts)
                json.WriteStringValue(text);
            json.WriteEndArray();
        }
    }

    private static ImmutableSortedDictionary<string, string>? Values(
        ImmutableSortedDictionary<string, string>? given,
        ImmutableSortedDictionary<string, string>? stored
    ) => given?.ToImmutableSortedDictionary(g => g.Key, g => Kept(g, stored) ?? g.Value);

    /// <summary>The name of the first value that is a mask of nothing that is stored under it.</summary>
    private static string? Unmasked(
        ImmutableSortedDictionary<string, string>? given,
        ImmutableSortedDictionary<string, string>? stored
    ) => given?.FirstOrDefault(g => g.Value == ShownValues.Hidden && Kept(g, stored) is null).Key;

    private static string? Kept(
        KeyValuePair<string, string> given,
        ImmutableSortedDictionary<string, string>? stored
    ) => stored?.GetValueOrDefault(given.Key) is { } value && given.Value == ShownValues.OfValue(value) ? value : null;
}
