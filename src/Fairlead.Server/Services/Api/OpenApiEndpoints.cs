using System.Collections.Immutable;
using System.ComponentModel;
using System.IO.Enumeration;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Services.Trust;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Secrets;
using Fairlead.Server.Telemetry;
using Fairlead.Server.Tools.Http;
using Fairlead.Server.Tools.OpenApi;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Services.Api;

internal sealed record OpenApiRequest
{
    [Description("Name of the service: 1 to 64 letters, digits, _ or -.")]
    public string? Name { get; set; }

    [Description("The document, OpenAPI 3.0 or 3.1, as JSON or YAML.")]
    public string? Document { get; set; }

    [Description("Where the API is; the document's first server when absent.")]
    public string? Url { get; set; }

    [Description("Operations to take, by name or tag, * and ? stand for anything; all when absent.")]
    public ImmutableArray<string>? Select { get; set; }

    [Description("Other names for tools, by the name they would have.")]
    public ImmutableSortedDictionary<string, string>? Rename { get; set; }

    [Description(
        "Headers of every request; without them those that the document's security asks for, with references to secrets."
    )]
    public ImmutableSortedDictionary<string, string>? Headers { get; set; }

    [Description("Whether the API may be in a private or loopback network; the gateway's rule when absent.")]
    public bool? AllowPrivate { get; set; }

    [Description("Only tell what would happen.")]
    public bool DryRun { get; set; }

    [Description("Replace the service of that name; without it one that is there is refused.")]
    public bool Update { get; set; }
}

internal sealed record OpenApiView
{
    public required string Name { get; init; }
    public required string Title { get; init; }
    public required string Url { get; init; }

    [Description("add or update.")]
    public required string Action { get; init; }
    public required bool DryRun { get; init; }
    public required IReadOnlyList<OpenApiToolView> Tools { get; init; }

    [Description("Names of secrets the service uses that are not set yet; it starts once they are.")]
    public required IReadOnlyList<string> MissingSecrets { get; init; }

    [Description("Operations that were left out, and why.")]
    public required IReadOnlyList<string> LeftOut { get; init; }
}

internal sealed record OpenApiToolView(string Name, string Method, string Endpoint, IReadOnlyList<string> Tags);

/// <summary>An OpenAPI document becomes a service of HTTP tools.</summary>
internal static class OpenApiEndpoints
{
    public static void Map(RouteGroupBuilder services) =>
        services
            .MapPost("/openapi", ImportAsync)
            .WithName("services.openapi")
            .WithSummary("Registers the operations of an OpenAPI document as tools of one service.")
            .WithDescription("References to other documents are not followed: nothing is fetched.");

    private static async Task<RestResult<OpenApiView>> ImportAsync(
        OpenApiRequest request,
        HttpContext http,
        ServiceStore store,
        SecretStore secrets,
        ServiceDesk desk,
        LaunchRules rules,
        CancellationToken cancellationToken
    )
    {
        if (string.IsNullOrEmpty(request.Name))
            return RestResult.Fail("MISSING_PARAMETER", "name is required.", "name");
        if (string.IsNullOrWhiteSpace(request.Document))
            return RestResult.Fail("MISSING_PARAMETER", "document is required.", "document");
        OpenApiImport read;
        try
        {
            read = OpenApiReader.Read(YamlJson.Read(request.Document), anyServer: request.Url is not null);
        }
        catch (FormatException wrong)
        {
            return RestResult.Fail("INVALID_PARAMETER", wrong.Message, "document");
        }
        if ((request.Url ?? read.Address) is not { } address)
            return RestResult.Fail(
                "MISSING_PARAMETER",
                "url is required: the document names no server of its own.",
                "url"
            );
        var taken = read.Tools.Where(t => IsWanted(t.Name, read.Tags[t.Name], request.Select)).ToList();
        if (taken.Count == 0)
            return RestResult.Fail("INVALID_PARAMETER", "select matches no operation that can be called.", "select");
        if (request.Rename?.Keys.FirstOrDefault(name => !taken.Exists(t => t.Name == name)) is { } unknown)
            return RestResult.Fail(
                "INVALID_PARAMETER",
                $"rename names {unknown}, which is no operation that is taken.",
                "rename"
            );
        var old = desk.Find(request.Name);
        if (old is not null && !request.Update)
            return RestResult.Fail(
                "SERVICE_ALREADY_EXISTS",
                $"There is a service {request.Name}: give it another name, or update it.",
                "name"
            );

        var credentials = OpenApiCredentials.Of(request, address, taken, read.Auth);
        var (definition, problem) = DefinitionMerge.Apply(
            old?.Definition,
            new UpdateServiceRequest
            {
                Transport = "http-tools",
                Url = credentials.Url,
                Headers = credentials.Headers,
                AllowPrivate = request.AllowPrivate,
                Tools =
                [
                    .. credentials.Tools.Select(t =>
                        t with
                        {
                            Name = request.Rename?.GetValueOrDefault(t.Name) ?? t.Name,
                        }
                    ),
                ],
            }
        );
        var note = AuditNote.Of(http);
        note.Details = DefinitionMerge.Describe(request.Name, definition);
        if (
            (problem ?? ServiceEndpoints.FirstProblem(desk, rules, request.Name, old?.Definition, definition)) is
            { } wrongField
        )
            return ServiceEndpoints.Wrong(wrongField);
        var view = new OpenApiView
        {
            Name = request.Name,
            Title = read.Title,
            Url = ShownValues.OfText(credentials.Url),
            Action = old is null ? "add" : "update",
            DryRun = request.DryRun,
            Tools =
            [
                .. definition.Tools.Select(
                    (t, i) => new OpenApiToolView(t.Name, t.Method, t.Endpoint, read.Tags[taken[i].Name])
                ),
            ],
            MissingSecrets = Missing(definition, secrets),
            LeftOut = read.Problems,
        };
        if (request.DryRun)
            return RestResult.Ok(view, "Nothing was changed.");
        var stored = old is null
            ? await store.AddAsync(new ServiceDraft(request.Name, definition, true), cancellationToken)
            : await store.UpdateAsync(old.Id, definition, cancellationToken);
        if (!stored.Ok)
            return stored.Error;
        note.Resource = $"/api/v1/services/{stored.Value.Id}";
        return RestResult.Ok(view, $"{view.Tools.Count} tools registered.");
    }

    private static bool IsWanted(string name, IReadOnlyList<string> tags, ImmutableArray<string>? select) =>
        select is not { Length: > 0 } patterns
        || patterns.Any(p =>
            FileSystemName.MatchesSimpleExpression(p, name, ignoreCase: false)
            || tags.Any(t => FileSystemName.MatchesSimpleExpression(p, t, ignoreCase: true))
        );

    private static IReadOnlyList<string> Missing(ServiceDefinition definition, SecretStore secrets)
    {
        var missing = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var text in definition.Texts)
            _ = Expansion.Expand(text, name => Known(name, secrets), missing);
        return [.. missing.Select(name => name[SecretStore.Prefix.Length..])];
    }

    private static string? Known(string name, SecretStore secrets) =>
        name.StartsWith(SecretStore.Prefix, StringComparison.Ordinal)
            ? secrets.Find(name[SecretStore.Prefix.Length..])
            : "";
}
