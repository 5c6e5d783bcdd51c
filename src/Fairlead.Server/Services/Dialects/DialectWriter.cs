using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Fairlead.Server.Services.Import;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Dialects;

/// <summary>
/// Writes definitions as a client's file, with the keys that were kept of theirs and without any secret: values that
/// look like one become references, as they do at import.
/// </summary>
internal static partial class DialectWriter
{
    private static readonly JsonWriterOptions Style = new()
    {
        Indented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Write(Dialect dialect, IReadOnlyList<ServiceConfig> services)
    {
        List<(ServiceConfig Service, ServiceDefinition Definition)> all =
        [
            .. services.Select(s => (s, dialect.Adapt(WithoutSecrets(s)))),
        ];
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, Style))
        {
            json.WriteStartObject();
            dialect.WriteBeside(json, [.. all.Select(a => a.Definition)]);
            json.WriteStartObject(dialect.Root);
            foreach (var (service, definition) in all)
            {
                json.WriteStartObject(service.Name);
                Entry(json, dialect, definition, service.Enabled);
                json.WriteEndObject();
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return dialect.IsToml
            ? TomlWriter.Write(buffer.WrittenMemory)
            : Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }

    private static void Entry(Utf8JsonWriter json, Dialect dialect, ServiceDefinition definition, bool enabled)
    {
        HashSet<string> written = new(StringComparer.Ordinal);
        if (dialect.TypeOf(definition.Transport) is { } type)
            json.WriteString(Key(dialect is DifyDialect or McpStoreDialect ? "transport" : "type"), type);
        if (definition.Url is { } url)
            json.WriteString(Key(dialect.UrlKey(definition.Transport)), dialect.Theirs(url));
        if (definition.Command is { } command)
            json.WriteString(Key("command"), dialect.Theirs(command));
        if (definition.Args.Length > 0)
        {
            json.WriteStartArray(Key("args"));
            foreach (var arg in definition.Args)
                json.WriteStringValue(dialect.Theirs(arg));
            json.WriteEndArray();
        }
        if (definition.Cwd is { } cwd)
            json.WriteString(Key("cwd"), dialect.Theirs(cwd));
        Map("env", dialect.WriteOwn(json, "env", definition.Env));
        Map(dialect.HeadersKey, dialect.WriteOwn(json, "headers", definition.Headers));
        if (definition.TimeoutSeconds is { } seconds && dialect.Timeout is { } timeout)
            json.WriteNumber(Key(timeout.Key), (long)seconds * timeout.PerSecond);
        if (!enabled && dialect.CanDisable)
            json.WriteBoolean(Key(dialect.IsToml ? "enabled" : "disabled"), !dialect.IsToml);
        dialect.Write(json, definition);
        foreach (var (key, value) in definition.Extensions.Where(e => !written.Contains(e.Key)))
        {
            json.WritePropertyName(key);
            value.WriteTo(json);
        }

        string Key(string key)
        {
            written.Add(key);
            return key;
        }

        void Map(string key, IEnumerable<KeyValuePair<string, string>> map)
        {
            if (!map.Any())
                return;
            json.WriteStartObject(Key(key));
            foreach (var (name, value) in map)
                json.WriteString(name, dialect.Theirs(value));
            json.WriteEndObject();
        }
    }

    private static ServiceDefinition WithoutSecrets(ServiceConfig service) =>
        DefinitionTexts.Map(
            new SecretFinder(service.Name, name => name).Move(service.Definition),
            text =>
                Default()
                    .Replace(
                        text,
                        m =>
                            SecretFinder.IsSecretName(m.Groups["name"].Value)
                            || SecretFinder.LooksSecret(m.Groups["value"].Value)
                                ? $"${{{m.Groups["name"].Value}}}"
                                : m.Value
                    )
        );

    [GeneratedRegex(@"\$\{(?<name>[^}:]+):-(?<value>[^}]*)\}", RegexOptions.NonBacktracking)]
    private static partial Regex Default();
}
