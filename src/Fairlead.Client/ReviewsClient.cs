using Fairlead.Client.Rest;

namespace Fairlead.Client;

/// <summary>Definitions of services that wait for a decision, and the decisions.</summary>
public sealed class ReviewsClient
{
    private readonly RestConnection rest;

    internal ReviewsClient(RestConnection rest) => this.rest = rest;

    /// <summary>Definitions that services have now, the newest first, fetched a page at a time.</summary>
    /// <param name="service">Name or id; null: of all.</param>
    /// <param name="state">One of <see cref="ReviewState"/>, or <c>all</c>.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public IAsyncEnumerable<ReviewInfo> ListAsync(
        string? service = null,
        string state = ReviewState.Held,
        CancellationToken cancellationToken = default
    ) =>
        rest.PagesAsync(
            $"reviews?state={Uri.EscapeDataString(state)}"
                + (service is null ? "" : $"&service={Uri.EscapeDataString(service)}"),
            ClientJson.Default.EnvelopeIReadOnlyListReviewInfo,
            cancellationToken
        );

    /// <summary>One definition beside what was approved before it.</summary>
    public Task<ReviewDetail> GetAsync(string id, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        return rest.GetAsync(
            $"reviews/{Uri.EscapeDataString(id)}",
            ClientJson.Default.EnvelopeReviewDetail,
            cancellationToken
        );
    }

    /// <summary>Approves definitions, all or none: they are served, or their service starts, at once.</summary>
    /// <exception cref="FairleadApiException">
    /// <c>CONFLICT</c> for one that its service has replaced meanwhile, or that must not be approved.
    /// </exception>
    public Task<IReadOnlyList<ReviewInfo>> ApproveAsync(
        IReadOnlyList<string> ids,
        CancellationToken cancellationToken = default
    ) => DecideAsync("approve", ids, cancellationToken);

    /// <summary>Rejects definitions, all or none, also what was approved before: they are in no list.</summary>
    public Task<IReadOnlyList<ReviewInfo>> RejectAsync(
        IReadOnlyList<string> ids,
        CancellationToken cancellationToken = default
    ) => DecideAsync("reject", ids, cancellationToken);

    private Task<IReadOnlyList<ReviewInfo>> DecideAsync(
        string verb,
        IReadOnlyList<string> ids,
        CancellationToken cancellationToken
    ) =>
        rest.SendAsync(
            HttpMethod.Post,
            $"reviews/{verb}",
            RestConnection.Json(new ReviewDecision(ids), ClientJson.Default.ReviewDecision),
            ClientJson.Default.EnvelopeIReadOnlyListReviewInfo,
            cancellationToken
        );
}
