using System.ComponentModel;
using System.Text.Json.Serialization;

namespace Fairlead.Server.Hosting.Rest;

/// <summary>
/// The standard answer of the REST API, on success and on failure (I-14). Each room lists its <c>Envelope&lt;T&gt;</c>
/// types in its own source-generated JSON context.
/// </summary>
internal sealed record Envelope<T>
{
    [Description("Whether the request did what it asked for.")]
    public required bool Success { get; init; }

    [Description("The answer; null on failure.")]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public T? Data { get; init; }

    [Description("One sentence for people.")]
    public required string Message { get; init; }

    [Description("When the answer was made, UTC.")]
    public required DateTime Timestamp { get; init; }

    [Description("Id of the request, also in the X-Request-Id header and in the logs.")]
    public required Guid RequestId { get; init; }
    public required EnvelopePerformance Performance { get; init; }

    [Description("What went wrong; absent on success.")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RestError? Error { get; init; }

    [Description("Where this page of a list stands; only on lists.")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Pagination? Pagination { get; init; }
}

/// <param name="DurationMs">Time from the request's arrival to the answer, in milliseconds.</param>
/// <param name="CacheHit">Whether the data came from a cache.</param>
internal sealed record EnvelopePerformance(double DurationMs, bool CacheHit);

/// <summary>What went wrong, for programs. <see cref="Code"/> decides the HTTP status.</summary>
internal sealed record RestError
{
    [Description("Stable code, for programs.")]
    public required string Code { get; init; }

    [Description("One sentence for people.")]
    public required string Message { get; init; }

    [Description("The member of the request that is wrong, as the client wrote it.")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Field { get; init; }

    [Description("More about it, where there is more.")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Dictionary<string, string>? Details { get; init; }
}

/// <summary>Where a page stands in its list.</summary>
internal sealed record Pagination(int Page, int PageSize, int Total, int TotalPages, bool HasNext, bool HasPrev)
{
    public static Pagination Of(PageQuery query, int total)
    {
        int pages = (total + query.Size - 1) / query.Size;
        return new(query.Number, query.Size, total, pages, query.Number < pages, query.Number > 1);
    }
}
