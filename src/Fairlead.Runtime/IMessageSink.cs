namespace Fairlead.Runtime;

/// <summary>
/// Receives what a service process says. Called on the process's own reading threads, so a slow sink slows that
/// service and no other.
/// </summary>
public interface IMessageSink
{
    /// <summary>
    /// One line of stdout that starts like a JSON object, without its line end. The bytes are valid during the call
    /// only. What it throws is logged and the stream goes on.
    /// </summary>
    void OnMessage(ReadOnlyMemory<byte> line);

    /// <summary>
    /// One line of stderr, redacted, cut to 4 KiB and limited to
    /// <see cref="ProcessHostOptions.StderrLinesPerSecond"/>; a line says how many were dropped.
    /// </summary>
    void OnStderrLine(string line);
}
