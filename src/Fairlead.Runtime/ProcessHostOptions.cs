using System.Security.Cryptography;

namespace Fairlead.Runtime;

/// <summary>Limits and times of child processes; the defaults are those of security.md sections 3 and 5.</summary>
public sealed record ProcessHostOptions
{
    /// <summary>
    /// Names this run of the gateway in the environment of everything it starts. Must be unique per run (letters,
    /// digits and hyphens, 8 to 64): by it the guardian finds what to end. Default: 128 random bits.
    /// </summary>
    public string InstanceMark { get; init; } = RandomNumberGenerator.GetHexString(32, lowercase: true);

    /// <summary>Longest message from a service in bytes; one more and it is killed. Default: 8 MiB.</summary>
    public int MaxMessageBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Most bytes waiting for one service to read its stdin; beyond it a send fails at once. Default: 16 MiB.</summary>
    public int MaxQueuedBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>How long a service may take nothing of what waits on its stdin before it is killed. Default: 10 s.</summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Stop ladder: time between the end of stdin and SIGTERM. Default: 2 s.</summary>
    public TimeSpan StdinGrace { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Stop ladder: time between SIGTERM and SIGKILL. Default: 3 s.</summary>
    public TimeSpan TermGrace { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How much of the end of stderr is kept per service, in bytes. Default: 256 KiB.</summary>
    public int StderrBytes { get; init; } = 256 * 1024;

    /// <summary>Stderr lines passed on per second and service; the rest is counted. Default: 100.</summary>
    public int StderrLinesPerSecond { get; init; } = 100;

    /// <summary>
    /// Bytes of stderr read per second and service; a service that writes more is slowed down to this and never blocked
    /// for good. Default: 2 MiB.
    /// </summary>
    public int StderrBytesPerSecond { get; init; } = 2 * 1024 * 1024;

    /// <summary>Lines in a row on stdout that are no JSON object before a service is killed. Default: 1,000.</summary>
    public int MaxConsecutiveBadLines { get; init; } = 1_000;

    /// <summary>Services that may be starting at the same time; others wait. Default: 4.</summary>
    public int MaxConcurrentStarts { get; init; } = 4;

    /// <summary>
    /// A start counts as over with the first message, with the exit, or after this time, so that one slow service does
    /// not hold back the others. Default: 2 s.
    /// </summary>
    public TimeSpan StartWindow { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How often the memory of services with a limit is looked at. Default: 2 s.</summary>
    public TimeSpan MemoryInterval { get; init; } = TimeSpan.FromSeconds(2);

    internal void Validate()
    {
        if (InstanceMark.Length is < 8 or > 64 || InstanceMark.Any(c => !char.IsAsciiLetterOrDigit(c) && c != '-'))
            throw new ArgumentException("InstanceMark must be 8 to 64 letters, digits or hyphens.");
        AtLeastOne(MaxMessageBytes, nameof(MaxMessageBytes));
        AtLeastOne(MaxQueuedBytes, nameof(MaxQueuedBytes));
        AtLeastOne(StderrBytes, nameof(StderrBytes));
        AtLeastOne(StderrLinesPerSecond, nameof(StderrLinesPerSecond));
        AtLeastOne(StderrBytesPerSecond, nameof(StderrBytesPerSecond));
        AtLeastOne(MaxConsecutiveBadLines, nameof(MaxConsecutiveBadLines));
        AtLeastOne(MaxConcurrentStarts, nameof(MaxConcurrentStarts));
    }

    private static void AtLeastOne(int value, string name)
    {
        if (value < 1)
            throw new ArgumentException($"{name} must be at least 1, not {value}.");
    }
}
