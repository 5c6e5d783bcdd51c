using System.Text.Json;
using Fairlead.Server.Services.Import;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Dialects;

/// <summary>
/// How one client writes its services down (contracts.md section 5). What all have in common is in
/// <see cref="EntryFields"/> and <see cref="DialectWriter"/>; a dialect says what is its own.
/// </summary>
internal abstract class Dialect
{
    /// <summary>Name in the API and on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>Ends of the paths its file has, with <c>/</c>.</summary>
    public virtual IReadOnlyList<string> Files => [];

    /// <summary>The member that holds the services.</summary>
    public virtual string Root => "mcpServers";

    /// <summary>Whether it is TOML instead of JSON.</summary>
    public virtual bool IsToml => false;

    /// <summary>What a file without a telling name must have to be of this client: keys that no other one uses.</summary>
    public virtual bool IsToldBy(JsonElement root, IReadOnlyList<JsonElement> services) => false;

    /// <summary>What a <c>url</c> without a type means.</summary>
    public virtual ServiceTransport OfUrl(string url) => EndsInSse(url);

    /// <summary>Takes a key of its own; false leaves it to what all have in common.</summary>
    public virtual bool Take(EntryFields entry, string key, JsonElement value) => false;

    /// <summary>Looks at the whole entry once all its keys were taken.</summary>
    public virtual void Finish(EntryFields entry) { }

    /// <summary>Its variables as ours: <c>${NAME}</c>, <c>${NAME:-default}</c>, <c>${env:NAME}</c>, <c>${input:ID}</c>.</summary>
    public virtual string Ours(string text) => text;

    /// <summary>Our variables as its own.</summary>
    public virtual string Theirs(string text) => text;

    /// <summary>What it calls a transport; null where it writes none.</summary>
    public virtual string? TypeOf(ServiceTransport transport) => null;

    /// <summary>Under which key it has the address.</summary>
    public virtual string UrlKey(ServiceTransport transport) => "url";

    /// <summary>Where it writes the deadline of calls, and how many of its units make a second.</summary>
    public virtual (string Key, int PerSecond)? Timeout => null;

    /// <summary>Under which key it has headers.</summary>
    public virtual string HeadersKey => "headers";

    /// <summary>Writes variables or headers that it has keys of its own for, and gives the rest.</summary>
    public virtual IEnumerable<KeyValuePair<string, string>> WriteOwn(
        Utf8JsonWriter json,
        string kind,
        IReadOnlyDictionary<string, string> values
    ) => values;

    /// <summary>Writes what is its own of an entry.</summary>
    public virtual void Write(Utf8JsonWriter json, ServiceDefinition definition) { }

    /// <summary>Writes what stands beside the services.</summary>
    public virtual void WriteBeside(Utf8JsonWriter json, IReadOnlyList<ServiceDefinition> definitions) { }

    /// <summary>A definition as far as it can write it.</summary>
    public virtual ServiceDefinition Adapt(ServiceDefinition definition) => definition;

    /// <summary>Whether it knows services that are turned off.</summary>
    public virtual bool CanDisable => true;

    public static ServiceTransport EndsInSse(string url) =>
        url.Split('?', '#')[0].TrimEnd('/').EndsWith("/sse", StringComparison.OrdinalIgnoreCase)
            ? ServiceTransport.Sse
            : ServiceTransport.StreamableHttp;

    protected static bool AnyHas(IReadOnlyList<JsonElement> services, params ReadOnlySpan<string> keys)
    {
        foreach (var key in keys)
        {
            if (services.Any(s => s.ValueKind == JsonValueKind.Object && s.TryGetProperty(key, out _)))
                return true;
        }
        return false;
    }
}
