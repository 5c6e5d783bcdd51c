using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Fairlead.Protocol;
using Fairlead.Runtime;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Secrets;
using Fairlead.Server.Tools.Http;

namespace Fairlead.Server.Services.Supervision;

/// <summary>A connection attempt: the channel, and the process where there is one, or why there is none.</summary>
internal readonly record struct Connection(
    IChannel? Channel,
    ServiceProcess? Process,
    string Problem,
    bool EndedOnProbe = false
);

/// <summary>Opens the channel of a registered service: variables, process or HTTP, handshake.</summary>
internal sealed class ServiceConnector(
    ProcessHost host,
    StorageOptions storage,
    SecretStore secrets,
    ServicesOptions options,
    TimeProvider time
)
{
    /// <summary>Shorter values are too common in plain text to be hidden.</summary>
    private const int ShortestSecret = 8;
    private const long MiB = 1024 * 1024;

    /// <summary>Among the last lines of a program that ended, those that say why are sought.</summary>
    private const int LastLines = 50;
    private static readonly string[] Telling = ["error", "exception", "fatal", "panic"];

    public async Task<Connection> OpenAsync(
        ServiceConfig config,
        Revision? known,
        IChannelEvents events,
        Action<ServiceProcess> started,
        Action<string> said,
        CancellationToken cancellationToken
    )
    {
        var missing = new SortedSet<string>(StringComparer.Ordinal);
        var hidden = new List<string>();
        string Expand(string text) => Expansion.Expand(text, name => Lookup(name, hidden), missing);
        var definition = config.Definition;
        if (definition.Transport != ServiceTransport.Stdio)
        {
            var url = Expand(definition.Url ?? "");
            var headers = definition.Headers.Select(h => KeyValuePair.Create(h.Key, Expand(h.Value))).ToList();
            return missing.Count > 0 ? Unset(missing)
                : !IsHttp(url, out var uri)
                    ? new Connection(
                        null,
                        null,
                        "url is not an http:// or https:// address once its variables are filled in"
                    )
                : definition.Transport == ServiceTransport.HttpTools
                    ? OpenHttpTools(definition, uri, headers, Expand, missing)
                : await OpenHttpAsync(definition, uri, headers, known, events, cancellationToken);
        }
        var spec = new ProcessSpec
        {
            Name = config.Name,
            Command = Expand(definition.Command ?? ""),
            Arguments = [.. definition.Args.Select(Expand)],
            Environment = definition.Env.ToDictionary(e => e.Key, e => Expand(e.Value)),
            MaxMemoryBytes = definition.MaxMemoryMb * MiB,
            Nice = definition.Nice ?? 0,
            WorkingDirectory = definition.Cwd is { } cwd ? Expand(cwd) : null,
        };
        return missing.Count > 0
            ? Unset(missing)
            : await OpenStdioAsync(spec, hidden, known, events, started, said, cancellationToken);
    }

    /// <summary>Hides the values of a service's environment in what it writes to its standard error.</summary>
    public static string Redact(string line, IEnumerable<string> secrets)
    {
        foreach (var secret in secrets)
            line = line.Replace(secret, "***", StringComparison.Ordinal);
        return line;
    }

    /// <summary>
    /// What <see cref="Redact"/> hides of values: their lines one by one, because lines are what it is given, and the longer
    /// ones first, so that none leaves its end behind a shorter one.
    /// </summary>
    public static string[] Masked(IEnumerable<string> values) =>
        [
            .. values
                .SelectMany(v => v.Split('\n', StringSplitOptions.TrimEntries))
                .Where(v => v.Length >= ShortestSecret)
                .Distinct()
                .OrderByDescending(v => v.Length),
        ];

    /// <summary>Checked here again: only now is known what the variables hold ("localhost:9000" has a scheme, too).</summary>
    private static bool IsHttp(string url, [NotNullWhen(true)] out Uri? uri) =>
        Uri.TryCreate(url, UriKind.Absolute, out uri) && uri.Scheme is "http" or "https";

    private static Connection Unset(SortedSet<string> missing) =>
        new(null, null, $"not set in the gateway's environment or secrets: {string.Join(", ", missing)}");

    private string? Lookup(string name, List<string> hidden)
    {
        if (name == Expansion.DataDirectory)
            return Path.GetFullPath(storage.DataDirectory);
        if (!name.StartsWith(SecretStore.Prefix, StringComparison.Ordinal))
            return Expansion.Variable(name, Environment.GetEnvironmentVariable);
        var secret = secrets.Find(name[SecretStore.Prefix.Length..]);
        if (secret is not null)
            hidden.Add(secret);
        return secret;
    }

    // Of every way to it, also of the address that an event stream names.
    private ChannelOptions Channels(ServiceDefinition definition) =>
        definition.AllowPrivate is { } allowed
            ? options.Channels with
            {
                RefusePrivateAddresses = !allowed,
            }
            : options.Channels;

    private Connection OpenHttpTools(
        ServiceDefinition definition,
        Uri uri,
        List<KeyValuePair<string, string>> headers,
        Func<string, string> expand,
        SortedSet<string> missing
    )
    {
        var tools = definition
            .Tools.Select(t =>
                t with
                {
                    Headers = t.Headers.ToImmutableSortedDictionary(h => h.Key, h => expand(h.Value)),
                }
            )
            .ToList();
        if (missing.Count > 0)
            return Unset(missing);
        try
        {
            return new Connection(new HttpToolsChannel(uri, headers, tools, Channels(definition), time), null, "");
        }
        catch (FormatException wrong)
        {
            return new Connection(null, null, wrong.Message);
        }
    }

    private async Task<Connection> OpenHttpAsync(
        ServiceDefinition definition,
        Uri uri,
        List<KeyValuePair<string, string>> headers,
        Revision? known,
        IChannelEvents events,
        CancellationToken cancellationToken
    )
    {
        var channels = Channels(definition);
        var opened = definition.Transport switch
        {
            ServiceTransport.Sse => await Connector.OpenSseAsync(
                uri,
                headers,
                events,
                channels,
                time,
                cancellationToken
            ),
            ServiceTransport.Auto => await Connector.OpenEitherAsync(
                uri,
                headers,
                known,
                events,
                channels,
                time,
                cancellationToken
            ),
            _ => await Connector.OpenHttpAsync(uri, headers, known, events, channels, time, cancellationToken),
        };
        return new Connection(opened.Channel, null, opened.Problem);
    }

    private async Task<Connection> OpenStdioAsync(
        ProcessSpec spec,
        List<string> hidden,
        Revision? known,
        IChannelEvents events,
        Action<ServiceProcess> started,
        Action<string> said,
        CancellationToken cancellationToken
    )
    {
        var masked = Masked(spec.Environment.Values.Concat(hidden));
        var channel = new StdioChannel(events, time, said);
        ServiceProcess process;
        try
        {
            process = await channel.StartAsync(
                host,
                spec with
                {
                    Redact = line => Redact(line, masked),
                },
                cancellationToken
            );
        }
        catch (Exception e) when (e is ProcessStartException or PlatformNotSupportedException)
        {
            return new Connection(null, null, e.Message);
        }
        started(process);
        var opened = await Connector.OpenStdioAsync(channel, known, options.Channels, time, cancellationToken);
        var last = opened.Channel is null ? LastWords(process.StderrTail(LastLines)) : null;
        return new Connection(
            opened.Channel,
            process,
            last is null ? opened.Problem : $"{opened.Problem}; it last said: {Cut(last)}",
            opened.EndedOnProbe
        );
    }

    // Below what they died of many print a stack, and their own version.
    private static string? LastWords(IReadOnlyList<string> lines) =>
        lines.LastOrDefault(line =>
            line.Length > 0
            && !char.IsWhiteSpace(line[0])
            && Array.Exists(Telling, word => line.Contains(word, StringComparison.OrdinalIgnoreCase))
        ) ?? lines.LastOrDefault(line => line.Length > 0);

    private static string Cut(string line)
    {
        const int most = 300;
        return line.Length <= most ? line : line[..most];
    }
}
