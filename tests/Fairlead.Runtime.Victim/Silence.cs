namespace Fairlead.Runtime.Victim;

/// <summary>Nobody listens.</summary>
internal sealed class Silence : IMessageSink
{
    public void OnMessage(ReadOnlyMemory<byte> line) { }

    public void OnStderrLine(string line) { }
}
