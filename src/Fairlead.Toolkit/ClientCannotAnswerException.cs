namespace Fairlead.Toolkit;

/// <summary>
/// A tool asked its client something that this client cannot be asked, or that it refused to answer. Left uncaught, it
/// becomes an error result with this message.
/// </summary>
/// <param name="message">Why.</param>
/// <param name="inner">What was behind it.</param>
public sealed class ClientCannotAnswerException(string message, Exception? inner = null) : Exception(message, inner);
