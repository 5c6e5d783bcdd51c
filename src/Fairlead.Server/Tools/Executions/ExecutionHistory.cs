namespace Fairlead.Server.Tools.Executions;

/// <summary>Ended executions: bounded in number, bytes and age .</summary>
internal sealed class ExecutionHistory(ExecutionOptions options, TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly LinkedList<Execution> ended = new();
    private readonly Dictionary<string, LinkedListNode<Execution>> byId = new(StringComparer.Ordinal);
    private long bytes;

    /// <summary>Newest first.</summary>
    public IReadOnlyList<Execution> All
    {
        get
        {
            lock (gate)
            {
                Expire();
                return [.. ended];
            }
        }
    }

    public Execution? Find(string id)
    {
        lock (gate)
        {
            Expire();
            return byId.GetValueOrDefault(id)?.Value;
        }
    }

    public void Add(Execution execution)
    {
        lock (gate)
        {
            byId[execution.Id] = ended.AddFirst(execution);
            bytes += Size(execution);
            Expire();
        }
    }

    private void Expire()
    {
        var oldest = time.GetUtcNow() - options.HistoryAge;
        while (
            ended.Last is { Value: var last }
            && (ended.Count > options.History || bytes > options.HistoryBytes || last.EndedAt < oldest)
        )
        {
            ended.RemoveLast();
            byId.Remove(last.Id);
            bytes -= Size(last);
        }
    }

    // Also the input: it is kept to be shown and to be run again.
    private static long Size(Execution execution) =>
        execution.Result!.Result.Length + execution.Request.Input.Length + 512;
}
