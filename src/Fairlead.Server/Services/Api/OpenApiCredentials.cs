using System.Collections.Immutable;
using Fairlead.Server.Tools.Http;
using Fairlead.Server.Tools.OpenApi;

namespace Fairlead.Server.Services.Api;

/// <summary>
/// Where the credentials of an imported document go. It says how; the secrets themselves are set beside it and are never in
/// a definition. What all tools send alike is the service's; where tools differ in one header, each has its own.
/// </summary>
/// <param name="Url">The address, with what goes into the query.</param>
/// <param name="Headers">Headers of every request.</param>
/// <param name="Tools">The tools, with headers of their own.</param>
internal sealed record OpenApiCredentials(
    string Url,
    ImmutableSortedDictionary<string, string> Headers,
    IReadOnlyList<HttpTool> Tools
)
{
    public static OpenApiCredentials Of(
        OpenApiRequest request,
        string url,
        IReadOnlyList<HttpTool> tools,
        IReadOnlyDictionary<string, IReadOnlyList<OpenApiAuth>> ways
    )
    {
        if (request.Headers is { } given)
            return new(url, given, tools);
        var headers = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.OrdinalIgnoreCase);
        var used = tools.SelectMany(t => ways.GetValueOrDefault(t.Name) ?? []).Distinct();
        var own = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var target in used.GroupBy(w => (w.In, w.Name.ToUpperInvariant())))
        {
            var way = target.First();
            if (way.In == "query")
                url += $"{(url.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{way.Name}={Secret(way)}";
            else if (way.In == "cookie")
                headers["Cookie"] = headers.TryGetValue("Cookie", out var before)
                    ? $"{before}; {way.Name}={Secret(way)}"
                    : $"{way.Name}={Secret(way)}";
            else if (target.Skip(1).Any())
                own.Add(way.Name);
            else
                headers[way.Name] = way.Prefix + Secret(way);
        }
        return new(url, headers.ToImmutable(), own.Count == 0 ? tools : [.. tools.Select(WithOwn)]);

        HttpTool WithOwn(HttpTool tool) =>
            tool with
            {
                Headers = tool.Headers.SetItems(
                    (ways.GetValueOrDefault(tool.Name) ?? [])
                        .Where(w => w.In == "header" && own.Contains(w.Name))
                        .Select(w => KeyValuePair.Create(w.Name, w.Prefix + Secret(w)))
                ),
            };

        string Secret(OpenApiAuth way) => $"${{secret:{request.Name}.{OpenApiNames.Plain(way.Scheme)}}}";
    }
}
