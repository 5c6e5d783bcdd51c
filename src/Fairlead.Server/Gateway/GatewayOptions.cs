namespace Fairlead.Server.Gateway;

/// <summary>Limits and names of the data plane; section <c>Gateway</c>. Defaults are those of security.md §2.</summary>
internal sealed record GatewayOptions
{
    /// <summary>Largest request body in bytes; default 4 MiB, above it 413.</summary>
    public int MaxBodyBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Largest answer of a tool, prompt or resource that is passed on, in bytes; default 16 MiB, above it −31004.</summary>
    public int MaxResultBytes { get; init; } = Tools.ResultWriter.MostBytes;

    /// <summary>Deadline of a call without one of its own; default 30 s.</summary>
    public TimeSpan CallDeadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest a call may take however much progress it reports; default 10 min (R42).</summary>
    public TimeSpan MaxCallDeadline { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a call waits for a service that is starting; default 5 s.</summary>
    public TimeSpan StartPatience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary><c>tools/call</c> per minute and key; default 600, 0 lifts it (C-03).</summary>
    public int CallsPerMinute { get; init; } = 600;

    /// <summary>Concurrent <c>tools/call</c> per key; default 32, 0 lifts it (C-03).</summary>
    public int ConcurrentCalls { get; init; } = 32;

    /// <summary>Calls at once to one service; default 64, 0 lifts it. Native tools are not bounded so.</summary>
    public int ServiceCalls { get; init; } = 64;

    /// <summary>Calls that may wait for a service that has that many; default 128, more fail at once.</summary>
    public int ServiceQueue { get; init; } = 128;

    /// <summary>How long a call waits for such a service; default 2 s.</summary>
    public TimeSpan ServiceQueueWait { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Legacy sessions at once; default 1000 .</summary>
    public int MaxSessions { get; init; } = 1000;

    /// <summary>
    /// Share of <see cref="MaxSessions"/> that one group may hold while there are others, in percent; default 50.
    /// </summary>
    public int SessionShare { get; init; } = 50;

    /// <summary>Sessions, and likewise HTTP+SSE connections, that one group may hold.</summary>
    public int SessionsOfOne(bool isOnlyGroup) =>
        isOnlyGroup ? MaxSessions : Math.Max(1, MaxSessions * SessionShare / 100);

    /// <summary>Resources one session or subscription may watch; default 1000.</summary>
    public int MaxSubscriptions { get; init; } = 1000;

    /// <summary>Bytes a legacy stream keeps of what was read, for <c>Last-Event-ID</c>; default 256 KiB.</summary>
    public int ReplayBytes { get; init; } = 256 * 1024;

    /// <summary>Bytes that wait in one stream for its client, the oldest go first; default 16 MiB.</summary>
    public int UnreadBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Bytes all legacy streams of the process keep together; default 256 MiB.</summary>
    public long ReplayTotalBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>Idle time after which a legacy session ends; default 3600 s .</summary>
    public TimeSpan SessionIdle { get; init; } = TimeSpan.FromSeconds(3600);

    /// <summary>Idle time after which a session that never opened a stream may give way when full; default 60 s.</summary>
    public TimeSpan SessionGivesWay { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary><c>subscriptions/listen</c> streams per key; default 100.</summary>
    public int MaxListeners { get; init; } = 100;

    /// <summary>Items of one list page; default 5,000.</summary>
    public int PageSize { get; init; } = 5_000;

    /// <summary>Silence on an open stream after which a comment is sent; default 15 s (R10).</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Events a legacy stream keeps for <c>Last-Event-ID</c>; default 256.</summary>
    public int ReplayEvents { get; init; } = 256;

    /// <summary>How long a cut legacy stream can still be resumed after its call ended; default 5 min.</summary>
    public TimeSpan ReplayKept { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// After this long on one event stream a 2025-11-25 client is sent away to poll (SSE polling); default 0, never.
    /// Set it below the idle limit of a proxy in between.
    /// </summary>
    public TimeSpan PollAfter { get; init; } = TimeSpan.Zero;

    /// <summary>The <c>retry</c> told to a client, i.e. its wait before it reconnects; default 1 s.</summary>
    public TimeSpan Retry { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A legacy call without an answer for this long goes on as an event stream; default 10 s.</summary>
    public TimeSpan StreamAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a stop waits for calls in flight; default 30 s.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Host names accepted besides loopback ones, for DNS-rebinding protection.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>Origins accepted besides loopback ones (R1).</summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>
    /// Proxies whose <c>X-Forwarded-*</c> headers are believed: addresses, and networks as <c>10.0.0.0/8</c>. Default
    /// none: then a caller's address, host and scheme are those of its connection, whatever it says.
    /// </summary>
    public IReadOnlyList<string> TrustedProxies { get; init; } = [];

    /// <summary>
    /// Where clients find the gateway, for the configurations a start prints; null is the address it listens on. It may
    /// have a path, the one a proxy takes off.
    /// </summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>Name in <c>serverInfo</c>.</summary>
    public string ServerName { get; init; } = "Fairlead";

    /// <summary>How long a client may keep a list, in milliseconds; default 60,000 (spec caching).</summary>
    public int ListTtlMs { get; init; } = 60_000;

    /// <summary>This node's name in session ids.</summary>
    public string Node { get; init; } = "n1";
}
