namespace Fairlead.Server.Storage;

/// <summary>
/// The store cannot be used as it is: wrong settings, a missing master key, a newer schema. The message is for the
/// operator and says what to do.
/// </summary>
public sealed class StoreException : Exception
{
    public StoreException(string message)
        : base(message) { }

    public StoreException(string message, Exception inner)
        : base(message, inner) { }
}
