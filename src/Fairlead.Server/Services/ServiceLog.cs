namespace Fairlead.Server.Services;

/// <summary>Who wrote a line of a service's log.</summary>
internal enum ServiceLogSource
{
    /// <summary>The service, to its standard error.</summary>
    Stderr,

    /// <summary>The gateway: a new state and why.</summary>
    Gateway,
}

/// <summary>A line; ids grow, also across restarts of the gateway.</summary>
internal sealed record ServiceLogLine(long Id, DateTimeOffset At, ServiceLogSource Source, string Text);

/// <summary>
/// The last lines of a service across its lives, in memory and bounded: who reads more slowly than it writes misses the
/// oldest.
/// </summary>
internal sealed class ServiceLog(TimeProvider time)
{
    /// <summary>Lines kept.</summary>
    public const int MostLines = 500;

    /// <summary>Characters kept.</summary>
    public const int MostCharacters = 128 * 1024;

    private readonly Lock gate = new();
    private readonly Queue<ServiceLogLine> lines = new();

    // Begins with the time, so that a reader who comes back after a restart is not taken to be ahead.
    private long last = time.GetUtcNow().ToUnixTimeMilliseconds() * 1000;
    private int characters;
    private TaskCompletionSource added = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Add(ServiceLogSource source, string text)
    {
        TaskCompletionSource wake;
        lock (gate)
        {
            lines.Enqueue(new ServiceLogLine(++last, time.GetUtcNow(), source, text));
            characters += text.Length;
            while (lines.Count > MostLines || (characters > MostCharacters && lines.Count > 1))
                characters -= lines.Dequeue().Text.Length;
            wake = added;
            added = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        wake.SetResult();
    }

    /// <summary>The last <paramref name="most"/> lines, oldest first.</summary>
    public IReadOnlyList<ServiceLogLine> Last(int most)
    {
        lock (gate)
            return [.. lines.TakeLast(most)];
    }

    /// <summary>The lines after one, oldest first; waits until there is one.</summary>
    public async Task<IReadOnlyList<ServiceLogLine>> AfterAsync(long id, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task more;
            lock (gate)
            {
                if (last > id && lines.Where(line => line.Id > id).ToList() is { Count: > 0 } newer)
                    return newer;
                more = added.Task;
            }
            await more.WaitAsync(cancellationToken);
        }
    }
}
