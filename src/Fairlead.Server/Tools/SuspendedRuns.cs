using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Fairlead.Protocol;

namespace Fairlead.Server.Tools;

/// <summary>A run of a tool over several calls of one modern client.</summary>
internal sealed class NativeRun(NativeContext context, string owner, CancellationTokenSource life)
{
    public NativeContext Context { get; } = context;

    /// <summary>Whose it is: group, user and tool.</summary>
    public string Owner { get; } = owner;
    public CancellationTokenSource Life { get; } = life;
    public Task<NativeResult> Result { get; set; } = null!;
    public OpenQuestion? Question { get; set; }
    public ITimer? Expiry { get; set; }
}

/// <summary>
/// Runs that asked their client something and wait for its retry (spec mrtr). <c>requestState</c> is a random name that
/// works once, for the group, user and tool it was made for; what is not fetched within ten minutes is cancelled.
/// Runs live in this process: a retry that reaches another node is told so.
/// </summary>
internal sealed class SuspendedRuns(TimeProvider time)
{
    private const int MaxRuns = 1000;
    private const string Key = "question";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private readonly ConcurrentDictionary<string, NativeRun> waiting = new(StringComparer.Ordinal);

    /// <summary>How many wait now.</summary>
    public int Count => waiting.Count;

    /// <summary>Keeps a run whose <see cref="NativeRun.Question"/> is open; the result for its client.</summary>
    public byte[] Suspend(NativeRun run)
    {
        if (waiting.Count >= MaxRuns)
        {
            run.Life.Cancel();
            return ResultWriter.Error("Too many calls wait for answers of their clients; try again later.");
        }
        run.Context.Leave();
        var state = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        waiting[state] = run;
        run.Expiry = time.CreateTimer(_ => Expire(state), null, Patience, Timeout.InfiniteTimeSpan);
        return Ask(run.Question!, state);
    }

    /// <summary>The run a retry names; null when there is none of this owner.</summary>
    public NativeRun? Resume(string state, string owner)
    {
        if (!waiting.TryGetValue(state, out var run) || run.Owner != owner || !waiting.TryRemove(state, out _))
            return null;
        run.Expiry?.Dispose();
        return run;
    }

    /// <summary>The client's answer in the params of a retry; null when it is not among them.</summary>
    public static JsonElement? Answer(ReadOnlySpan<byte> parameters)
    {
        var responses = JsonScan.Value(parameters, "inputResponses"u8);
        if (responses.IsEmpty || responses[0] != (byte)'{')
            return null;
        var answer = JsonScan.Value(responses, Encoding.ASCII.GetBytes(Key));
        return answer.IsEmpty ? null : JsonElement.Parse(answer);
    }

    private void Expire(string state)
    {
        if (waiting.TryRemove(state, out var run))
        {
            run.Expiry?.Dispose();
            run.Life.Cancel();
        }
    }

    private static byte[] Ask(OpenQuestion question, string state)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("resultType"u8, "input_required"u8);
            json.WriteStartObject("inputRequests"u8);
            json.WritePropertyName(Key);
            json.WriteRawValue(question.Request, skipInputValidation: true);
            json.WriteEndObject();
            json.WriteString("requestState"u8, state);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }
}
