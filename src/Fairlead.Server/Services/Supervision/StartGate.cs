namespace Fairlead.Server.Services.Supervision;

/// <summary>
/// So many programs start at once and no more: a hundred of them would starve each other and the calls. A start that
/// takes long gives its place away after a while, so that those that hang keep nobody waiting.
/// </summary>
internal sealed class StartGate(ServicesOptions options, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim places = new(Math.Max(1, options.ConcurrentStarts));

    /// <summary>Waits for a place; dispose the turn when the start is over.</summary>
    public async Task<Turn> EnterAsync(CancellationToken cancellationToken)
    {
        await places.WaitAsync(cancellationToken);
        return new Turn(places, time, options.StartHold);
    }

    public void Dispose() => places.Dispose();

    internal sealed class Turn : IDisposable
    {
        private readonly ITimer limit;
        private SemaphoreSlim? places;

        public Turn(SemaphoreSlim places, TimeProvider time, TimeSpan hold)
        {
            this.places = places;
            limit = time.CreateTimer(static turn => ((Turn)turn!).GiveBack(), this, hold, Timeout.InfiniteTimeSpan);
        }

        public void Dispose()
        {
            limit.Dispose();
            GiveBack();
        }

        private void GiveBack()
        {
            try
            {
                Interlocked.Exchange(ref places, null)?.Release();
            }
            catch (ObjectDisposedException)
            {
                // The gateway has ended.
            }
        }
    }
}
