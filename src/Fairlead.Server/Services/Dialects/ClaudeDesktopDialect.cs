using System.Text.Json;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Dialects;

/// <summary><c>claude_desktop_config.json</c>: programs only; what is remote is bridged with <c>mcp-remote</c>.</summary>
internal sealed class ClaudeDesktopDialect : Dialect
{
    private static readonly string[] Keys = ["command", "args", "env"];

    public override string Name => "claude-desktop";

    public override IReadOnlyList<string> Files => ["claude_desktop_config.json"];

    public override bool CanDisable => false;

    public override bool IsToldBy(JsonElement root, IReadOnlyList<JsonElement> services) =>
        services.Count > 0
        && root.TryGetProperty(Root, out _)
        && services.All(s =>
            s.ValueKind == JsonValueKind.Object
            && s.TryGetProperty("command", out _)
            && s.EnumerateObject().All(m => Keys.Contains(m.Name))
        );

    // Its own remote services are set up in its window: a file has only programs, so an address is bridged.
    public override ServiceDefinition Adapt(ServiceDefinition definition) =>
        definition.Url is not { } url
            ? definition
            : new ServiceDefinition
            {
                Transport = ServiceTransport.Stdio,
                Command = "npx",
                Args =
                [
                    "-y",
                    "mcp-remote",
                    url,
                    .. definition.Headers.SelectMany(h => (string[])["--header", $"{h.Key}:{h.Value}"]),
                    .. definition.Transport switch
                    {
                        ServiceTransport.Sse => (string[])["--transport", "sse-only"],
                        ServiceTransport.StreamableHttp => ["--transport", "http-only"],
                        _ => [],
                    },
                ],
                Extensions = definition.Extensions,
            };
}
