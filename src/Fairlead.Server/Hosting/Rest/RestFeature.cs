using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;
using Fairlead.Server.Identity;
using Fairlead.Server.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Fairlead.Server.Hosting.Rest;

/// <summary>What all REST endpoints share.</summary>
internal static class RestFeature
{
    public static IServiceCollection AddRest(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<IStartupFilter, RestEdge.First>();
        services.AddSingleton<IDeveloperPageExceptionFilter, RestEdge.NoPage>();
        services.AddSingleton<RestStreams>();
        services.Configure<RouteHandlerOptions>(static options => options.ThrowOnBadRequest = true);
        services.ConfigureHttpJsonOptions(static options => Configure(options.SerializerOptions));
        return services.AddRestJson(RestJson.Default);
    }

    /// <summary>Makes a room's JSON types known. A type that no room lists fails its endpoint's tests.</summary>
    public static IServiceCollection AddRestJson(this IServiceCollection services, IJsonTypeInfoResolver types) =>
        services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Add(types));

    /// <summary>
    /// A route group under <c>/api/v1</c>. Needs role admin unless told otherwise; every request that changes something
    /// is audited. Give each endpoint a name: it is the audited action and the operation id.
    /// </summary>
    /// <param name="routes">Where to map.</param>
    /// <param name="area">Path below <c>/api/v1</c>, for example <c>/services</c>.</param>
    /// <param name="tag">Section of the API document.</param>
    /// <param name="policy">One of <see cref="Policies"/>.</param>
    public static RouteGroupBuilder MapRest(
        this IEndpointRouteBuilder routes,
        string area,
        string tag,
        string policy = Policies.Admin
    )
    {
        RouteGroupBuilder group = routes.MapGroup("/api/v1" + area).WithTags(tag);
        if (policy == Policies.Anyone)
            group.AllowAnonymous();
        else
            group.RequireAuthorization(policy);
        return group.AddEndpointFilter<RouteGroupBuilder, AuditFilter>().AddEndpointFilterFactory(KnownQuery.Filter);
    }

    private static void Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.PropertyNameCaseInsensitive = false;
        options.AllowDuplicateProperties = false;
        options.NumberHandling = JsonNumberHandling.Strict;
        // A misspelt member would otherwise be ignored and look done.
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.Encoder = JavaScriptEncoder.Create(UnicodeRanges.All);
        // Source generation only: no silent fall back to reflection.
        for (int i = options.TypeInfoResolverChain.Count - 1; i >= 0; i--)
            if (options.TypeInfoResolverChain[i] is DefaultJsonTypeInfoResolver)
                options.TypeInfoResolverChain.RemoveAt(i);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Envelope<object>))]
// Kinds of query and path parameters, for the API document.
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(int?))]
[JsonSerializable(typeof(bool?))]
[JsonSerializable(typeof(DateTimeOffset?))]
internal sealed partial class RestJson : JsonSerializerContext;
