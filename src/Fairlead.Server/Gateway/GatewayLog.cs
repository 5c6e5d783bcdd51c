using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Gateway;

internal static partial class GatewayLog
{
    [LoggerMessage(1001, LogLevel.Error, "Call {RequestId} failed inside the gateway")]
    public static partial void CallFailed(ILogger logger, Exception error, string requestId);

    [LoggerMessage(1002, LogLevel.Information, "Routes of epoch {Epoch}: {Groups} groups, {Tools} tools")]
    public static partial void RoutesSwapped(ILogger logger, long epoch, int groups, int tools);

    [LoggerMessage(
        1003,
        LogLevel.Warning,
        "The route table of epoch {Epoch} could not be built; the previous one stays"
    )]
    public static partial void RoutesFailed(ILogger logger, Exception error, long epoch);

    [LoggerMessage(
        1009,
        LogLevel.Warning,
        "The view of tool {Tool} in group {Group} does not fit its definition, and the tool is held: {Why}"
    )]
    public static partial void ViewMisfit(ILogger logger, string tool, string group, string why);

    [LoggerMessage(1004, LogLevel.Information, "Draining: {Calls} calls in flight")]
    public static partial void Draining(ILogger logger, int calls);

    [LoggerMessage(1005, LogLevel.Warning, "{Calls} calls were still running after {Seconds} s and were cancelled")]
    public static partial void DrainCut(ILogger logger, int calls, double seconds);

    [LoggerMessage(1007, LogLevel.Error, "The gateway's clock work failed for one call or for the sessions")]
    public static partial void TickFailed(ILogger logger, Exception error);

    [LoggerMessage(
        1008,
        LogLevel.Warning,
        "Native tool {Tool} keeps its thread beyond the end of call {RequestId}: it does not wait asynchronously and does not heed its cancellation"
    )]
    public static partial void Rescued(ILogger logger, string tool, string requestId);

    [LoggerMessage(1006, LogLevel.Debug, "A resource watch at service {Service} ended: {Reason}")]
    public static partial void WatchEnded(ILogger logger, string service, string reason);
}
