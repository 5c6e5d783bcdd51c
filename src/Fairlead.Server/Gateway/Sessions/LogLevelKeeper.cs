using System.Runtime.CompilerServices;
using System.Text;
using Fairlead.Protocol;
using Fairlead.Server.Services;
using Fairlead.Server.Services.Channels;

namespace Fairlead.Server.Gateway.Sessions;

/// <summary>
/// Tells legacy services the least severe level any session asked for; each session then gets what it asked for
/// (<c>logging/setLevel</c> on a shared channel).
/// </summary>
internal sealed class LogLevelKeeper
{
    private static readonly TimeSpan AskWithin = TimeSpan.FromSeconds(5);
    private readonly ConditionalWeakTable<IChannel, string> sent = [];
    private readonly SessionStore sessions;
    private readonly TimeProvider time;

    public LogLevelKeeper(ServiceSlots slots, SessionStore sessions, TimeProvider time)
    {
        this.sessions = sessions;
        this.time = time;
        // A restarted service has forgotten its level.
        slots.Changed += slot => _ = ApplyAsync([slot]);
    }

    public Task ApplyAsync(IEnumerable<ServiceSlot> services)
    {
        var level = LogLevels.Lowest(sessions.All.Select(s => s.LogLevel));
        return level is null ? Task.CompletedTask : Task.WhenAll(services.Select(s => SendAsync(s.Channel, level)));
    }

    private async Task SendAsync(IChannel? channel, string level)
    {
        if (channel is not { Hello.Era: Era.Legacy } || !JsonScan.Has(channel.Hello.Capabilities.Span, "logging"u8))
            return;
        if (sent.TryGetValue(channel, out var last) && last == level)
            return;
        sent.AddOrUpdate(channel, level);
        using var limit = new CancellationTokenSource(AskWithin, time);
        try
        {
            using var reply = await channel.CallAsync(
                new ChannelCall
                {
                    Method = McpMethod.LoggingSetLevel,
                    Params = Encoding.ASCII.GetBytes($"{{\"level\":\"{level}\"}}"),
                },
                HouseEvents.None,
                limit.Token
            );
        }
        catch (OperationCanceledException)
        {
            // A service that does not answer keeps its old level; messages are filtered per session anyway.
        }
    }
}
