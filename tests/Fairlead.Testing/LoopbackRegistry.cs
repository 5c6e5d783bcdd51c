using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Fairlead.Testing;

/// <summary>
/// A registry on loopback that answers as its API of 2025-12-01 says (contracts.md section 5.1): pages by cursor, search
/// in names, versions with the newest last and <c>latest</c>, refusals as <c>{"error"}</c>. It also keeps files.
/// </summary>
public sealed class LoopbackRegistry : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly List<JsonObject> servers = [];

    private LoopbackRegistry()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.MapGet("/v0.1/servers", Search);
        app.MapGet("/v0.1/servers/{name}/versions", (string name) => Versions(name));
        app.MapGet("/v0.1/servers/{name}/versions/{version}", (string name, string version) => One(name, version));
        app.MapGet("/files/{name}", (string name) => Results.Bytes(Files[name]));
        app.MapGet("/moved/{name}", (string name) => Results.Redirect($"/files/{name}"));
        app.MapGet("/round", () => Results.Redirect("/round"));
        app.MapGet(
            "/slow/{**rest}",
            (HttpContext context) => new TaskCompletionSource().Task.WaitAsync(context.RequestAborted)
        );
        app.MapGet("/odd/{**rest}", () => "no registry");
        app.MapGet("/huge/{**rest}", () => Results.Bytes(new byte[9 * 1024 * 1024]));
    }

    public Uri Address { get; private set; } = null!;
    public Dictionary<string, byte[]> Files { get; } = [];

    public static async Task<LoopbackRegistry> StartAsync()
    {
        var registry = new LoopbackRegistry();
        await registry.app.StartAsync();
        var addresses = registry.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        registry.Address = new Uri(addresses.Addresses.First());
        return registry;
    }

    /// <summary>Publishes a <c>server.json</c>.</summary>
    public void Publish(string json) => servers.Add(JsonNode.Parse(json)!.AsObject());

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private IResult Search(string? search, string? cursor, int limit = 30)
    {
        var found = servers
            .Where(IsLatest)
            .Where(s => search is null || Name(s).Contains(search, StringComparison.OrdinalIgnoreCase))
            .OrderBy(Name, StringComparer.Ordinal)
            .Where(s => cursor is null || string.CompareOrdinal(Name(s), cursor) > 0)
            .ToList();
        var page = found.Take(limit).ToList();
        return Json(page, found.Count > limit ? Name(page[^1]) : null);
    }

    private IResult Versions(string name) =>
        servers.Where(s => Name(s) == Uri.UnescapeDataString(name)).ToList() is { Count: > 0 } all
            ? Json(all, null)
            : Missing();

    private IResult One(string name, string version) =>
        servers.LastOrDefault(s =>
            Name(s) == Uri.UnescapeDataString(name) && (version == "latest" || Version(s) == version)
        )
            is { } one
            ? Text(Published(one))
            : Missing();

    private static IResult Missing() =>
        Results.Content("{\"error\":\"Server not found\"}", "application/json", null, StatusCodes.Status404NotFound);

    private IResult Json(List<JsonObject> page, string? next) =>
        Text(
            new JsonObject
            {
                ["servers"] = new JsonArray([.. page.Select(Published)]),
                ["metadata"] = new JsonObject { ["nextCursor"] = next, ["count"] = page.Count },
            }
        );

    private static IResult Text(JsonNode json) => Results.Content(json.ToJsonString(), "application/json");

    private JsonObject Published(JsonObject server) =>
        new()
        {
            ["server"] = server.DeepClone(),
            ["_meta"] = new JsonObject
            {
                ["io.modelcontextprotocol.registry/official"] = new JsonObject
                {
                    ["status"] = "active",
                    ["publishedAt"] = "2026-01-01T00:00:00Z",
                    ["isLatest"] = IsLatest(server),
                },
            },
        };

    private bool IsLatest(JsonObject server) => servers.Last(s => Name(s) == Name(server)) == server;

    private static string Name(JsonObject server) => server["name"]!.GetValue<string>();

    private static string Version(JsonObject server) => server["version"]!.GetValue<string>();
}
