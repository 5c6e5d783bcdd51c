using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Server.Hosting.Rest;

/// <summary>The one table of REST error codes and their HTTP statuses (contracts.md section 4.3).</summary>
internal static class RestCodes
{
    private static readonly FrozenDictionary<string, int> Statuses = new Dictionary<string, int>
    {
        ["INVALID_PARAMETER"] = StatusCodes.Status400BadRequest,
        ["MISSING_PARAMETER"] = StatusCodes.Status400BadRequest,
        ["INVALID_REQUEST"] = StatusCodes.Status400BadRequest,
        ["SERVICE_CONFIGURATION_INVALID"] = StatusCodes.Status400BadRequest,
        ["TOOL_PARAMETER_INVALID"] = StatusCodes.Status400BadRequest,
        ["CONFIG_INVALID"] = StatusCodes.Status400BadRequest,
        ["AUTHENTICATION_REQUIRED"] = StatusCodes.Status401Unauthorized,
        ["AUTHENTICATION_FAILED"] = StatusCodes.Status401Unauthorized,
        ["TOKEN_EXPIRED"] = StatusCodes.Status401Unauthorized,
        ["TOKEN_INVALID"] = StatusCodes.Status401Unauthorized,
        ["TOKEN_REVOKED"] = StatusCodes.Status401Unauthorized,
        ["AUTHORIZATION_FAILED"] = StatusCodes.Status403Forbidden,
        ["KEY_VIEW_DISABLED"] = StatusCodes.Status403Forbidden,
        ["NOT_FOUND"] = StatusCodes.Status404NotFound,
        ["SERVICE_NOT_FOUND"] = StatusCodes.Status404NotFound,
        ["GROUP_NOT_FOUND"] = StatusCodes.Status404NotFound,
        ["TOOL_NOT_FOUND"] = StatusCodes.Status404NotFound,
        ["CONFIG_NOT_FOUND"] = StatusCodes.Status404NotFound,
        ["METHOD_NOT_ALLOWED"] = StatusCodes.Status405MethodNotAllowed,
        ["OPERATION_TIMEOUT"] = StatusCodes.Status408RequestTimeout,
        ["SERVICE_TIMEOUT"] = StatusCodes.Status408RequestTimeout,
        ["TOOL_TIMEOUT"] = StatusCodes.Status408RequestTimeout,
        ["SERVICE_ALREADY_EXISTS"] = StatusCodes.Status409Conflict,
        ["SERVICE_IN_USE"] = StatusCodes.Status409Conflict,
        ["GROUP_ALREADY_EXISTS"] = StatusCodes.Status409Conflict,
        ["CONFLICT"] = StatusCodes.Status409Conflict,
        ["PAYLOAD_TOO_LARGE"] = StatusCodes.Status413PayloadTooLarge,
        ["UNSUPPORTED_MEDIA_TYPE"] = StatusCodes.Status415UnsupportedMediaType,
        ["RATE_LIMIT_EXCEEDED"] = StatusCodes.Status429TooManyRequests,
        ["INTERNAL_ERROR"] = StatusCodes.Status500InternalServerError,
        ["OPERATION_FAILED"] = StatusCodes.Status500InternalServerError,
        ["SERVICE_INITIALIZATION_FAILED"] = StatusCodes.Status500InternalServerError,
        ["TOOL_EXECUTION_FAILED"] = StatusCodes.Status500InternalServerError,
        ["CONFIG_UPDATE_FAILED"] = StatusCodes.Status500InternalServerError,
        ["SERVICE_UNAVAILABLE"] = StatusCodes.Status503ServiceUnavailable,
        ["TOOL_UNAVAILABLE"] = StatusCodes.Status503ServiceUnavailable,
        ["CONNECTION_FAILED"] = StatusCodes.Status503ServiceUnavailable,
        ["STORAGE_FULL"] = StatusCodes.Status507InsufficientStorage,
    }.ToFrozenDictionary();

    /// <summary>Largest body of a REST request, 4 MiB.</summary>
    public const int MaxBodyBytes = 4 * 1024 * 1024;

    /// <summary>Largest body where it holds an OpenAPI document, 32 MiB: public ones have more than 10.</summary>
    public const int MaxDocumentBytes = 32 * 1024 * 1024;

    /// <summary>Largest body that an address takes; null for the one that takes files and counts their bytes itself.</summary>
    public static long? MaxBody(PathString path) =>
        path.Value switch
        {
            "/api/v1/services/import/bundle" => null,
            "/api/v1/services/openapi" => MaxDocumentBytes,
            _ => MaxBodyBytes,
        };

    /// <summary>All codes there are, for the document.</summary>
    public static IReadOnlyCollection<string> All => Statuses.Keys;

    /// <exception cref="InvalidOperationException">The code is not in the table: broken wiring.</exception>
    public static int Status(string code) =>
        Statuses.TryGetValue(code, out int status)
            ? status
            : throw new InvalidOperationException($"The error code {code} is not in the table of REST codes.");

    /// <summary>What to say where the framework set a bare status.</summary>
    public static RestError OfStatus(int status) =>
        status switch
        {
            StatusCodes.Status401Unauthorized => Error("AUTHENTICATION_REQUIRED", "Sign in first."),
            StatusCodes.Status403Forbidden => Error("AUTHORIZATION_FAILED", "You may not do this."),
            StatusCodes.Status404NotFound => Error("NOT_FOUND", "There is nothing at this address."),
            StatusCodes.Status405MethodNotAllowed => Error("METHOD_NOT_ALLOWED", "This address has no such method."),
            StatusCodes.Status408RequestTimeout => Error("OPERATION_TIMEOUT", "The request took too long to arrive."),
            StatusCodes.Status413PayloadTooLarge => Error(
                "PAYLOAD_TOO_LARGE",
                $"The request body is larger than {MaxBodyBytes} bytes ({MaxDocumentBytes} for an OpenAPI document)."
            ),
            StatusCodes.Status415UnsupportedMediaType => Error("UNSUPPORTED_MEDIA_TYPE", "Send application/json."),
            StatusCodes.Status429TooManyRequests => Error("RATE_LIMIT_EXCEEDED", "Rate limit exceeded"),
            StatusCodes.Status503ServiceUnavailable => Error("SERVICE_UNAVAILABLE", "Try again in a moment."),
            < 500 => Error("INVALID_REQUEST", "The request is malformed."),
            _ => Error("INTERNAL_ERROR", "Something went wrong inside. The request id leads to the log."),
        };

    private static RestError Error(string code, string message) => RestResult.Fail(code, message);
}
