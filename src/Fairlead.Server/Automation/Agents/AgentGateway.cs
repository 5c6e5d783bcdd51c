using Fairlead.Server.Telemetry.Redact;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Automation.Agents;

/// <summary>
/// Asks the agent of a purpose within the question's deadline. What an agent does wrong is an answer that says so; one that
/// is only late may still come.
/// </summary>
internal sealed partial class AgentGateway(
    Butler butler,
    AgentOptions options,
    TimeProvider time,
    ILogger<AgentGateway> logger
) : IDisposable
{
    private readonly SemaphoreSlim places = new(options.AtOnce, options.AtOnce);
    private readonly CancellationTokenSource stopping = new();
    private long asked;
    private long failed;

    /// <summary>Questions so far, and those without a good answer in time.</summary>
    public (long Asked, long Failed) Counts => (Interlocked.Read(ref asked), Interlocked.Read(ref failed));

    /// <inheritdoc cref="AskAgent"/>
    public async Task<AgentAnswer> AskAsync(AgentQuestion question, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref asked);
        var working = WorkAsync(question);
        try
        {
            var answer = await working.WaitAsync(question.Deadline, time, cancellationToken);
            if (!answer.IsGood)
                Interlocked.Increment(ref failed);
            return answer;
        }
        catch (TimeoutException)
        {
            Interlocked.Increment(ref failed);
            return new(
                null,
                Butler.Code,
                Butler.Version,
                new("timeout", $"The agent did not answer within {question.Deadline.TotalSeconds:0.#} s."),
                working
            );
        }
    }

    public void Dispose()
    {
        stopping.Cancel();
        stopping.Dispose();
        places.Dispose();
    }

    private async Task<AgentAnswer> WorkAsync(AgentQuestion question)
    {
        using var limit = new CancellationTokenSource(question.Deadline + options.LateLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token, limit.Token);
        try
        {
            await places.WaitAsync(either.Token);
            try
            {
                return await butler.AskAsync(question, either.Token);
            }
            finally
            {
                places.Release();
            }
        }
        catch (OperationCanceledException)
        {
            return Bad("timeout", "The agent did not come to an end.");
        }
        catch (Exception failure)
        {
            var problem = TextMask.Apply(failure.Message)!;
            LogFailed(question.Purpose, problem);
            return Bad("unavailable", problem);
        }
    }

    private static AgentAnswer Bad(string code, string message) =>
        new(null, Butler.Code, Butler.Version, new(code, message));

    [LoggerMessage(Level = LogLevel.Warning, Message = "The agent for {Purpose} failed: {Problem}")]
    private partial void LogFailed(string purpose, string problem);
}
