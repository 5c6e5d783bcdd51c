namespace Fairlead.Runtime;

/// <summary>Why a process could not be started.</summary>
public enum ProcessStartFailure
{
    /// <summary>No such program at the path or in the child's PATH.</summary>
    CommandNotFound,

    /// <summary>The program is there but may not be, or cannot be, executed.</summary>
    NotExecutable,

    /// <summary>The working directory does not exist.</summary>
    WorkingDirectoryNotFound,

    /// <summary>A NUL character or a malformed variable name in the command, arguments or environment.</summary>
    InvalidSpec,

    /// <summary>The operating system refused: processes, memory or descriptors are short, or the arguments too long.</summary>
    System,
}

/// <summary>A service process could not be started; the message names the command and what is wrong with it.</summary>
/// <param name="failure">The kind of failure.</param>
/// <param name="command">The command as configured.</param>
/// <param name="message">For people; holds neither arguments nor environment values.</param>
public sealed class ProcessStartException(ProcessStartFailure failure, string command, string message)
    : Exception(message)
{
    /// <summary>The kind of failure.</summary>
    public ProcessStartFailure Failure { get; } = failure;

    /// <summary>The command as configured.</summary>
    public string Command { get; } = command;
}
