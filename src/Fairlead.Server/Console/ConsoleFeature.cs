using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Server.Console;

/// <summary>The Console room: what people and their tools load from us; the API document so far.</summary>
internal static class ConsoleFeature
{
    public static IServiceCollection AddConsole(this IServiceCollection services) =>
        services.AddOpenApi(ApiDocument.Configure);

    /// <summary>Serves the OpenAPI 3.1 document at <c>/openapi.json</c>; it holds no secret and needs no sign-in.</summary>
    public static IEndpointRouteBuilder MapConsole(this IEndpointRouteBuilder routes)
    {
        routes.MapOpenApi("/openapi.json").AllowAnonymous();
        return routes;
    }
}
