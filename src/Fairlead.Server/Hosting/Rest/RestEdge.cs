using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Hosting.Rest;

/// <summary>
/// Outermost step of <c>/api</c>: whatever goes wrong below, in our code or in the framework's, leaves as an envelope
/// without inner details (I-14, P-75). Other paths pass untouched.
/// </summary>
internal sealed partial class RestEdge(RequestDelegate next, ILogger<RestEdge> logger)
{
    public Task InvokeAsync(HttpContext context) =>
        context.Request.Path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase)
            ? GuardAsync(context)
            : next(context);

    private async Task GuardAsync(HttpContext context)
    {
        RestCall call = RestCall.Of(context);
        IHeaderDictionary headers = context.Response.Headers;
        headers["X-Request-Id"] = call.RequestId.ToString();
        headers.CacheControl = "no-store";
        headers.XContentTypeOptions = "nosniff";
        RestError? error = null;
        try
        {
            long? most = RestCodes.MaxBody(context.Request.Path);
            if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
                limit.MaxRequestBodySize = most;
            // Refused before it is read: the framework's own refusal does not always tell why.
            if (context.Request.ContentLength > most)
                context.Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
            else
                await next(context);
            // A status without a body is the framework speaking: no such address, method or media type.
            error = context.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null }
                ? RestCodes.OfStatus(context.Response.StatusCode)
                : null;
        }
        catch (Exception failure) when (!context.RequestAborted.IsCancellationRequested && !context.Response.HasStarted)
        {
            await AnswerAsync(context, failure, logger);
        }
        if (error is not null)
            await AnswerAsync(context, error);
    }

    private static Task AnswerAsync(HttpContext context, Exception failure, ILogger logger)
    {
        RestError error = Explain(failure);
        if (RestCodes.Status(error.Code) >= StatusCodes.Status500InternalServerError)
            LogFailed(logger, failure, context.Request.Method, context.Request.Path, RestCall.Of(context).RequestId);
        return AnswerAsync(context, error);
    }

    private static Task AnswerAsync(HttpContext context, RestError error)
    {
        if (error.Code is "SERVICE_UNAVAILABLE")
            context.Response.Headers.RetryAfter = "5";
        return error.WriteAsync(context);
    }

    /// <summary>In development the framework puts a page of its own in between, stack and all: of the API it tells nothing.</summary>
    internal sealed class NoPage(ILogger<RestEdge> logger) : IDeveloperPageExceptionFilter
    {
        public Task HandleExceptionAsync(ErrorContext errorContext, Func<ErrorContext, Task> next) =>
            errorContext.HttpContext.Request.Path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase)
                ? AnswerAsync(errorContext.HttpContext, errorContext.Exception, logger)
                : next(errorContext);
    }

    private static RestError Explain(Exception failure) =>
        failure switch
        {
            BadHttpRequestException { InnerException: JsonException json } => OfJson(json),
            BadHttpRequestException { StatusCode: StatusCodes.Status400BadRequest } bad => OfParameter(bad.Message),
            BadHttpRequestException bad => RestCodes.OfStatus(bad.StatusCode),
            SqliteException { SqliteErrorCode: 13 } or DbException { SqlState: "53100" } => RestResult.Fail(
                "STORAGE_FULL",
                "The store's disk is full; nothing was saved."
            ),
            DbException => RestResult.Fail("SERVICE_UNAVAILABLE", "The store cannot be reached."),
            { InnerException: DbException inner } => Explain(inner),
            _ => RestCodes.OfStatus(StatusCodes.Status500InternalServerError),
        };

    private static RestError OfJson(JsonException failure)
    {
        string? field = Field(failure);
        string at = string.Create(
            CultureInfo.InvariantCulture,
            $"line {failure.LineNumber + 1}, position {failure.BytePositionInLine + 1}"
        );
        string message =
            failure.InnerException is JsonException ? $"The body is not valid JSON: {at}."
            : field is null ? $"The body is not JSON of the expected form: {at}."
            : UnknownMember().IsMatch(failure.Message) ? $"The body has a member '{field}' that is not known here."
            : failure.Message.StartsWith("Duplicate", StringComparison.Ordinal) ? $"The body has '{field}' twice: {at}."
            : $"'{field}' in the body has the wrong type: {at}.";
        return RestResult.Fail("INVALID_PARAMETER", message, field);
    }

    private static RestError OfParameter(string message)
    {
        string? field = Field(message);
        return RestResult.Fail(
            "INVALID_PARAMETER",
            message.Contains("body", StringComparison.OrdinalIgnoreCase) ? "The body is empty: send a JSON object."
                : field is null ? "A parameter is missing or has the wrong form."
                : $"The parameter {field} is missing or has the wrong form.",
            field
        );
    }

    // "$.limits.calls" or "$['limits']"; an unknown member is named in the message only.
    private static string? Field(JsonException failure)
    {
        if (UnknownMember().Match(failure.Message) is { Success: true } unknown)
            return unknown.Groups["name"].Value;
        return failure.Path is { Length: > 2 } path && path.StartsWith("$.", StringComparison.Ordinal)
            ? path[2..]
            : null;
    }

    // The framework names the parameter of our method; clients know it in snake case.
    private static string? Field(string message) =>
        BoundParameter().Match(message) is { Success: true } match
            ? JsonNamingPolicy.SnakeCaseLower.ConvertName(match.Groups["name"].Value)
            : null;

    [GeneratedRegex("^The JSON property '(?<name>[^']+)'", RegexOptions.NonBacktracking)]
    private static partial Regex UnknownMember();

    [GeneratedRegex("parameter \"\\S+ (?<name>\\w+)\"", RegexOptions.NonBacktracking)]
    private static partial Regex BoundParameter();

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed (request {RequestId})")]
    private static partial void LogFailed(
        ILogger logger,
        Exception failure,
        string method,
        PathString path,
        Guid requestId
    );

    /// <summary>Puts the edge before routing and authentication, whatever order the host builds its pipeline in.</summary>
    internal sealed class First : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) =>
            app =>
            {
                app.UseMiddleware<RestEdge>();
                next(app);
            };
    }
}
