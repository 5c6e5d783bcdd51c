using System.Collections.Immutable;
using System.Text.Json;
using Fairlead.Server.Tools.Http;

namespace Fairlead.Server.Tools.OpenApi;

/// <summary>A way to authenticate that a document asks for, as the service's definition carries it.</summary>
/// <param name="Scheme">Its name in the document.</param>
/// <param name="In"><c>header</c>, <c>query</c> or <c>cookie</c>.</param>
/// <param name="Name">Of the header, query parameter or cookie.</param>
/// <param name="Prefix">What stands before the secret, such as <c>Bearer </c>.</param>
internal sealed record OpenApiAuth(string Scheme, string In, string Name, string Prefix);

/// <summary>What a document describes, as tools.</summary>
/// <param name="Title">Its title.</param>
/// <param name="Address">Its first server, variables filled in; null where it has none or only a path.</param>
/// <param name="Tools">Its operations, in the order of the document.</param>
/// <param name="Auth">What each tool sends to authenticate, by its name; tools that send nothing are not among them.</param>
/// <param name="Tags">Tags of each tool, by its name.</param>
/// <param name="Problems">Operations that were left out, and why.</param>
internal sealed record OpenApiImport(
    string Title,
    string? Address,
    IReadOnlyList<HttpTool> Tools,
    IReadOnlyDictionary<string, IReadOnlyList<OpenApiAuth>> Auth,
    IReadOnlyDictionary<string, IReadOnlyList<string>> Tags,
    IReadOnlyList<string> Problems
);

/// <summary>Reads OpenAPI 3.0 and 3.1 into HTTP tools (R-15…R-17): one for each operation, its parameters as arguments.</summary>
internal static class OpenApiReader
{
    private const int MostOperations = 5000;
    private static readonly string[] Methods = ["get", "put", "post", "delete", "options", "head", "patch"];

    /// <summary>Reads a document.</summary>
    /// <param name="document">The document.</param>
    /// <param name="anyServer">Whether all operations are taken as they come, whatever servers of their own they have.</param>
    /// <exception cref="FormatException">It is no such document; the message says why.</exception>
    public static OpenApiImport Read(JsonElement document, bool anyServer = false)
    {
        if (document.ValueKind != JsonValueKind.Object)
            throw new FormatException("An OpenAPI document is an object.");
        var version = Text(document, "openapi"u8);
        if (version is null && Text(document, "swagger"u8) is { } old)
            throw new FormatException($"swagger {old} is not read: convert it to OpenAPI 3 first.");
        if (
            version is null
            || !(
                version.StartsWith("3.0", StringComparison.Ordinal)
                || version.StartsWith("3.1", StringComparison.Ordinal)
            )
        )
            throw new FormatException($"openapi must be 3.0 or 3.1, not {version ?? "missing"}.");
        var reading = new Reading(document, version.StartsWith("3.0", StringComparison.Ordinal), anyServer);
        if (document.TryGetProperty("paths"u8, out var paths) && paths.ValueKind == JsonValueKind.Object)
        {
            foreach (var path in paths.EnumerateObject())
                reading.TakePath(path.Name, path.Value);
        }
        if (reading.Tools.Count == 0 && reading.Problems.Count == 0)
            throw new FormatException("paths has no operations.");
        return new OpenApiImport(
            document.TryGetProperty("info"u8, out var info) ? Text(info, "title"u8) ?? "" : "",
            reading.Server,
            reading.Tools,
            reading.Security.Choose(),
            reading.Tags,
            reading.Problems
        );
    }

    /// <summary>A member of what may be no object at all.</summary>
    internal static bool Member(JsonElement element, ReadOnlySpan<byte> name, out JsonElement value)
    {
        value = default;
        return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out value);
    }

    internal static string? Text(JsonElement element, ReadOnlySpan<byte> name)
    {
        if (!Member(element, name, out var value) || value.ValueKind != JsonValueKind.String)
            return null;
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair.
            return null;
        }
    }

    // The first server of a document, a path or an operation; null where there is none, or only a path.
    private static string? Address(JsonElement owner)
    {
        if (
            !Member(owner, "servers"u8, out var servers)
            || servers.ValueKind != JsonValueKind.Array
            || servers.GetArrayLength() == 0
            || Text(servers[0], "url"u8) is not { } url
        )
            return null;
        if (Member(servers[0], "variables"u8, out var variables) && variables.ValueKind == JsonValueKind.Object)
        {
            foreach (var variable in variables.EnumerateObject())
                url = url.Replace(
                    $"{{{variable.Name}}}",
                    Text(variable.Value, "default"u8) ?? FirstOf(variable.Value) ?? "",
                    StringComparison.Ordinal
                );
        }
        return Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? url.TrimEnd('/')
            : null;
    }

    private static string? FirstOf(JsonElement variable) =>
        Member(variable, "enum"u8, out var values)
        && values.ValueKind == JsonValueKind.Array
        && values.GetArrayLength() > 0
        && values[0].ValueKind == JsonValueKind.String
            ? values[0].GetString()
            : null;

    private sealed class Reading(JsonElement document, bool isThreeZero, bool anyServer)
    {
        private readonly OpenApiPointers pointers = new(document);
        private readonly HashSet<string> names = new(StringComparer.Ordinal);
        private readonly Dictionary<string, IReadOnlyList<string>> tags = new(StringComparer.Ordinal);

        public List<HttpTool> Tools { get; } = [];
        public List<string> Problems { get; } = [];
        public IReadOnlyDictionary<string, IReadOnlyList<string>> Tags => tags;

        public OpenApiSecurity Security { get; } = new(document);

        /// <summary>Where the tools are: the document's own server, else that of the first operation that has one.</summary>
        public string? Server { get; private set; } = Address(document);

        public void TakePath(string path, JsonElement item)
        {
            try
            {
                item = pointers.Resolve(item);
            }
            catch (FormatException wrong)
            {
                Problems.Add($"{path}: {wrong.Message}");
                return;
            }
            if (item.ValueKind != JsonValueKind.Object)
                return;
            foreach (var method in Methods)
            {
                if (!item.TryGetProperty(method, out var operation) || operation.ValueKind != JsonValueKind.Object)
                    continue;
                if (Tools.Count == MostOperations)
                    throw new FormatException($"paths has more than {MostOperations} operations.");
                try
                {
                    Take(method.ToUpperInvariant(), path, item, operation);
                }
                catch (FormatException wrong)
                {
                    Problems.Add($"{method.ToUpperInvariant()} {path}: {wrong.Message}");
                }
                catch (Exception wrong) when (wrong is JsonException or InvalidOperationException)
                {
                    // Nested too deeply, or not of the kind it must be somewhere.
                    Problems.Add($"{method.ToUpperInvariant()} {path}: {wrong.Message}");
                }
            }
        }

        private void Take(string method, string path, JsonElement item, JsonElement operation)
        {
            var own = Address(operation) ?? Address(item);
            if (!anyServer && own is not null && own != (Server ??= own))
                throw new FormatException(
                    $"it has a server of its own, {own}: import it as another service, with that address as url."
                );
            var schemas = new OpenApiSchemas(pointers, isThreeZero);
            var read = new OpenApiParameters(pointers, schemas);
            read.Take(item);
            read.Take(operation);
            var contentType = operation.TryGetProperty("requestBody"u8, out var body) ? read.TakeBody(body) : null;
            var name = OpenApiNames.OfOperation(Text(operation, "operationId"u8), method, path);
            var tool = new HttpTool
            {
                Name = name,
                Title = Text(operation, "summary"u8),
                Description = Describe(operation, method, path),
                Method = method,
                Endpoint = path,
                ContentType = contentType ?? "application/json",
                Parameters = read.All,
                Defs = schemas.Defs(),
            };
            // What cannot be compiled could not be called: it is told now, not at the first call.
            _ = new HttpToolAdapter(tool);
            tool = tool with { Name = OpenApiNames.Free(name, names) };
            Tools.Add(tool);
            tags[tool.Name] =
                operation.TryGetProperty("tags"u8, out var given) && given.ValueKind == JsonValueKind.Array
                    ? [.. given.EnumerateArray().Select(t => t.ToString())]
                    : [];
            Security.Take(tool.Name, operation.TryGetProperty("security"u8, out var asks) ? asks : Default());
        }

        private JsonElement Default() => document.TryGetProperty("security"u8, out var common) ? common : default;

        private static string Describe(JsonElement operation, string method, string path) =>
            (Text(operation, "summary"u8), Text(operation, "description"u8)) switch
            {
                ({ Length: > 0 } summary, { Length: > 0 } text)
                    when !text.StartsWith(summary, StringComparison.Ordinal) => $"{summary.TrimEnd('.')}. {text}",
                (_, { Length: > 0 } text) => text,
                ({ Length: > 0 } summary, _) => summary,
                _ => $"{method} {path}",
            };
    }
}
