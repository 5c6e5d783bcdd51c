using System.Net;
using Fairlead.Protocol;

namespace Fairlead.Server.Services.Channels;

/// <summary>The streams of a legacy HTTP service: that of one call, resumed until its answer came, and the long one.</summary>
internal sealed partial class LegacyHttpChannel
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(20);

    /// <summary>Where a stream stands between two connections.</summary>
    private sealed class Place(TimeSpan pause)
    {
        public string? LastEventId { get; private set; }

        public TimeSpan Pause { get; private set; } = pause;

        public int Failures { get; set; }

        public void Learn(SseReader reader)
        {
            LastEventId = reader.LastEventId ?? LastEventId;
            // The service's wish is kept (spec "Sending Messages" 6), within what a call can wait for.
            if (reader.Retry is { } asked)
                Pause =
                    asked > LongestPause ? LongestPause
                    : asked < ShortestPause ? ShortestPause
                    : asked;
        }
    }

    /// <summary>
    /// Reads the stream of a call until its answer. Where the service closed the connection without one, it is asked
    /// again for what came after the last event (spec "Resumability and Redelivery").
    /// </summary>
    private async ValueTask<ChannelReply> FollowAsync(
        HttpResponseMessage first,
        PendingCall pending,
        Session used,
        CancellationToken cancellationToken
    )
    {
        var place = new Place(wire.Options.ResumePause);
        if (await ReadAsync(first, pending, place, cancellationToken) is { } reply)
            return reply;
        while (place.LastEventId is not null && place.Failures < wire.Options.ResumeAttempts)
        {
            await Task.Delay(place.Pause, time, cancellationToken);
            try
            {
                using var response = await OpenAsync(used, place.LastEventId, cancellationToken);
                if (!HttpWire.IsStream(response) || !response.IsSuccessStatusCode)
                    break;
                if (await ReadAsync(response, pending, place, cancellationToken) is { } late)
                    return late;
            }
            catch (Exception e) when (HttpWire.IsTransportError(e) && !cancellationToken.IsCancellationRequested)
            {
                place.Failures++;
            }
        }
        return ChannelReply.Fail(ChannelFailure.Protocol, dispatched: true, "the stream ended before the answer");
    }

    /// <summary>Reads one connection of a stream to its end; the answer of <paramref name="pending"/>, when it came.</summary>
    private async ValueTask<ChannelReply?> ReadAsync(
        HttpResponseMessage response,
        PendingCall? pending,
        Place place,
        CancellationToken cancellationToken
    )
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var reader = new SseReader(stream, wire.Options.MaxMessageBytes);
        try
        {
            SseRead read;
            while ((read = await reader.ReadAsync(cancellationToken)) == SseRead.Event)
            {
                place.Failures = 0;
                if (OnEvent(reader, pending) is { } reply)
                    return reply;
            }
            if (read == SseRead.TooLarge)
                return HttpWire.TooLarge();
        }
        catch (Exception e) when (HttpWire.IsCut(e))
        {
            // Cut in the middle: the unfinished event is dropped and asked for again.
            cancellationToken.ThrowIfCancellationRequested();
        }
        finally
        {
            place.Learn(reader);
        }
        return null;
    }

    private ChannelReply? OnEvent(SseReader reader, PendingCall? pending)
    {
        if (reader.Data.Length == 0 || reader.Name != "message")
            return null;
        var message = reader.Data.Written.Span;
        var parts = WireMessage.Scan(message);
        if (parts.Kind is WireKind.Request or WireKind.Notification)
        {
            inbound.Route(message, parts, pending);
            return null;
        }
        if (pending is null)
            return null;
        if (parts.Kind == WireKind.Invalid && parts.Id == pending.Id)
            return ChannelReply.Fail(ChannelFailure.Protocol, dispatched: true, "not a JSON-RPC message");
        if (HttpWire.Accept(reader.Data, parts, pending.Id) is not { } reply)
            return null;
        reader.Detach();
        return reply;
    }

    private Task<HttpResponseMessage> OpenAsync(Session used, string? lastEventId, CancellationToken cancellationToken)
    {
        var request = wire.Get(lastEventId);
        AddHeaders(request, used);
        return wire.SendAsync(request, cancellationToken);
    }

    /// <summary>The long stream: opened again whenever it ends, until the channel closes or the service offers none.</summary>
    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        var place = new Place(wire.Options.ResumePause);
        try
        {
            while (true)
            {
                var used = session;
                try
                {
                    using var response = await OpenAsync(used, place.LastEventId, cancellationToken);
                    if (response.StatusCode == HttpStatusCode.NotFound && used.Id is not null)
                    {
                        if (!await RenewAsync(used, cancellationToken))
                            return;
                        place = new Place(wire.Options.ResumePause);
                        continue;
                    }
                    if (!HttpWire.IsStream(response) || !response.IsSuccessStatusCode)
                        return;
                    if (await ReadAsync(response, pending: null, place, cancellationToken) is not null)
                        return;
                }
                catch (Exception e) when (HttpWire.IsTransportError(e) && !cancellationToken.IsCancellationRequested)
                {
                    if (++place.Failures >= wire.Options.ResumeAttempts || HttpWire.Failed(e) is { Dispatched: false })
                    {
                        NoteLost(e.Message);
                        return;
                    }
                }
                await Task.Delay(place.Pause, time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The channel closes.
        }
        catch (Exception e)
        {
            // Without the stream changes would go unseen: its supervisor connects anew and says why.
            NoteLost("its long stream failed: " + e.Message);
        }
    }
}
