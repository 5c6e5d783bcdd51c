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

    private readonly FollowedList<ServiceLogLine> lines = new(
        time,
        MostLines,
        MostCharacters,
        static line => line.Text.Length
    );

    public void Add(ServiceLogSource source, string text) =>
        lines.Add(id => new ServiceLogLine(id, time.GetUtcNow(), source, text));

    /// <summary>The last <paramref name="most"/> lines, oldest first.</summary>
    public IReadOnlyList<ServiceLogLine> Last(int most) => lines.Last(most);

    /// <summary>The id before the last <paramref name="most"/> lines.</summary>
    public long IdBefore(int most) => lines.IdBefore(most);

    /// <summary>The lines after one, oldest first; waits until there is one.</summary>
    public Task<IReadOnlyList<ServiceLogLine>> AfterAsync(long id, CancellationToken cancellationToken) =>
        lines.AfterAsync(id, cancellationToken);
}
