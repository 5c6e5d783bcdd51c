using Fairlead.Protocol;

namespace Fairlead.Server.Services.Channels;

/// <summary>
/// Events of calls the gateway makes for itself (lists, probes, levels, subscriptions): nobody listens and nobody can be
/// asked. All such calls use it or derive from it; that is how a channel knows that no client stands behind a call.
/// </summary>
internal class HouseEvents : ICallEvents
{
    public static readonly HouseEvents None = new();

    public virtual void OnNotification(McpMethod method, ReadOnlySpan<byte> parameters, Range token) { }

    public ValueTask<QuestionAnswer> OnQuestionAsync(
        McpMethod method,
        ReadOnlyMemory<byte> parameters,
        CancellationToken cancellationToken
    ) => ValueTask.FromResult(Questions.Refusal("the gateway itself answers no questions"));
}
