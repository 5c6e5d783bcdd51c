using System.Collections.Concurrent;
using System.Text;

namespace Fairlead.Runtime.Tests;

/// <summary>Keeps what a service said.</summary>
internal sealed class RecordingSink : IMessageSink
{
    public ConcurrentQueue<string> Messages { get; } = new();
    public ConcurrentQueue<string> Stderr { get; } = new();

    public void OnMessage(ReadOnlyMemory<byte> line) => Messages.Enqueue(Encoding.UTF8.GetString(line.Span));

    public void OnStderrLine(string line) => Stderr.Enqueue(line);
}
