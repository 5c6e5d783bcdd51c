namespace Fairlead.Client;

/// <summary>Something a service offers, published or not.</summary>
/// <param name="Kind"><c>tool</c>, <c>prompt</c>, <c>resource</c> or <c>resource_template</c>.</param>
/// <param name="Name">The service's own name, URI or URI template.</param>
/// <param name="Title">Name for people; null when it has none.</param>
/// <param name="Service">The service's name.</param>
/// <param name="ServiceId">The service's id.</param>
/// <param name="Era"><c>legacy</c> or <c>modern</c>; null before the service's first handshake.</param>
/// <param name="State"><c>served</c>, <c>held</c> (it changed) or <c>pending</c> (it was never approved).</param>
/// <param name="Hash">SHA-256 of its canonical form; null for resources.</param>
/// <param name="ChangedAt">When it was first listed as it is now, UTC.</param>
public sealed record Capability(
    string Kind,
    string Name,
    string? Title,
    string Service,
    string ServiceId,
    string? Era,
    string State,
    string? Hash,
    DateTimeOffset? ChangedAt
);

/// <summary>What became of the lists of a service at one reading.</summary>
/// <param name="Service">The service's name.</param>
/// <param name="ServiceId">The service's id.</param>
/// <param name="At">UTC.</param>
/// <param name="Added">Kind and name of each, at most 50.</param>
/// <param name="Changed">The same of what is another than before.</param>
/// <param name="Removed">The same of what is gone.</param>
public sealed record CapabilityChange(
    string Service,
    string ServiceId,
    DateTimeOffset At,
    IReadOnlyList<string> Added,
    IReadOnlyList<string> Changed,
    IReadOnlyList<string> Removed
);
