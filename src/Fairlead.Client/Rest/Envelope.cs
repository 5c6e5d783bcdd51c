namespace Fairlead.Client.Rest;

/// <summary>The gateway's standard answer (I-14), as far as a client needs it.</summary>
internal sealed record Envelope<T>(
    bool Success,
    T? Data,
    string? Message,
    Guid? RequestId,
    EnvelopeError? Error,
    EnvelopePage? Pagination
);

internal sealed record EnvelopeError(string Code, string Message, string? Field, Dictionary<string, string>? Details);

internal sealed record EnvelopePage(int Page, bool HasNext);

/// <summary>Where only success matters: whatever the data is, it is not read.</summary>
internal sealed record Ignored;
