using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Services.Bundles;
using Fairlead.Server.Services.Import;
using Fairlead.Server.Services.Registry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Services.Api;

/// <summary>Search in the configured registry, and services from it (contracts.md section 5.1).</summary>
internal static class RegistryEndpoints
{
    private const int MostServers = 100;
    private const int UsualServers = 30;
    private const string Official = "io.modelcontextprotocol.registry/official";

    public static void Map(RouteGroupBuilder registry)
    {
        registry.MapGet("/servers", SearchAsync).WithName("registry.search").WithSummary("Servers of the registry.");
        registry
            .MapGet("/servers/{name}/versions", VersionsAsync)
            .WithName("registry.versions")
            .WithSummary("Versions of a server; the slash of its name is written %2F.");
        registry
            .MapPost("/import", ImportAsync)
            .WithName("registry.import")
            .WithSummary("Registers a server of the registry as a service.")
            .WithDescription("As services.import; a bundle is downloaded and its digest verified.");
    }

    private static async Task<RestResult<RegistryPage>> SearchAsync(
        [FromQuery] string? search,
        [FromQuery] string? cursor,
        [FromQuery] int? limit,
        RegistryClient registry,
        CancellationToken cancellationToken
    ) =>
        limit is < 1 or > MostServers
            ? RestResult.Fail("INVALID_PARAMETER", $"limit is 1 to {MostServers}.", "limit")
            : await PageAsync(registry.SearchAsync(search, cursor, limit ?? UsualServers, cancellationToken));

    private static async Task<RestResult<RegistryPage>> VersionsAsync(
        string name,
        RegistryClient registry,
        CancellationToken cancellationToken
    ) => await PageAsync(registry.VersionsAsync(Uri.UnescapeDataString(name), cancellationToken));

    private static async Task<RestResult<ImportView>> ImportAsync(
        RegistryImportRequest request,
        HttpContext http,
        RegistryClient registry,
        ServiceImport import,
        BundleImport bundles,
        CancellationToken cancellationToken
    )
    {
        if (string.IsNullOrEmpty(request.Name))
            return RestResult.Fail("MISSING_PARAMETER", "name is required.", "name");
        var choices = new ImportRequest
        {
            DryRun = request.DryRun,
            Update = request.Update,
            Values = request.Values,
            Pick = request.Pick,
            AllowPrivate = request.AllowPrivate,
            Format = ServerJson.Format,
        };
        try
        {
            var found = await registry.ReadAsync(request.Name, request.Version, cancellationToken);
            var document = ImportReader.Read(found.GetRawText(), ImportEndpoints.Choices(choices));
            if (document.Entries is [{ Problems.Count: 0 } entry] && McpbPackage.In(entry.Definition) is { } bundle)
                return await registry.DownloadAsync(
                    bundle.Url,
                    (body, limited) => BundleEndpoints.RunAsync(bundles, body, bundle.Sha256, choices, http, limited),
                    cancellationToken
                );
            var plan = import.Plan(document, ImportEndpoints.Choices(choices));
            return await ImportEndpoints.FinishAsync(plan, request.DryRun, http, import, cancellationToken);
        }
        catch (RegistryException e)
        {
            return RestResult.Fail(e.Code, e.Message);
        }
        catch (FormatException e)
        {
            return RestResult.Fail("CONFIG_INVALID", e.Message, "name");
        }
    }

    private static async Task<RestResult<RegistryPage>> PageAsync(Task<JsonElement> answer)
    {
        try
        {
            return RestResult.Ok(Page(await answer));
        }
        catch (RegistryException e)
        {
            return RestResult.Fail(e.Code, e.Message);
        }
    }

    private static RegistryPage Page(JsonElement answer)
    {
        List<RegistryServerView> servers =
        [
            .. Items(answer, "servers")
                .Select(s => (Server: Member(s, "server") ?? s, Meta: Member(Member(s, "_meta") ?? default, Official)))
                .Select(s => new RegistryServerView
                {
                    Name = Text(s.Server, "name") ?? "",
                    Title = Text(s.Server, "title"),
                    Description = Text(s.Server, "description") ?? "",
                    Version = Text(s.Server, "version"),
                    Status = s.Meta is { } meta ? Text(meta, "status") : null,
                    Packages = [.. Items(s.Server, "packages").Select(p => Text(p, "registryType")).OfType<string>()],
                    Remotes = [.. Items(s.Server, "remotes").Select(r => Text(r, "url")).OfType<string>()],
                }),
        ];
        return new RegistryPage(servers, Text(Member(answer, "metadata") ?? default, "nextCursor"));
    }

    private static JsonElement? Member(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value) ? value : null;

    private static string? Text(JsonElement of, string name) =>
        Member(of, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    private static IEnumerable<JsonElement> Items(JsonElement of, string name) =>
        Member(of, name) is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray()] : [];
}

internal sealed record RegistryPage(
    IReadOnlyList<RegistryServerView> Servers,
    [property: Description("Asks for the next page; null on the last.")] string? NextCursor
);

internal sealed record RegistryServerView
{
    public required string Name { get; init; }
    public required string? Title { get; init; }
    public required string Description { get; init; }
    public required string? Version { get; init; }

    [Description("active, deprecated or deleted.")]
    public required string? Status { get; init; }

    [Description("Kinds of packages it has: npm, pypi, nuget, oci, mcpb …")]
    public required IReadOnlyList<string> Packages { get; init; }

    [Description("Addresses it is served at.")]
    public required IReadOnlyList<string> Remotes { get; init; }
}

internal sealed record RegistryImportRequest
{
    [Description("Full name, NAMESPACE/NAME.")]
    public string? Name { get; set; }

    [Description("Its version; the latest when absent.")]
    public string? Version { get; set; }

    [Description("npm, pypi, nuget, oci, mcpb or remote; the first that can be run when absent.")]
    public string? Pick { get; set; }

    [Description("Values for what it asks for, by id.")]
    public Dictionary<string, string>? Values { get; set; }
    public bool DryRun { get; set; }
    public bool Update { get; set; }

    [Description("Whether its address may be in a private or loopback network; the gateway's rule when absent.")]
    public bool? AllowPrivate { get; set; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RegistryImportRequest))]
[JsonSerializable(typeof(Envelope<RegistryPage>))]
internal sealed partial class RegistryJson : JsonSerializerContext;
