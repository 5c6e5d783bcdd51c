using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace Fairlead.Server.Hosting.Rest;

/// <summary>Refuses query parameters nobody reads: a misspelt filter would otherwise be ignored and give too many rows.</summary>
internal static class KnownQuery
{
    public static EndpointFilterDelegate Filter(EndpointFilterFactoryContext context, EndpointFilterDelegate next)
    {
        HashSet<string> known = [.. context.MethodInfo.GetParameters().SelectMany(Names)];
        return call =>
            call.HttpContext.Request.Query.Keys.FirstOrDefault(key => !known.Contains(key)) is { } unknown
                ? new(Refuse(unknown, known))
                : next(call);
    }

    private static RestResult<object> Refuse(string unknown, HashSet<string> known) =>
        RestResult.Fail(
            "INVALID_PARAMETER",
            known.Count == 0
                ? "This address takes no query parameters."
                : $"There is no query parameter of this name here; there are: {string.Join(", ", known.Order(StringComparer.Ordinal))}.",
            unknown
        );

    private static IEnumerable<string> Names(ParameterInfo parameter) =>
        parameter.GetCustomAttribute<AsParametersAttribute>() is null
            ? parameter.GetCustomAttribute<FromQueryAttribute>() is { } own
                ? [own.Name ?? JsonNamingPolicy.SnakeCaseLower.ConvertName(parameter.Name!)]
                : []
            : parameter
                .ParameterType.GetProperties()
                .Select(p => (Property: p, Query: p.GetCustomAttribute<FromQueryAttribute>()))
                .Where(p => p.Query is not null)
                .Select(p => p.Query!.Name ?? p.Property.Name);
}
