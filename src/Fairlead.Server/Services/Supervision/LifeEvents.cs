using Fairlead.Server.Services.Channels;

namespace Fairlead.Server.Services.Supervision;

/// <summary>How a life of a service ended.</summary>
internal enum LifeEndKind
{
    /// <summary>Against the intent.</summary>
    Failed,

    /// <summary>It was asked to.</summary>
    Stopped,

    /// <summary>Nobody used it (lazy services).</summary>
    Idle,
}

/// <summary>The end of a life, and why.</summary>
internal sealed record LifeEnd(LifeEndKind Kind, string Reason);

/// <summary>What a life tells its supervisor.</summary>
internal interface ILifeEvents
{
    /// <summary>It begins, or got on with beginning.</summary>
    void OnStarting(string why);

    /// <summary>Handshake done and lists verified: calls can be sent.</summary>
    void OnReady(IChannel channel, string? remark);

    /// <summary>What an operator should know besides is another.</summary>
    void OnRemark(string? remark);

    /// <summary>It is over, or about to be; no call may find its channel any more.</summary>
    void OnEnding(LifeEnd end);
}
