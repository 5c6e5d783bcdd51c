using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Tools.Recovery;

/// <summary>Something a person must know of now.</summary>
internal sealed record Alert(DateTimeOffset At, Severity Severity, string Source, string Text);

/// <summary>Where alerts of tools are raised; who passes them on listens. Also in the log, whoever listens.</summary>
internal sealed partial class Alerts(TimeProvider time, ILogger<Alerts> logger)
{
    /// <summary>Raised for each; handlers must not wait, what they throw is logged.</summary>
    public event Action<Alert>? Raised;

    public void Raise(Severity severity, string source, string text)
    {
        var alert = new Alert(time.GetUtcNow(), severity, source, text);
        if (severity == Severity.Critical)
            LogCritical(logger, source, text);
        else
            LogAlert(logger, source, text);
        try
        {
            Raised?.Invoke(alert);
        }
        catch (Exception e)
        {
            LogListener(logger, e);
        }
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "Alert of {Source}: {Text}")]
    private static partial void LogCritical(ILogger logger, string source, string text);

    [LoggerMessage(Level = LogLevel.Error, Message = "Alert of {Source}: {Text}")]
    private static partial void LogAlert(ILogger logger, string source, string text);

    [LoggerMessage(Level = LogLevel.Error, Message = "A listener to alerts failed")]
    private static partial void LogListener(ILogger logger, Exception exception);
}
