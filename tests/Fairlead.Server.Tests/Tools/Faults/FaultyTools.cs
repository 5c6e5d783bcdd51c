#pragma warning disable VSTHRD200, VSTHRD002, CA1024, CA1001, MA0012 // Tools that do what none should: that is what they are here for.
using System.Collections.Concurrent;
using Fairlead.Toolkit;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Tests.Tools.Faults;

/// <summary>Native tools that misbehave, each in a way of its own (I-30).</summary>
internal sealed class FaultyTools
{
    /// <summary>What no caller and no log may see.</summary>
    public const string Canary = "canary-9f3a";
    private const int Hundred = 100 * 1024 * 1024;
    private readonly ConcurrentBag<byte[]> leaked = [];
    public readonly ManualResetEventSlim Gate = new();
    public readonly TaskCompletionSource Door = new(TaskCreationOptions.RunContinuationsAsynchronously);
    public CallContext? Kept;
    public int Blocking;
    public int Inside;
    public bool Heard;

    public int Leaked => leaked.Count;

    public sealed record Large(string Text, double Number);

    [FairleadTool(Name = "good")]
    public static string Good(string word) => word;

    [FairleadTool(Name = "throws")]
    public static string Throws() => throw new InvalidOperationException(Canary);

    [FairleadTool(Name = "throws_late")]
    public static async Task<string> ThrowsLate(CallContext context)
    {
        context.Report(1, 2);
        context.Log(LogLevel.Warning, "half way");
        await Task.Yield();
        throw new InvalidOperationException(Canary);
    }

    [FairleadTool(Name = "out_of_memory")]
    public static string OutOfMemory() => throw new OutOfMemoryException(Canary);

    /// <summary>Goes down until the runtime says that the stack ends.</summary>
    [FairleadTool(Name = "out_of_stack")]
    public static int OutOfStack()
    {
        return Down(0);

        static int Down(int depth)
        {
            System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
            return Down(depth + 1) + 1;
        }
    }

    /// <summary>Waits for what never comes and does not listen to its token.</summary>
    [FairleadTool(Name = "deaf")]
    public async Task<string> Deaf(CancellationToken cancellationToken)
    {
        await using var heard = cancellationToken.Register(() => Heard = true);
        Interlocked.Increment(ref Inside);
        await Door.Task;
        return "late";
    }

    /// <summary>Never gives its thread back, though it says it is asynchronous.</summary>
    [FairleadTool(Name = "blocks_async")]
    public Task<string> BlocksAsync(CancellationToken cancellationToken)
    {
        using var heard = cancellationToken.Register(() => Heard = true);
        return Task.FromResult(Blocks());
    }

    [FairleadTool(Name = "blocks")]
    public string Blocks()
    {
        Interlocked.Increment(ref Blocking);
        Gate.Wait();
        Interlocked.Decrement(ref Blocking);
        return "late";
    }

    [FairleadTool(Name = "reports_and_blocks")]
    public string ReportsAndBlocks(CallContext context)
    {
        context.Report(1);
        return Blocks();
    }

    [FairleadTool(Name = "alone"), Exclusive("the one")]
    public async Task<string> Alone()
    {
        Interlocked.Increment(ref Inside);
        await Door.Task;
        return "late";
    }

    [FairleadTool(Name = "alone_too"), Exclusive("the one")]
    public string AloneToo() => $"after {Volatile.Read(ref Inside)}";

    [FairleadTool(Name = "leaks")]
    public string Leaks()
    {
        leaked.Add(new byte[100_000]);
        return "ok";
    }

    [FairleadTool(Name = "cached"), Cached(3600, ResultScope.Public)]
    public static string CachedResult(int number) => new((char)('a' + number % 26), 200_000);

    [FairleadTool(Name = "text_of_100_mb")]
    public static string Text() => new('x', Hundred);

    [FairleadTool(Name = "object_of_100_mb")]
    public static Large Object() => new(new string('é', Hundred / 2), 1);

    [FairleadTool(Name = "list_of_100_mb")]
    public static IEnumerable<string> List() => Enumerable.Repeat(new string('y', 1024), Hundred / 1024);

    [FairleadTool(Name = "bytes_of_100_mb")]
    public static byte[] Bytes() => new byte[Hundred];

    [FairleadTool(Name = "image_of_100_mb")]
    public static ModelContextProtocol.Protocol.ContentBlock Image() =>
        ModelContextProtocol.Protocol.ImageContentBlock.FromBytes(new byte[Hundred], "image/png");

    [FairleadTool(Name = "half_characters")]
    public static string HalfCharacters() => "a\ud800b\udc00";

    [FairleadTool(Name = "half_characters_inside")]
    public static Dictionary<string, string> HalfInside() => new() { ["k\ud83d"] = "v\ud83d" };

    [FairleadTool(Name = "not_a_number")]
    public static Large NotANumber() => new("", double.NaN);

    [FairleadTool(Name = "reports_no_number")]
    public static async Task<string> ReportsNoNumber(CallContext context)
    {
        context.Report(double.NaN);
        context.Report(1, double.PositiveInfinity, "x\ud800");
        await Task.Yield();
        return "ok";
    }

    /// <summary>Keeps its context, to write to it when the call is long over.</summary>
    [FairleadTool(Name = "keeps_context")]
    public string KeepsContext(CallContext context)
    {
        Kept = context;
        return "ok";
    }
}
