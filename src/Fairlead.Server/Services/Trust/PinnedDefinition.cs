using System.Buffers;
using System.Text;
using System.Text.Json;
using Fairlead.Server.Services.Api;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Trust;

/// <summary>Something of a service that is pinned by its SHA-256 (security.md section 4.1, 4.2).</summary>
/// <param name="Kind">One of <see cref="PinnedKind"/>.</param>
/// <param name="Name">Its name or URI template; empty for what a service has once.</param>
/// <param name="Hash">SHA-256 of the whole canonical form, lower-case hex.</param>
/// <param name="Text">Makes what is stored and shown of it: the canonical form, without secrets.</param>
internal sealed record PinnedDefinition(string Kind, string Name, string Hash, Func<byte[]> Text)
{
    // A _meta a client acts on. The rest of it is a service's own business and may change with every answer.
    private static readonly string[] KeptMeta = ["ui", "ui/", "openai/", "anthropic/", "io.modelcontextprotocol/"];

    /// <summary>
    /// The pin of an item; null for a resource, which comes and goes by nature. Of <c>_meta</c> only what clients act on
    /// counts.
    /// </summary>
    /// <param name="item">As the service listed it.</param>
    /// <param name="known">The same item as it is in the catalogue: its hash is not computed again.</param>
    public static PinnedDefinition? Of(CatalogueItem item, CatalogueItem? known)
    {
        if (PinnedKind.Of(item.Kind) is not { } kind)
            return null;
        var text = () => CanonicalJson.Write(item.Definition, Kept);
        var hash =
            known?.Hash is { } same && known.Definition.Span.SequenceEqual(item.Definition.Span)
                ? same
                : CanonicalJson.Hash(text());
        return new PinnedDefinition(kind, item.Name, hash, text);
    }

    /// <summary>The pin of a service's instructions.</summary>
    public static PinnedDefinition OfInstructions(string instructions)
    {
        var text = CanonicalJson.Write(JsonText(json => json.WriteStringValue(instructions)));
        return new PinnedDefinition(PinnedKind.Instructions, "", CanonicalJson.Hash(text), () => text);
    }

    /// <summary>
    /// The pin of what is started or connected to: program, arguments and with them a package's version, names of
    /// variables and headers, directory, address. Values of variables and headers are secrets and change by themselves.
    /// </summary>
    public static PinnedDefinition OfLaunch(ServiceDefinition definition) =>
        new(
            PinnedKind.Launch,
            "",
            CanonicalJson.Hash(Launch(definition, definition.Args, definition.Url)),
            () =>
                Launch(
                    definition,
                    ShownValues.OfArgs(definition.Args),
                    definition.Url is { } url ? ShownValues.OfText(url) : null
                )
        );

    private static byte[] Launch(ServiceDefinition d, IEnumerable<string> args, string? url) =>
        CanonicalJson.Write(
            JsonText(json =>
            {
                json.WriteStartObject();
                json.WriteString("transport"u8, d.Transport.ToString());
                if (d.Command is { } command)
                    json.WriteString("command"u8, command);
                WriteAll(json, "args", args);
                WriteAll(json, "env", d.Env.Keys);
                if (d.Cwd is { } cwd)
                    json.WriteString("cwd"u8, cwd);
                if (url is not null)
                    json.WriteString("url"u8, url);
                WriteAll(json, "headers", d.Headers.Keys);
                if (!d.Tools.IsDefaultOrEmpty)
                {
                    // Where each of them goes is not in its definition.
                    json.WriteStartArray("tools"u8);
                    foreach (var tool in d.Tools)
                        json.WriteStringValue($"{tool.Name} {tool.Method} {tool.Endpoint}");
                    json.WriteEndArray();
                }
                if (d.AllowPrivate == true)
                    json.WriteBoolean("allowPrivate"u8, true);
                json.WriteEndObject();
            })
        );

    private static void WriteAll(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static byte[] JsonText(Action<Utf8JsonWriter> write)
    {
        var text = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(text))
            write(json);
        return text.WrittenSpan.ToArray();
    }

    private static JsonElement? Kept(JsonProperty member)
    {
        if (!member.NameEquals("_meta"u8) || member.Value.ValueKind != JsonValueKind.Object)
            return member.Value;
        var kept = JsonText(json =>
        {
            json.WriteStartObject();
            foreach (var own in member.Value.EnumerateObject().Where(m => IsKept(m.Name)))
                own.WriteTo(json);
            json.WriteEndObject();
        });
        if (kept.Length == 2)
            return null;
        using var document = JsonDocument.Parse(kept);
        return document.RootElement.Clone();
    }

    private static bool IsKept(string name) =>
        KeptMeta.Any(k => k.EndsWith('/') ? name.StartsWith(k, StringComparison.Ordinal) : name == k);
}

/// <summary>Kinds of pins, as they are stored and shown.</summary>
internal static class PinnedKind
{
    public const string Instructions = "instructions";
    public const string Launch = "launch";

    /// <summary>All there are.</summary>
    public static readonly string[] All = ["tool", "prompt", "resource_template", Instructions, Launch];

    /// <summary>Of a listed item; null for what is not pinned.</summary>
    public static string? Of(ItemKind kind) => kind == ItemKind.Resource ? null : kind.ToText();
}
