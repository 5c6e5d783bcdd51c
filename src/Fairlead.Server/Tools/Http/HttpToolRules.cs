using System.Collections.Immutable;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Fairlead.Server.Services.Import;

namespace Fairlead.Server.Tools.Http;

/// <summary>What the HTTP tools of a service must hold to; problems name the field as <c>tools[0].endpoint</c>.</summary>
internal static partial class HttpToolRules
{
    private const int MostTools = 5000;
    private const int LongestEndpoint = 2048;
    private const int MostSeconds = 600;
    private const int LeastBytes = 1024;
    private const int MostBytes = 8 * 1024 * 1024;
    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

    public static IEnumerable<ServiceProblem> Check(ImmutableArray<HttpTool> tools)
    {
        if (tools.IsDefaultOrEmpty)
            return [new("tools", "are needed: at least one")];
        if (tools.Length > MostTools)
            return [new("tools", $"at most {MostTools}")];
        var names = new HashSet<string>(StringComparer.Ordinal);
        return tools.SelectMany((tool, i) => Check(tool, $"tools[{i}]", names));
    }

    private static IEnumerable<ServiceProblem> Check(HttpTool tool, string at, HashSet<string> names)
    {
        if (tool.Name is null || !Name().IsMatch(tool.Name))
            yield return new($"{at}.name", "must be 1 to 128 letters, digits, '_', '-', '.' or '/'");
        else if (!names.Add(tool.Name))
            yield return new($"{at}.name", $"is {tool.Name} a second time");
        if (!Methods.Contains(tool.Method))
            yield return new($"{at}.method", $"must be one of {string.Join(", ", Methods)}");
        if (tool.Endpoint.Length > LongestEndpoint || tool.Endpoint.AsSpan().ContainsAny("\r\n\0#"))
            yield return new($"{at}.endpoint", $"at most {LongestEndpoint} characters, without line breaks and '#'");
        else if (
            tool.Endpoint.Contains("://", StringComparison.Ordinal)
            || tool.Endpoint.StartsWith("//", StringComparison.Ordinal)
        )
            yield return new($"{at}.endpoint", "is a path below url, not an address of its own");
        if (!MediaTypeHeaderValue.TryParse(tool.ContentType, out _))
            yield return new($"{at}.content_type", "is no media type");
        if (tool.TimeoutSeconds is < 1 or > MostSeconds)
            yield return new($"{at}.timeout_seconds", $"must be 1 to {MostSeconds}");
        if (tool.MaxBytes is < LeastBytes or > MostBytes)
            yield return new($"{at}.max_bytes", $"must be {LeastBytes} to {MostBytes}");
        if (tool.PageSize is < 1 or > 10_000)
            yield return new($"{at}.page_size", "must be 1 to 10000");
        var parameters = tool.Parameters ?? [];
        for (var i = 0; i < parameters.Length; i++)
        {
            if (!HttpStyles.All.Contains(parameters[i].Style))
                yield return new($"{at}.parameters[{i}].style", $"must be one of {string.Join(", ", HttpStyles.All)}");
        }
        if (Missing(tool) is { } placeholder)
            yield return new($"{at}.endpoint", $"has {{{placeholder}}}, which no parameter fills in");
        if (Unusable(tool) is { } why)
            yield return new(at, why);
    }

    private static string? Missing(HttpTool tool) =>
        Placeholder()
            .Matches(tool.Endpoint)
            .Select(m => m.Groups["name"].Value)
            .FirstOrDefault(name =>
                tool.Parameters?.Any(p => p.In == HttpPlace.Path && p.Target == name && p.Required) != true
            );

    private static string? Unusable(HttpTool tool)
    {
        try
        {
            _ = new HttpToolAdapter(tool with { Name = tool.Name ?? "" });
            return null;
        }
        catch (Exception wrong) when (wrong is FormatException or System.Text.Json.JsonException)
        {
            return wrong.Message;
        }
    }

    [GeneratedRegex("^[A-Za-z0-9_./-]{1,128}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Name();

    [GeneratedRegex(@"\{(?<name>[^{}]+)\}", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Placeholder();
}
