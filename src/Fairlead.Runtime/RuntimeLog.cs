using Microsoft.Extensions.Logging;

namespace Fairlead.Runtime;

internal static partial class RuntimeLog
{
    [LoggerMessage(1, LogLevel.Information, "{Name}: started as process {Pid}")]
    public static partial void Started(ILogger logger, string name, int pid);

    [LoggerMessage(2, LogLevel.Information, "{Name}: process {Pid} ended: {Exit}")]
    public static partial void Ended(ILogger logger, string name, int pid, ProcessExit exit);

    [LoggerMessage(3, LogLevel.Warning, "{Name}: {Count} lines on stdout so far are not JSON-RPC and were skipped")]
    public static partial void BadLines(ILogger logger, string name, long count);

    [LoggerMessage(4, LogLevel.Error, "{Name}: handling a line failed")]
    public static partial void SinkFailed(ILogger logger, string name, Exception error);

    [LoggerMessage(5, LogLevel.Error, "{Name}: the redactor failed; the line is hidden")]
    public static partial void RedactorFailed(ILogger logger, string name, Exception error);

    [LoggerMessage(6, LogLevel.Error, "{Name}: {Count} processes started by {Pid} could not be ended")]
    public static partial void Survivors(ILogger logger, string name, int pid, int count);

    [LoggerMessage(9, LogLevel.Error, "{Name}: takes {Bytes} bytes of memory, {Limit} are allowed; it is killed")]
    public static partial void OutOfMemory(ILogger logger, string name, long bytes, long limit);

    [LoggerMessage(7, LogLevel.Warning, "The guardian ended ({Status}); starting another")]
    public static partial void GuardianLost(ILogger logger, string status);

    [LoggerMessage(
        8,
        LogLevel.Error,
        "No guardian could be started ({Why}): if this process is killed, its services live on"
    )]
    public static partial void GuardianMissing(ILogger logger, string why);
}
