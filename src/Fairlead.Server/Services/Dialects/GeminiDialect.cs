using System.Text.Json;
using System.Text.RegularExpressions;
using Fairlead.Server.Services.Import;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Dialects;

/// <summary>
/// <c>~/.gemini/settings.json</c>: <c>url</c> is SSE, <c>httpUrl</c> Streamable HTTP; deadlines in milliseconds;
/// <c>$NAME</c> beside <c>${NAME}</c>.
/// </summary>
internal sealed partial class GeminiDialect : Dialect
{
    private const int PerSecondUnits = 1000;

    public override string Name => "gemini";

    public override IReadOnlyList<string> Files => [".gemini/settings.json"];

    public override bool CanDisable => false;

    public override bool IsToldBy(JsonElement root, IReadOnlyList<JsonElement> services) =>
        AnyHas(services, "httpUrl", "includeTools", "excludeTools", "authProviderType")
        // A flag: ours is a word.
        || services.Any(s =>
            s.ValueKind == JsonValueKind.Object
            && s.TryGetProperty("trust", out var trust)
            && trust.ValueKind is JsonValueKind.True or JsonValueKind.False
        );

    public override ServiceTransport OfUrl(string url) => ServiceTransport.Sse;

    public override bool Take(EntryFields entry, string key, JsonElement value)
    {
        switch (key)
        {
            case "timeout":
                entry.TakeTimeout(key, value, PerSecondUnits);
                return true;
            case "url" when entry.Url is not null:
                return true; // httpUrl wins
            case "oauth" or "authProviderType":
                entry.Keep(key, value);
                entry.Unused(key);
                return true;
            default:
                return false;
        }
    }

    public override string Ours(string text) => Bare().Replace(text, m => $"${{{m.Groups["name"].Value}}}");

    public override (string Key, int PerSecond)? Timeout => ("timeout", PerSecondUnits);

    public override string UrlKey(ServiceTransport transport) => transport == ServiceTransport.Sse ? "url" : "httpUrl";

    [GeneratedRegex(@"\$(?<name>[A-Za-z_][A-Za-z0-9_]*)", RegexOptions.NonBacktracking)]
    private static partial Regex Bare();
}
