using System.Net;
using System.Net.Sockets;
using Fairlead.Client;
using Fairlead.Protocol;

namespace Fairlead.Cli;

/// <summary>A command cannot go on: what happened, what to do next, and what to tell the shell.</summary>
internal sealed class CliFailure(int code, string message, string? advice = null) : Exception(message)
{
    public int Code { get; } = code;
    public string? Advice { get; } = advice;

    /// <summary>The one table of failures: what was thrown, as a person needs to hear it; null for a bug of ours.</summary>
    public static CliFailure? Of(Exception failure, Uri server) =>
        failure switch
        {
            CliFailure known => known,
            FairleadApiException api => OfApi(api, server),
            FairleadMcpException mcp => OfMcp(mcp),
            HttpRequestException http => NotReachable(http, server),
            TimeoutException late => new(ExitCode.NotReachable, late.Message),
            IOException or UnauthorizedAccessException => new(ExitCode.Failed, failure.Message),
            _ => null,
        };

    public static CliFailure NotSignedIn(Uri server) =>
        new(
            ExitCode.NotAuthorised,
            $"Not signed in to {Show(server)}.",
            "Run 'fairlead login', or set FAIRLEAD_TOKEN, or FAIRLEAD_ADMIN_USER and FAIRLEAD_ADMIN_PASSWORD."
        );

    public static string Show(Uri server) => server.ToString().TrimEnd('/');

    private static CliFailure OfApi(FairleadApiException api, Uri server)
    {
        var text =
            api.Field is { } field
            && api.Status == HttpStatusCode.BadRequest
            && !api.Message.StartsWith(field, StringComparison.Ordinal)
                ? $"{field}: {api.Message}"
                : api.Message;
        return api.Code switch
        {
            FairleadApiException.NotTheGateway => new(
                ExitCode.NotReachable,
                $"{Show(server)}: {api.Message}",
                "Check the address: --server URL or FAIRLEAD_SERVER."
            ),
            "AUTHENTICATION_REQUIRED" => NotSignedIn(server),
            "TOKEN_EXPIRED" or "TOKEN_REVOKED" or "TOKEN_INVALID" => new(
                ExitCode.NotAuthorised,
                text,
                "Run 'fairlead login' again (or renew FAIRLEAD_TOKEN)."
            ),
            "SERVICE_NOT_FOUND" => new(ExitCode.NotFound, text, "See 'fairlead services list'."),
            "GROUP_NOT_FOUND" => new(ExitCode.NotFound, text, "See 'fairlead groups list'."),
            "NOT_FOUND" when api.Field == "username" => new(ExitCode.NotFound, text, "See 'fairlead users list'."),
            "SERVICE_INITIALIZATION_FAILED" or "TOOL_EXECUTION_FAILED" => new(ExitCode.ServiceFailed, text),
            "RATE_LIMIT_EXCEEDED" => new(
                ExitCode.Failed,
                api.RetryAfter is { } wait ? $"{text}: try again in {wait.TotalSeconds:0} s." : text
            ),
            _ => new(
                OfStatus(api.Status),
                text,
                api.Status == HttpStatusCode.InternalServerError && api.RequestId is { } id
                    ? $"The gateway's log tells more about request {id}."
                    : null
            ),
        };
    }

    private static CliFailure OfMcp(FairleadMcpException mcp) =>
        mcp switch
        {
            { Reason: "unknown_tool" } => new(ExitCode.NotFound, $"{mcp.Message}.", "See 'fairlead tools list'."),
            { Reason: "unknown_prompt" } => new(ExitCode.NotFound, $"{mcp.Message}.", "See 'fairlead prompts list'."),
            { Reason: "unknown_resource" } => new(
                ExitCode.NotFound,
                $"{mcp.Message}.",
                "See 'fairlead resources list' and 'fairlead resources templates'."
            ),
            { Reason: "unknown_group" } => new(
                ExitCode.NotFound,
                "FAIRLEAD_KEY is not the key of this group.",
                "Leave --group out to use the key's own group, or unset FAIRLEAD_KEY to look the key up."
            ),
            { Reason: "unauthorized" } => new(
                ExitCode.NotAuthorised,
                mcp.Message,
                "Check FAIRLEAD_KEY, or unset it to use the key of --group."
            ),
            { Code: McpErrorCode.InvalidParams } => new(ExitCode.WrongUsage, mcp.Message),
            { Status: HttpStatusCode.OK } => new(ExitCode.ServiceFailed, mcp.Message),
            _ => new(OfStatus(mcp.Status), mcp.Message),
        };

    private static int OfStatus(HttpStatusCode status) =>
        status switch
        {
            HttpStatusCode.BadRequest => ExitCode.WrongUsage,
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => ExitCode.NotAuthorised,
            HttpStatusCode.NotFound => ExitCode.NotFound,
            _ => ExitCode.Failed,
        };

    private static CliFailure NotReachable(HttpRequestException failure, Uri server)
    {
        var refused = failure.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused };
        return new(
            ExitCode.NotReachable,
            refused ? $"No gateway answers at {Show(server)}." : $"{Show(server)} cannot be reached: {failure.Message}",
            refused
                ? "Start it with 'fairlead serve', or name another with --server URL or FAIRLEAD_SERVER."
                : "Check the address: --server URL or FAIRLEAD_SERVER."
        );
    }
}
