using System.Text.Json;

namespace Fairlead.Server.Tools.OpenApi;

/// <summary>
/// Ways to authenticate, as headers, query parameters and cookies that carry a secret. Of the alternatives of an operation
/// the one is taken that most operations have, so that as few secrets as possible are needed.
/// </summary>
internal sealed class OpenApiSecurity
{
    private readonly Dictionary<string, OpenApiAuth?> ways = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<IReadOnlyList<string>>> alternatives = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> votes = new(StringComparer.Ordinal);

    public OpenApiSecurity(JsonElement document)
    {
        if (
            !OpenApiReader.Member(document, "components"u8, out var components)
            || !OpenApiReader.Member(components, "securitySchemes"u8, out var schemes)
            || schemes.ValueKind != JsonValueKind.Object
        )
            return;
        var pointers = new OpenApiPointers(document);
        foreach (var scheme in schemes.EnumerateObject())
            ways[scheme.Name] = Of(scheme.Name, pointers.Resolve(scheme.Value));
    }

    /// <summary>Takes note of what a tool's operation asks for.</summary>
    public void Take(string tool, JsonElement requirements)
    {
        if (requirements.ValueKind != JsonValueKind.Array)
            return;
        var all = alternatives[tool] = [];
        foreach (var requirement in requirements.EnumerateArray().Where(r => r.ValueKind == JsonValueKind.Object))
        {
            IReadOnlyList<string> names = [.. requirement.EnumerateObject().Select(s => s.Name)];
            all.Add(names);
            var key = string.Join('\n', names);
            votes[key] = votes.GetValueOrDefault(key) + 1;
        }
    }

    /// <summary>What each tool sends, by its name; tools that send nothing are not among them.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<OpenApiAuth>> Choose()
    {
        var chosen = new Dictionary<string, IReadOnlyList<OpenApiAuth>>(StringComparer.Ordinal);
        foreach (var (tool, all) in alternatives)
        {
            var usable = all.Where(names => names.All(n => ways.GetValueOrDefault(n) is not null)).ToList();
            // One that may be called without credentials is; the first of those with as many votes.
            var best = usable.Exists(names => names.Count == 0)
                ? null
                : usable.MaxBy(names => votes[string.Join('\n', names)]);
            if (best is { Count: > 0 })
                chosen[tool] = [.. best.Select(n => ways[n]!).DistinctBy(w => (w.In, w.Name))];
        }
        return chosen;
    }

    private static OpenApiAuth? Of(string name, JsonElement scheme) =>
        OpenApiReader.Text(scheme, "type"u8) switch
        {
            "apiKey" when OpenApiReader.Text(scheme, "name"u8) is { } key => new OpenApiAuth(
                name,
                OpenApiReader.Text(scheme, "in"u8) ?? "header",
                key,
                ""
            ),
            "http"
                when string.Equals(
                    OpenApiReader.Text(scheme, "scheme"u8),
                    "basic",
                    StringComparison.OrdinalIgnoreCase
                ) => new OpenApiAuth(name, "header", "Authorization", "Basic "),
            // Tokens of OAuth come from elsewhere; here they are carried.
            "http" or "oauth2" or "openIdConnect" => new OpenApiAuth(name, "header", "Authorization", "Bearer "),
            _ => null,
        };
}
