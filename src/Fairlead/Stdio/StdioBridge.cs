using System.Collections.Concurrent;
using Fairlead.Protocol;

namespace Fairlead.Stdio;

/// <summary>
/// A desktop client on standard input and output, bridged to a running gateway. Speaks whatever era the client speaks,
/// and goes on when the gateway is restarted.
/// </summary>
internal sealed class StdioBridge(GatewayLink link, ClientLine client, TimeProvider time, Action<string> tell)
{
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(10);
    private readonly ModernSide modern = new(link, client);
    private readonly LegacySide legacy = new(link, client, tell);
    private readonly ConcurrentDictionary<Task, byte> running = new();

    /// <summary>Bridges until the client's input ends; then lets what runs end, for a while.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var writing = client.PumpAsync();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            await foreach (var line in client.ReadAsync(cancellationToken))
                await TakeAsync(line, ending.Token);
            await Task.WhenAll(running.Keys).WaitAsync(Farewell, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // What is open still, subscriptions among it, ends with the process.
        }
        finally
        {
            await ending.CancelAsync();
            await legacy.EndAsync();
            client.Complete();
            await writing;
        }
    }

    private async Task TakeAsync(string line, CancellationToken cancellationToken)
    {
        if (!ClientMessage.TryRead(line, out var message))
        {
            client.Write(ClientMessage.Error("null", McpErrorCode.ParseError, "Parse error: not a JSON-RPC message"));
            return;
        }
        if (message!.Method == McpMethod.Initialize.Wire() && message.IsRequest)
        {
            // All that follows is in its session.
            await GuardAsync(message, legacy.InitializeAsync(message, cancellationToken));
            return;
        }
        if (message.Cancels is { } cancelled && modern.Cancel(cancelled))
            return;
        var task = GuardAsync(
            message,
            message is { IsModern: true, IsRequest: true }
                ? modern.SendAsync(message, cancellationToken)
                : legacy.SendAsync(message, cancellationToken)
        );
        if (task.IsCompleted)
            return;
        running[task] = 0;
        _ = task.ContinueWith(
            t => running.TryRemove(t, out _),
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default
        );
    }

    private async Task GuardAsync(ClientMessage message, Task work)
    {
        try
        {
            await work;
        }
        catch (OperationCanceledException)
        {
            // The client left, or cancelled.
        }
        catch (Exception e)
        {
            tell(e.Message);
            foreach (var id in message.Asked)
                client.Write(
                    ClientMessage.Error(
                        id,
                        McpErrorCode.UpstreamUnavailable,
                        $"The gateway cannot be reached: {e.Message}"
                    )
                );
        }
    }
}
