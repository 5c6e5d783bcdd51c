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
