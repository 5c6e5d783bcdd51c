using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Fairlead.Server.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Fairlead.Server.Hosting.Rest;

/// <summary>Makes the answers of REST endpoints.</summary>
internal static class RestResult
{
    public static RestResult<T> Ok<T>(T data, string message = "OK") => new(data, null, message, null);

    /// <summary>One page of a list.</summary>
    public static RestResult<IReadOnlyList<T>> Page<T>(IReadOnlyList<T> rows, PageQuery query, int total) =>
        new(rows, null, "OK", Pagination.Of(query, total));

    /// <summary>A failure; converts to any <see cref="RestResult{T}"/>. The code must be in <see cref="RestCodes"/>.</summary>
    public static RestError Fail(string code, string message, string? field = null) =>
        new()
        {
            Code = code,
            Message = message,
            Field = field,
        };

    /// <summary>Marks an endpoint that makes something: it answers 201 instead of 200.</summary>
    public static TBuilder Creates<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(CreatesMark.Instance);

    internal sealed record CreatesMark
    {
        public static readonly CreatesMark Instance = new();
    }

    /// <summary>Writes a failure where there is no endpoint result: middleware and authentication.</summary>
    public static Task WriteAsync(this RestError error, HttpContext context) =>
        new RestResult<object>(null, error, error.Message, null).ExecuteAsync(context);
}

/// <summary>What the audit filter needs to know of any answer.</summary>
internal interface IRestOutcome
{
    RestError? Error { get; }
}

/// <summary>The answer of a REST endpoint: data or an error, always in the envelope (I-14).</summary>
internal sealed class RestResult<T>(T? data, RestError? error, string message, Pagination? pagination)
    : IResult,
        IRestOutcome,
        IEndpointMetadataProvider
{
    public RestError? Error => error;
    public T? Data => data;

    public static implicit operator RestResult<T>(RestError error) => new(default, error, error.Message, null);

    public static implicit operator RestResult<T>(StoreError error) =>
        RestResult.Fail(error.Code, error.Message, error.Field);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        IServiceProvider services = httpContext.RequestServices;
        TimeProvider time = services.GetRequiredService<TimeProvider>();
        RestCall call = RestCall.Of(httpContext);
        var envelope = new Envelope<T>
        {
            Success = error is null,
            Data = data,
            Message = message,
            Timestamp = time.GetUtcNow().UtcDateTime,
            RequestId = call.RequestId,
            Performance = new(Math.Round(time.GetElapsedTime(call.StartedAt).TotalMilliseconds, 3), call.CacheHit),
            Error = error,
            Pagination = pagination,
        };
        bool creates = httpContext.GetEndpoint()?.Metadata.GetMetadata<RestResult.CreatesMark>() is not null;
        httpContext.Response.StatusCode =
            error is not null ? RestCodes.Status(error.Code)
            : creates ? StatusCodes.Status201Created
            : StatusCodes.Status200OK;
        httpContext.Response.ContentType = "application/json; charset=utf-8";
        JsonSerializerOptions options = services.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        await JsonSerializer.SerializeAsync(
            httpContext.Response.Body,
            envelope,
            (JsonTypeInfo<Envelope<T>>)options.GetTypeInfo(typeof(Envelope<T>)),
            httpContext.RequestAborted
        );
    }

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) =>
        builder.Metadata.Add(
            new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(Envelope<T>), ["application/json"])
        );
}
