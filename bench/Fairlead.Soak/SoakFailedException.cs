namespace Fairlead.Soak;

/// <summary>The run cannot go on.</summary>
internal sealed class SoakFailedException(string message) : Exception(message);
