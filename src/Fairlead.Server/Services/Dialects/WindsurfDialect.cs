using System.Text.Json;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Dialects;

/// <summary><c>~/.codeium/windsurf/mcp_config.json</c>: the address is <c>serverUrl</c>.</summary>
internal sealed class WindsurfDialect : Dialect
{
    public override string Name => "windsurf";

    public override IReadOnlyList<string> Files => ["mcp_config.json"];

    public override bool IsToldBy(JsonElement root, IReadOnlyList<JsonElement> services) =>
        AnyHas(services, "serverUrl", "disabledTools");

    public override ServiceTransport OfUrl(string url) => ServiceTransport.Auto;

    public override string Ours(string text) => EditorVariables.Ours(text);

    public override string Theirs(string text) => EditorVariables.Theirs(text);

    // serverUrl says that it is HTTP; url leaves it open.
    public override string UrlKey(ServiceTransport transport) =>
        transport == ServiceTransport.Auto ? "url" : "serverUrl";
}
