using System.Diagnostics;

namespace Fairlead.Testing;

/// <summary>Measures what the machine itself stalls while a test with a limit of time runs beside others.</summary>
public sealed class Stalls : IAsyncDisposable
{
    private readonly CancellationTokenSource over = new();
    private readonly Task watching;
    private double worst;

    public Stalls() => watching = Task.Run(WatchAsync);

    /// <summary>How late a timer of one millisecond came at the worst, in milliseconds.</summary>
    public double Worst => Volatile.Read(ref worst);

    /// <summary>Forgets the worst so far.</summary>
    public void Reset() => Volatile.Write(ref worst, 0);

    public async ValueTask DisposeAsync()
    {
        await over.CancelAsync();
        await watching;
        over.Dispose();
    }

    private async Task WatchAsync()
    {
        while (!over.IsCancellationRequested)
        {
            var begun = Stopwatch.GetTimestamp();
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
            Volatile.Write(ref worst, Math.Max(worst, Stopwatch.GetElapsedTime(begun).TotalMilliseconds - 1));
        }
    }
}
