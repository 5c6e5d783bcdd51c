using System.Collections.Concurrent;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Replies;
using Fairlead.Server.Gateway.Routing;

namespace Fairlead.Server.Gateway.Intake;

/// <summary>
/// One client on standard input and output (P-113): serves a group without a key, since whoever started the process
/// owns it.
/// </summary>
internal sealed class StdioFront(Routes routes, ConversationRoom room)
{
    // Longer than anything but a tool needs to come to its first wait; threads are held in real time.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    /// <summary>Serves until the input ends; then waits for what still runs.</summary>
    /// <param name="serverCode">Code of the group to serve.</param>
    /// <param name="lines">The client.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async Task RunAsync(string serverCode, StdioLines lines, CancellationToken cancellationToken)
    {
        var conversation = new Conversation(room, lines.Write);
        var running = new ConcurrentDictionary<Task, byte>();
        await foreach (var line in lines.ReadAsync(cancellationToken))
        {
            var task =
                routes.Table.ByCode.TryGetValue(serverCode, out var group) && group.Config.Enabled
                    ? await BeginAsync(() => conversation.TakeAsync(line, group, user: null))
                    : RefuseAsync(lines, line);
            if (task.IsCompleted)
                continue;
            running[task] = 0;
            _ = task.ContinueWith(
                t => running.TryRemove(t, out _),
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default
            );
        }
        // Open subscriptions end with the input; calls are let to end.
        conversation.EndSubscriptions();
        await Task.WhenAll(running.Keys).WaitAsync(room.Options.Drain, room.Time, CancellationToken.None);
        conversation.End();
        await lines.CompleteAsync().WaitAsync(room.Options.Drain, room.Time, CancellationToken.None);
    }

    /// <summary>
    /// Takes one line after the other, so that a cancellation finds its call; but one whose native tool keeps its thread is
    /// left to itself, else nobody would read what cancels it.
    /// </summary>
    private static async Task<Task> BeginAsync(Func<Task> take)
    {
        var begun = Task.Run(() => Task.FromResult(take()));
        await ((Task)begun)
            .WaitAsync(Patience, TimeProvider.System)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return begun.IsCompletedSuccessfully ? await begun : begun.Unwrap();
    }

    private static Task RefuseAsync(StdioLines lines, byte[] line)
    {
        _ = EnvelopeReader.Read(line, EnvelopeLimits.Default, out var envelope);
        return envelope.Kind == MessageKind.Request
            ? new LineReply(lines.Write)
                .FinishAsync(envelope.Id.Of(envelope.Message), ErrorTable.Answer(Condition.UnknownGroup))
                .AsTask()
            : Task.CompletedTask;
    }
}
