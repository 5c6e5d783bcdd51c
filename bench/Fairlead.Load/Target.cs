namespace Fairlead.Load;

/// <summary>One thing to measure: where, what tool, in which era, and what its CPU per call may be against YARP's.</summary>
internal sealed record Target(string Name, Endpoint Endpoint, string Path, string Tool, bool IsModern)
{
    /// <summary>Sent to all, so that the bytes are the same.</summary>
    public required string Key { get; init; }

    /// <summary>The target that it is measured against, with the same bytes.</summary>
    public string? Yardstick { get; init; }

    /// <summary>The same target without the call log, for what a row costs.</summary>
    public string? WithoutLog { get; init; }

    /// <summary>Most CPU per call as a multiple of the yardstick's, at 16 connections.</summary>
    public double? Limit { get; init; }

    /// <summary>Whether every call must leave a row in the call log.</summary>
    public bool IsGateway { get; init; }

    public bool IsNative { get; init; }

    /// <summary>Whether it is an endpoint without sessions, which only looks like MCP.</summary>
    public bool IsBare { get; init; }

    /// <summary>Makes what is sent; null is a text that comes back, or numbers for a native tool.</summary>
    public Func<int, Payload>? Payload { get; init; }

    public Payload PayloadOf(int size) =>
        Payload is not null ? Payload(size)
        : IsNative ? Load.Payload.Numbers(size)
        : Load.Payload.Text(size);

    public static IReadOnlyList<Target> All(Arguments arguments)
    {
        var key = arguments.Required("--key");
        var echo = arguments.Endpoint("--echo");
        var yarp = arguments.Endpoint("--yarp");
        var gateway = arguments.Endpoint("--gateway");
        Target Gateway(string name, string tool, bool modern, double? limit) =>
            new(name, gateway, "/mcp", tool, modern)
            {
                Key = key,
                Yardstick = modern ? "yarp-modern" : "yarp-legacy",
                Limit = limit,
                IsGateway = true,
            };
        IReadOnlyList<Target> all =
        [
            new("echo", echo, "/legacy/mcp", "echo_legacy", false) { Key = key, Yardstick = "yarp-legacy" },
            new("yarp-legacy", yarp, "/legacy/mcp", "echo_legacy", false) { Key = key },
            new("yarp-modern", yarp, "/modern/mcp", "echo_modern", true) { Key = key },
            Gateway("legacy-to-http", "echo_legacy", modern: false, 1.3),
            Gateway("modern-to-http", "echo_modern", modern: true, 1.3),
            Gateway("modern-to-legacy", "echo_legacy", modern: true, null),
            Gateway("stdio", "echo_stdio", modern: false, 0.8),
            Gateway("native", "add", modern: false, 0.9) with
            {
                IsNative = true,
            },
        ];
        return Wanted(all, arguments);
    }

    /// <summary>Those of <c>--targets</c>; all without it.</summary>
    public static IReadOnlyList<Target> Wanted(IReadOnlyList<Target> all, Arguments arguments)
    {
        var wanted = arguments.Value("--targets")?.Split(',');
        if (wanted?.Except(all.Select(t => t.Name)).FirstOrDefault() is { } unknown)
            throw new ArgumentException($"no target is named {unknown}: {string.Join(", ", all.Select(t => t.Name))}");
        return wanted is null ? all : [.. all.Where(t => wanted.Contains(t.Name))];
    }
}
