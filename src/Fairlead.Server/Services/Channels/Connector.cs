using Fairlead.Protocol;

namespace Fairlead.Server.Services.Channels;

/// <summary>How opening a channel ended: the channel after its handshake, or the reason why there is none.</summary>
internal readonly record struct Opened(IChannel? Channel, string Problem, bool EndedOnProbe = false);

/// <summary>Opens channels: connection, era probe, handshake. What fails is closed again.</summary>
internal static class Connector
{
    public static async Task<Opened> OpenHttpAsync(
        Uri uri,
        IReadOnlyCollection<KeyValuePair<string, string>> headers,
        Revision? known,
        IChannelEvents events,
        ChannelOptions options,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        var wire = new HttpWire(uri, headers, options);
        var modern = new ModernHttpChannel(wire, events);
        var legacy = new LegacyHttpChannel(wire, events, time);
        return await ShakeAsync(modern, legacy, known, options, time, AcceptAsync, cancellationToken);

        async ValueTask<IChannel> AcceptAsync(ServiceHello hello)
        {
            if (hello.Era == Era.Legacy)
            {
                await legacy.ReadyAsync(hello, cancellationToken);
                return legacy;
            }
            modern.Hello = hello;
            return modern;
        }
    }

    /// <summary>Over HTTP+SSE of 2024-11-05: legacy always.</summary>
    public static async Task<Opened> OpenSseAsync(
        Uri uri,
        IReadOnlyCollection<KeyValuePair<string, string>> headers,
        IChannelEvents events,
        ChannelOptions options,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        var channel = new SseChannel(uri, new HttpWire(uri, headers, options), events, time);
        string? problem;
        try
        {
            problem = await channel.ConnectAsync(cancellationToken);
        }
        catch
        {
            await channel.DisposeAsync();
            throw;
        }
        if (problem is null)
            return await ShakeAsync(
                channel,
                channel,
                Revisions.NewestLegacy,
                options,
                time,
                AcceptAsync,
                cancellationToken
            );
        await channel.DisposeAsync();
        return new Opened(null, problem);

        async ValueTask<IChannel> AcceptAsync(ServiceHello hello)
        {
            await channel.ReadyAsync(hello, cancellationToken);
            return channel;
        }
    }

    /// <summary>Streamable HTTP; where the service does not know that, HTTP+SSE (spec 2025-11-25 "Backwards Compatibility").</summary>
    public static async Task<Opened> OpenEitherAsync(
        Uri uri,
        IReadOnlyCollection<KeyValuePair<string, string>> headers,
        Revision? known,
        IChannelEvents events,
        ChannelOptions options,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        var http = await OpenHttpAsync(uri, headers, known, events, options, time, cancellationToken);
        if (http.Channel is not null)
            return http;
        var sse = await OpenSseAsync(uri, headers, events, options, time, cancellationToken);
        return sse.Channel is not null || sse.Problem == http.Problem
            ? sse
            : new Opened(null, $"streamable-http: {http.Problem}; sse: {sse.Problem}");
    }

    /// <summary>Shakes hands on a channel whose process runs; a failed handshake ends the process.</summary>
    public static Task<Opened> OpenStdioAsync(
        StdioChannel channel,
        Revision? known,
        ChannelOptions options,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        return ShakeAsync(channel, channel, known, options, time, AcceptAsync, cancellationToken);

        async ValueTask<IChannel> AcceptAsync(ServiceHello hello)
        {
            channel.Hello = hello;
            if (hello.Era == Era.Legacy)
                await channel.NotifyAsync(McpMethod.NotificationsInitialized, default, cancellationToken);
            return channel;
        }
    }

    private static async Task<Opened> ShakeAsync(
        IChannel modern,
        IChannel legacy,
        Revision? known,
        ChannelOptions options,
        TimeProvider time,
        Func<ServiceHello, ValueTask<IChannel>> acceptAsync,
        CancellationToken cancellationToken
    )
    {
        using var limit = new CancellationTokenSource(options.HandshakeTimeout, time);
        await using var linked = cancellationToken.UnsafeRegister(
            static state => ((CancellationTokenSource)state!).Cancel(),
            limit
        );
        try
        {
            var result = await EraProbe.RunAsync(modern, legacy, known, options, time, limit.Token);
            if (result.Hello is { } hello)
                return new Opened(await acceptAsync(hello), "");
            await modern.DisposeAsync();
            return new Opened(null, result.Problem, result.EndedOnProbe);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            await modern.DisposeAsync();
            return new Opened(null, $"no handshake within {options.HandshakeTimeout.TotalSeconds:0.#} s");
        }
        catch
        {
            await modern.DisposeAsync();
            throw;
        }
    }
}
