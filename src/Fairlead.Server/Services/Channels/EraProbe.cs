using Fairlead.Protocol;

namespace Fairlead.Server.Services.Channels;

/// <summary>
/// How a handshake ended. <paramref name="EndedOnProbe"/>: the process died of <c>server/discover</c>, so the next life
/// should begin with <c>initialize</c>.
/// </summary>
internal readonly record struct Handshake(ServiceHello? Hello, string Problem, bool EndedOnProbe = false);

/// <summary>
/// Finds a service's era and shakes hands (spec 2026-07-28 stdio and streamable-http "Backward Compatibility", C-24):
/// modern first, <c>initialize</c> when the answer is not a modern one or none comes. The remembered era is tried first.
/// </summary>
internal static class EraProbe
{
    private readonly record struct Verdict(
        ServiceHello? Hello = null,
        Revision? Ask = null,
        string Problem = "",
        bool Ended = false
    );

    /// <summary>Over stdio both channels are the same one. The caller bounds the whole by its token.</summary>
    public static async Task<Handshake> RunAsync(
        IChannel modern,
        IChannel legacy,
        Revision? known,
        ChannelOptions options,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        if (known?.Era() == Era.Legacy)
        {
            var (remembered, final) = await InitializeAsync(legacy, Revisions.NewestLegacy, cancellationToken);
            // Only a refusal says that the service may have changed its era; a dead one just failed.
            if (final)
                return remembered;
        }
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            return await ProbeAsync(modern, legacy, options, time, stop.Token);
        }
        finally
        {
            await stop.CancelAsync();
        }
    }

    private static async Task<Handshake> ProbeAsync(
        IChannel modern,
        IChannel legacy,
        ChannelOptions options,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        var discover = DiscoverAsync(modern, cancellationToken);
        var patience = Task.Delay(options.DiscoverPatience, time, cancellationToken);
        if (await Task.WhenAny(discover, patience) == discover)
        {
            var verdict = await discover;
            return verdict.Ask is { } revision
                ? (await InitializeAsync(legacy, revision, cancellationToken)).Handshake
                : new Handshake(verdict.Hello, verdict.Problem, verdict.Ended);
        }
        cancellationToken.ThrowIfCancellationRequested();
        return await RaceAsync(discover, legacy, cancellationToken);
    }

    /// <summary>
    /// No answer yet: a legacy service that ignores unknown requests, or one that is still being installed. So both
    /// questions stay open, and the first useful answer decides.
    /// </summary>
    private static async Task<Handshake> RaceAsync(
        Task<Verdict> discover,
        IChannel legacy,
        CancellationToken cancellationToken
    )
    {
        var initialize = InitializeAsync(legacy, Revisions.NewestLegacy, cancellationToken);
        if (await Task.WhenAny(discover, initialize) == discover)
        {
            var verdict = await discover;
            if (verdict.Ask is null)
                return Unwatched(initialize, new Handshake(verdict.Hello, verdict.Problem, verdict.Ended));
            return (await initialize).Handshake;
        }
        var (handshake, final) = await initialize;
        if (final)
            return Unwatched(discover, handshake);
        var late = await discover;
        return late.Hello is null ? handshake : new Handshake(late.Hello, late.Problem);
    }

    /// <summary>Leaves a question whose answer no longer matters; it ends with the probe's token.</summary>
    private static Handshake Unwatched(Task rest, Handshake handshake)
    {
        _ = rest.ContinueWith(
            static t => t.Exception,
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted,
            TaskScheduler.Default
        );
        return handshake;
    }

    private static async Task<Verdict> DiscoverAsync(IChannel channel, CancellationToken cancellationToken)
    {
        using var reply = await channel.CallAsync(Handshakes.Discover, HouseEvents.None, cancellationToken);
        return reply.Kind switch
        {
            ChannelReplyKind.Result => OnDiscovered(reply.Json.Span),
            ChannelReplyKind.Error => OnRefused(reply.Json.Span),
            _ => reply.Failure switch
            {
                ChannelFailure.NotConnected => new Verdict(Problem: reply.Detail ?? "no connection"),
                ChannelFailure.Crashed => new Verdict(Problem: reply.Detail ?? "it ended", Ended: true),
                _ => new Verdict(Ask: Revisions.NewestLegacy),
            },
        };
    }

    private static Verdict OnDiscovered(ReadOnlySpan<byte> result)
    {
        if (Handshakes.ReadDiscover(result, out var problem) is { } hello)
            return new Verdict(hello);
        var versions = JsonScan.Value(result, "supportedVersions"u8);
        return versions.IsEmpty ? new Verdict(Ask: Revisions.NewestLegacy) : Mutual(versions, problem);
    }

    private static Verdict OnRefused(ReadOnlySpan<byte> error)
    {
        _ = int.TryParse(JsonScan.Value(error, "code"u8), null, out var code);
        return code switch
        {
            McpErrorCode.UnsupportedVersion => Mutual(
                JsonScan.Value(JsonScan.Value(error, "data"u8), "supported"u8),
                "the service offers no revision we speak"
            ),
            // Only modern services send these; anything else is a legacy one's own way.
            McpErrorCode.HeaderMismatch or McpErrorCode.MissingClientCapability => new Verdict(
                Problem: "server/discover was refused: " + Message(error)
            ),
            _ => new Verdict(Ask: Revisions.NewestLegacy),
        };
    }

    /// <summary>The newest legacy revision on offer, when the modern one is not.</summary>
    private static Verdict Mutual(ReadOnlySpan<byte> names, string problem)
    {
        var offered = Handshakes.Names(names).FindAll(r => r.Era() == Era.Legacy);
        return offered.Count > 0 ? new Verdict(Ask: offered.Max()) : new Verdict(Problem: problem);
    }

    /// <summary>Final is false where the service answered with a refusal, so that another era may be worth a try.</summary>
    private static async Task<(Handshake Handshake, bool Final)> InitializeAsync(
        IChannel channel,
        Revision revision,
        CancellationToken cancellationToken
    )
    {
        var call = Handshakes.Initialize(revision);
        using var reply = await channel.CallAsync(call, HouseEvents.None, cancellationToken);
        switch (reply.Kind)
        {
            case ChannelReplyKind.Result:
                var hello = Handshakes.ReadInitialize(reply.Json.Span, out var problem);
                return (new Handshake(hello, problem), Final: true);
            case ChannelReplyKind.Error:
                return (new Handshake(null, "initialize was refused: " + Message(reply.Json.Span)), Final: false);
            default:
                var gone = reply.Failure is ChannelFailure.NotConnected or ChannelFailure.Crashed;
                return (new Handshake(null, reply.Detail ?? "no answer to initialize"), Final: gone);
        }
    }

    /// <summary>The message of an error, cut to what fits a line of the service's state.</summary>
    private static string Message(ReadOnlySpan<byte> error)
    {
        const int most = 200;
        var text = Handshakes.Text(error, "message"u8) ?? "no message";
        return text.Length <= most ? text : text[..most];
    }
}
