using System.Text.Json;

namespace Fairlead.Client;

/// <summary>Answers a request of the server: its parameters in, its result out.</summary>
public delegate Task<JsonElement> McpAnswer(JsonElement parameters, CancellationToken cancellationToken);

/// <summary>How a <see cref="McpClient"/> behaves.</summary>
public sealed record McpClientOptions
{
    /// <summary>Name in <c>clientInfo</c> (R-06).</summary>
    public string ClientName { get; init; } = "AI-Tool-Runtime";

    /// <summary>Version in <c>clientInfo</c> (R-06).</summary>
    public string ClientVersion { get; init; } = "1.0.0";

    /// <summary>Longest time a request may take; default 30 s. Progress starts it anew.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Whether to ask first for the stateless revision 2026-07-28 by <c>server/discover</c> (C-24); default true. False
    /// begins with <c>initialize</c>, for servers that end when they are asked something they do not know.
    /// </summary>
    public bool PreferModern { get; init; } = true;

    /// <summary>How long <c>server/discover</c> is waited for before <c>initialize</c> is sent; default 3 s.</summary>
    public TimeSpan DiscoverTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Most rounds in which a tool may ask for input (2026-07-28); default 8.</summary>
    public int MaxInputRounds { get; init; } = 8;

    /// <summary>Answers <c>sampling/createMessage</c>; null declares no sampling (C-25).</summary>
    public McpAnswer? Sampling { get; init; }

    /// <summary>Answers <c>elicitation/create</c>; null declares no elicitation (C-25).</summary>
    public McpAnswer? Elicitation { get; init; }

    /// <summary>Answers <c>roots/list</c>; null declares no roots (C-25).</summary>
    public McpAnswer? Roots { get; init; }

    /// <summary>Told each notification of the server, in order; must not wait. Null tells nobody.</summary>
    public Action<McpMessage>? OnNotification { get; init; }

    /// <summary>Told that <see cref="McpClient.Tools"/> was read anew; null tells nobody.</summary>
    public Action? OnToolsChanged { get; init; }

    /// <summary>Told what went wrong beside the calls: a failed connection, a message that cannot be read; null tells nobody.</summary>
    public Action<string, Exception?>? Log { get; init; }

    /// <summary>The clock of timeouts and pauses; default the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    internal McpAnswer? AnswerOf(string method) =>
        method switch
        {
            "sampling/createMessage" => Sampling,
            "elicitation/create" => Elicitation,
            "roots/list" => Roots,
            _ => null,
        };
}
