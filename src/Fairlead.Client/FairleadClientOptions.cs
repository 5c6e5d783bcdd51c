namespace Fairlead.Client;

/// <summary>How a <see cref="FairleadClient"/> behaves.</summary>
public sealed record FairleadClientOptions
{
    /// <summary>Longest time one REST request may take; default 100 s. MCP calls last as long as their tool.</summary>
    public TimeSpan RestTimeout { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>Time between two looks at a service that is starting; default 250 ms.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Name told to the gateway in <c>clientInfo</c>; default <c>Fairlead.Client</c>.</summary>
    public string ClientName { get; init; } = "Fairlead.Client";

    /// <summary>The clock of timeouts and pauses; default the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
