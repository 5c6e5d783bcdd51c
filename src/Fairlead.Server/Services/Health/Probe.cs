using Fairlead.Protocol;
using Fairlead.Server.Services.Channels;

namespace Fairlead.Server.Services.Health;

/// <summary>What a probe found.</summary>
/// <param name="Answered">Whether the service answered; an error is an answer, too: it is there.</param>
/// <param name="Took">How long it took.</param>
/// <param name="Error">Why there was none; null when there was.</param>
internal readonly record struct ProbeResult(bool Answered, TimeSpan Took, string? Error);

/// <summary>Asks a service for a sign of life (S-12, S-14).</summary>
internal static class Probe
{
    private static readonly ChannelCall Ping = new() { Method = McpMethod.Ping, Params = "{}"u8.ToArray() };

    /// <summary>Sends one probe: <c>ping</c>, and <c>server/discover</c> in the modern era, which has no ping.</summary>
    public static async Task<ProbeResult> SendAsync(
        IChannel channel,
        TimeSpan patience,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        using var limit = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var since = time.GetTimestamp();
        var call = channel.Hello.Era == Era.Modern ? Handshakes.Discover : Ping;
        try
        {
            using var reply = await channel.CallAsync(call, HouseEvents.None, either.Token);
            var took = time.GetElapsedTime(since);
            return reply.Kind == ChannelReplyKind.Failed
                ? new ProbeResult(false, took, reply.Detail ?? reply.Failure.ToString())
                : new ProbeResult(true, took, null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new ProbeResult(false, patience, $"no answer within {patience.TotalSeconds:0.#} s");
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // Not to be able to ask is as bad as no answer (S-20).
            return new ProbeResult(false, time.GetElapsedTime(since), e.Message);
        }
    }
}
