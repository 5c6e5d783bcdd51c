using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Fairlead.Cli;

/// <summary>A group as a client is to know it; without a key a placeholder stands for it.</summary>
internal sealed record ClientEntry(string Code, string? Key);

/// <summary>Configurations of clients, each in the client's own form (contracts.md §2.7 and §6).</summary>
internal static class ClientConfigs
{
    private static readonly JsonWriterOptions Style = new()
    {
        Indented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly Dictionary<string, Func<Uri, IReadOnlyList<ClientEntry>, string>> Forms = new(
        StringComparer.Ordinal
    )
    {
        ["claude-code"] = (server, entries) => McpServers("mcpServers", "http", server, entries),
        ["claude-desktop"] = ClaudeDesktop,
        ["cline"] = (server, entries) => McpServers("mcpServers", "streamableHttp", server, entries),
        ["codex"] = Codex,
        ["cursor"] = (server, entries) => McpServers("mcpServers", "http", server, entries),
        ["dify"] = (server, entries) => Dify("streamable_http", server, entries),
        ["dify-sse"] = (server, entries) => Dify("sse", server, entries),
        ["gemini"] = Gemini,
        ["vscode"] = VsCode,
        ["windsurf"] = Windsurf,
    };

    // Where another program has ours in it (dotnet fairlead.dll), that is not what a client is to start.
    private static string Program =>
        Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "fairlead" ? path : "fairlead";

    /// <summary>Names of the clients, in the alphabet's order.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Forms.Keys.Order(StringComparer.Ordinal)];

    /// <param name="client">One of <see cref="Names"/>.</param>
    /// <param name="server">The gateway.</param>
    /// <param name="entries">Groups in the order they are to stand.</param>
    public static string Write(string client, Uri server, IReadOnlyList<ClientEntry> entries) =>
        Forms[client](server, entries);

    // Every address ends in /mcp: some clients choose the transport by the last segment (contracts.md §2.6).
    private static string Address(Uri server, ClientEntry entry) =>
        Under(server, $"{Uri.EscapeDataString(entry.Code)}/mcp");

    // Behind a proxy the gateway may be below a path of its own.
    private static string Under(Uri server, string path) => $"{server.AbsoluteUri.TrimEnd('/')}/{path}";

    private static string Bearer(ClientEntry entry) => $"Bearer {entry.Key ?? Placeholder(entry)}";

    // Placeholders as the source document has them.
    private static string Placeholder(ClientEntry entry) => $"mcp_key_{entry.Code}_…";

    private static string Variable(ClientEntry entry) =>
        "FAIRLEAD_KEY_"
        + string.Concat(entry.Code.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToUpperInvariant(c) : '_'));

    private static string McpServers(string root, string type, Uri server, IReadOnlyList<ClientEntry> entries) =>
        Json(json =>
        {
            json.WriteStartObject(root);
            foreach (var entry in entries)
            {
                json.WriteStartObject(entry.Code);
                json.WriteString("type", type);
                json.WriteString("url", Address(server, entry));
                Headers(json, Bearer(entry));
                json.WriteEndObject();
            }
            json.WriteEndObject();
        });

    private static string ClaudeDesktop(Uri server, IReadOnlyList<ClientEntry> entries) =>
        Json(json =>
        {
            json.WriteStartObject("mcpServers");
            foreach (var entry in entries)
            {
                json.WriteStartObject(entry.Code);
                json.WriteString("command", Program);
                json.WriteStartArray("args");
                foreach (
                    var arg in (string[])["stdio", "--server", server.AbsoluteUri.TrimEnd('/'), "--group", entry.Code]
                )
                    json.WriteStringValue(arg);
                json.WriteEndArray();
                // Without a key the program looks it up with what "fairlead login" kept.
                if (entry.Key is { } key)
                {
                    json.WriteStartObject("env");
                    json.WriteString("FAIRLEAD_KEY", key);
                    json.WriteEndObject();
                }
                json.WriteEndObject();
            }
            json.WriteEndObject();
        });

    private static string VsCode(Uri server, IReadOnlyList<ClientEntry> entries) =>
        Json(json =>
        {
            if (entries.Any(e => e.Key is null))
            {
                json.WriteStartArray("inputs");
                foreach (var entry in entries.Where(e => e.Key is null))
                {
                    json.WriteStartObject();
                    json.WriteString("type", "promptString");
                    json.WriteString("id", $"fairlead-{entry.Code}");
                    json.WriteString("description", $"Key of the group {entry.Code}");
                    json.WriteBoolean("password", true);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            }
            json.WriteStartObject("servers");
            foreach (var entry in entries)
            {
                json.WriteStartObject(entry.Code);
                json.WriteString("type", "http");
                json.WriteString("url", Address(server, entry));
                Headers(json, $"Bearer {entry.Key ?? $"${{input:fairlead-{entry.Code}}}"}");
                json.WriteEndObject();
            }
            json.WriteEndObject();
        });

    private static string Gemini(Uri server, IReadOnlyList<ClientEntry> entries) =>
        Json(json =>
        {
            json.WriteStartObject("mcpServers");
            foreach (var entry in entries)
            {
                json.WriteStartObject(entry.Code);
                json.WriteString("httpUrl", Address(server, entry));
                Headers(json, $"Bearer {entry.Key ?? $"${Variable(entry)}"}");
                json.WriteEndObject();
            }
            json.WriteEndObject();
        });

    private static string Windsurf(Uri server, IReadOnlyList<ClientEntry> entries) =>
        Json(json =>
        {
            json.WriteStartObject("mcpServers");
            foreach (var entry in entries)
            {
                json.WriteStartObject(entry.Code);
                json.WriteString("serverUrl", Address(server, entry));
                Headers(json, Bearer(entry));
                json.WriteEndObject();
            }
            json.WriteEndObject();
        });

    /// <summary>The map of Dify's plugins: by group, with the transport by name (A-15).</summary>
    private static string Dify(string transport, Uri server, IReadOnlyList<ClientEntry> entries) =>
        Json(json =>
        {
            foreach (var entry in entries)
            {
                json.WriteStartObject(entry.Code);
                json.WriteString("transport", transport);
                json.WriteString("url", Under(server, "mcp"));
                Headers(json, Bearer(entry));
                json.WriteNumber("timeout", 50);
                if (transport == "sse")
                    json.WriteNumber("sse_read_timeout", 300);
                json.WriteEndObject();
            }
        });

    private static string Codex(Uri server, IReadOnlyList<ClientEntry> entries)
    {
        var toml = new StringBuilder();
        foreach (var entry in entries)
        {
            toml.Append(
                CultureInfo.InvariantCulture,
                $"[mcp_servers.{entry.Code}]\nurl = \"{Address(server, entry)}\"\n"
            );
            if (entry.Key is { } key)
                toml.Append(
                    CultureInfo.InvariantCulture,
                    $"http_headers = {{ \"Authorization\" = \"Bearer {key}\" }}\n\n"
                );
            else
                toml.Append(CultureInfo.InvariantCulture, $"bearer_token_env_var = \"{Variable(entry)}\"\n\n");
        }
        return toml.ToString().TrimEnd();
    }

    private static void Headers(Utf8JsonWriter json, string authorization)
    {
        json.WriteStartObject("headers");
        json.WriteString("Authorization", authorization);
        json.WriteEndObject();
    }

    private static string Json(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, Style))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
