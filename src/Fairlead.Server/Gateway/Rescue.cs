using Fairlead.Server.Gateway.Replies;

namespace Fairlead.Server.Gateway;

/// <summary>
/// Answers for a native tool that keeps the request's own thread when its call is over: its deadline passed, its client
/// cancelled it, the gateway stops. Whoever waits would otherwise wait until the tool gives the thread back, which may be
/// never. A call that needs none of it pays for a registration.
/// </summary>
/// <param name="call">The call.</param>
/// <param name="end">Ends the call as its cause says: answers or abandons it, and records it.</param>
internal sealed class Rescue(Call call, Func<ValueTask> end) : IThreadPoolWorkItem
{
    private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Watches over a call until the returned value is disposed.</summary>
    public static CancellationTokenRegistration Of(Call call, Func<ValueTask> end) =>
        call.Token.UnsafeRegister(static r => ((Rescue)r!).Begin(), new Rescue(call, end));

    void IThreadPoolWorkItem.Execute() => _ = RunAsync();

    private void Begin()
    {
        // A tool that waits has given its thread back: the call ends by itself.
        if (!call.HoldsThread)
            return;
        // First: the request must not end while another thread writes its answer.
        call.Rescue = done.Task;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    private async Task RunAsync()
    {
        try
        {
            // One that heeds its token is about to return.
            if (call.HoldsThread)
            {
                await end();
                await call.Reply.CompleteAsync();
            }
        }
        finally
        {
            done.SetResult();
        }
    }
}
