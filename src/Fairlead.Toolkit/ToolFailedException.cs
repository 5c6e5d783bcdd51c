namespace Fairlead.Toolkit;

/// <summary>
/// Thrown by a tool to tell its caller what went wrong: the result is an error (<c>isError</c>) with this message as it
/// is. Other exceptions show their type only, for their messages may hold what a caller must not see.
/// </summary>
/// <param name="message">What went wrong and what to do about it, for a person or a model.</param>
public sealed class ToolFailedException(string message) : Exception(message);
