using System.Text.Json;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Services.Bundles;
using Fairlead.Server.Services.Import;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Fairlead.Server.Services.Api;

/// <summary>Bundles (<c>.mcpb</c>, <c>.dxt</c>) are sent as they are, or as a form with what is to be said beside them.</summary>
internal static class BundleEndpoints
{
    private const int MaxRequestBytes = 1024 * 1024;

    public static void Map(RouteGroupBuilder services) =>
        services
            .MapPost("/import/bundle", ImportAsync)
            .WithName("services.import_bundle")
            .WithSummary("Unpacks an MCPB bundle and registers its service.")
            .WithDescription(
                "The body is the bundle, or multipart/form-data with a part request (JSON as of services.import, without content) before a part file."
            );

    private static async Task<RestResult<ImportView>> ImportAsync(
        [FromQuery(Name = "dry_run")] bool? dryRun,
        [FromQuery] bool? update,
        [FromQuery(Name = "file_sha256")] string? sha256,
        HttpContext http,
        BundleImport import,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var (request, content) = await OpenAsync(http.Request, cancellationToken);
            if (content is null)
                return RestResult.Fail("MISSING_PARAMETER", "The form has no part file.", "file");
            request.DryRun |= dryRun == true;
            request.Update |= update == true;
            return await RunAsync(import, content, sha256, request, http, cancellationToken);
        }
        catch (Exception e) when (e is JsonException or InvalidDataException)
        {
            return RestResult.Fail("INVALID_REQUEST", "The form cannot be read.", "request");
        }
    }

    /// <summary>Imports a bundle, wherever it comes from.</summary>
    public static async Task<RestResult<ImportView>> RunAsync(
        BundleImport import,
        Stream content,
        string? sha256,
        ImportRequest request,
        HttpContext http,
        CancellationToken cancellationToken
    )
    {
        RestError? refused = null;
        try
        {
            var (plan, error) = await import.RunAsync(
                content,
                sha256,
                ImportEndpoints.Choices(request),
                p =>
                {
                    AuditNote.Of(http).Details = DefinitionMerge.Describe(p.Entries);
                    refused = request.DryRun ? null : ImportEndpoints.Refusal(p);
                    return !request.DryRun && refused is null;
                },
                cancellationToken
            );
            if (refused is not null)
                return refused;
            return error is not null
                ? error
                : RestResult.Ok(
                    ImportEndpoints.View(plan, request.DryRun),
                    request.DryRun ? "Nothing was changed." : "Services imported."
                );
        }
        catch (BundleException e)
        {
            return RestResult.Fail("CONFIG_INVALID", $"{e.Field} {e.Message}.", e.Field);
        }
        catch (FormatException e)
        {
            return RestResult.Fail("CONFIG_INVALID", e.Message, "values");
        }
    }

    private static async Task<(ImportRequest Request, Stream? Content)> OpenAsync(
        HttpRequest http,
        CancellationToken cancellationToken
    )
    {
        var request = new ImportRequest();
        if (
            !MediaTypeHeaderValue.TryParse(http.ContentType, out var type)
            || !type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase)
        )
            return (request, http.Body);
        var reader = new MultipartReader(HeaderUtilities.RemoveQuotes(type.Boundary).ToString(), http.Body);
        while (await reader.ReadNextSectionAsync(cancellationToken) is { } section)
        {
            if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var part))
                continue;
            switch (HeaderUtilities.RemoveQuotes(part.Name).ToString())
            {
                case "request":
                    request = await ReadAsync(section.Body, cancellationToken);
                    break;
                case "file":
                    return (request, section.Body);
                default:
                    break;
            }
        }
        return (request, null);
    }

    private static async Task<ImportRequest> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        var json = new byte[MaxRequestBytes];
        var length = await body.ReadAtLeastAsync(json, json.Length, throwOnEndOfStream: false, cancellationToken);
        return JsonSerializer.Deserialize(json.AsSpan(0, length), ServicesJson.Default.ImportRequest)
            ?? new ImportRequest();
    }
}
