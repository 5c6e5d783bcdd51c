namespace Fairlead.Runtime;

/// <summary>Why a service process ended.</summary>
public enum ExitReason
{
    /// <summary>By itself: a crash, a signal from outside, or the end of its work.</summary>
    Exited,

    /// <summary>It was asked to stop and did so within the stop ladder's times.</summary>
    Stopped,

    /// <summary>It was asked to stop and had to be killed, or the stop was forced.</summary>
    Killed,

    /// <summary>It sent a message longer than <see cref="ProcessHostOptions.MaxMessageBytes"/>.</summary>
    MessageTooLarge,

    /// <summary>It sent <see cref="ProcessHostOptions.MaxConsecutiveBadLines"/> lines in a row that are no JSON object.</summary>
    TooManyBadLines,

    /// <summary>It did not read its stdin for <see cref="ProcessHostOptions.WriteTimeout"/>.</summary>
    StdinBlocked,

    /// <summary>It closed its stdout but did not exit.</summary>
    StdoutClosed,

    /// <summary>It and what it started took more memory than <see cref="ProcessSpec.MaxMemoryBytes"/>.</summary>
    OutOfMemory,
}

/// <summary>The end of a service process.</summary>
/// <param name="Reason">Why it ended.</param>
/// <param name="ExitCode">Its exit code; null when a signal ended it or the code is not known.</param>
/// <param name="Signal">The signal that ended it; null otherwise.</param>
public readonly record struct ProcessExit(ExitReason Reason, int? ExitCode, int? Signal);

/// <summary>What became of a message given to a service.</summary>
public enum SendResult
{
    /// <summary>In the pipe or in line for it: the service may act on it.</summary>
    Sent,

    /// <summary>Not sent: <see cref="ProcessHostOptions.MaxQueuedBytes"/> would be exceeded. Nothing of it was written.</summary>
    QueueFull,

    /// <summary>Not sent: the service has ended, is stopping, or has closed its stdin.</summary>
    Closed,
}
