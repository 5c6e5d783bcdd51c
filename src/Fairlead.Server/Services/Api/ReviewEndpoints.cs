using System.Security.Claims;
using System.Text.Json;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Services.Trust;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Services.Api;

/// <summary>Definitions that wait for a decision (security.md section 4.1, 4.2).</summary>
internal static class ReviewEndpoints
{
    private const int MostIds = 1000;
    private const string All = "all";

    public static void Map(RouteGroupBuilder reviews)
    {
        reviews
            .MapGet("", ListAsync)
            .WithName("reviews.list")
            .WithSummary(
                "Definitions of services by what was decided on them: those that are held, unless asked otherwise."
            );
        reviews
            .MapGet("/{id}", GetAsync)
            .WithName("reviews.get")
            .WithSummary("A definition beside what was approved before it.");
        reviews
            .MapPost("/approve", ApproveAsync)
            .WithName("reviews.approve")
            .WithSummary("Approves definitions, all or none: they are served, or their service starts, at once.")
            .WithDescription("Nothing of a definition that its service has replaced meanwhile is approved.");
        reviews
            .MapPost("/reject", RejectAsync)
            .WithName("reviews.reject")
            .WithSummary(
                "Rejects definitions, all or none: they stay out of all lists, also what was approved before."
            );
    }

    private static async Task<RestResult<IReadOnlyList<ReviewView>>> ListAsync(
        [FromQuery] string? service,
        [FromQuery] string? kind,
        [FromQuery] string? state,
        [AsParameters] PageQuery page,
        ReviewStore store,
        ServiceDesk desk,
        TrustOptions options,
        CancellationToken cancellationToken
    )
    {
        if (page.Check() is { } wrong)
            return wrong;
        ServiceConfig? one = null;
        if (service is not null && (one = desk.Find(service)) is null)
            return ServiceEndpoints.Missing(service);
        if (kind is not null && !PinnedKind.All.Contains(kind))
            return RestResult.Fail("INVALID_PARAMETER", $"kind is one of {string.Join(", ", PinnedKind.All)}.", "kind");
        PinState? wanted = PinState.Held;
        if (state == All)
            wanted = null;
        else if (state is not null && !TryState(state, out wanted))
            return RestResult.Fail("INVALID_PARAMETER", "state is held, rejected, approved or all.", "state");
        var (reviews, total) = await store.ListAsync(
            new ReviewQuery(one?.Id, kind, wanted),
            page.Skip,
            page.Size,
            cancellationToken
        );
        return RestResult.Page<ReviewView>(
            [.. reviews.Select(r => ReviewViews.Of(r, NameOf(r.Row, desk), options))],
            page,
            total
        );
    }

    private static async Task<RestResult<ReviewDetailView>> GetAsync(
        string id,
        ReviewStore store,
        ServiceDesk desk,
        TrustOptions options,
        CancellationToken cancellationToken
    ) =>
        await store.FindAsync(id, cancellationToken) is { } review
            ? RestResult.Ok(ReviewViews.Detail(review, NameOf(review.Row, desk), options))
            : RestResult.Fail("NOT_FOUND", $"There is no review {id}.");

    private static Task<RestResult<IReadOnlyList<ReviewView>>> ApproveAsync(
        DecideRequest request,
        HttpContext http,
        ReviewStore store,
        ServiceDesk desk,
        TrustOptions options,
        CancellationToken cancellationToken
    ) => DecideAsync(request, approve: true, http, store, desk, options, cancellationToken);

    private static Task<RestResult<IReadOnlyList<ReviewView>>> RejectAsync(
        DecideRequest request,
        HttpContext http,
        ReviewStore store,
        ServiceDesk desk,
        TrustOptions options,
        CancellationToken cancellationToken
    ) => DecideAsync(request, approve: false, http, store, desk, options, cancellationToken);

    private static async Task<RestResult<IReadOnlyList<ReviewView>>> DecideAsync(
        DecideRequest request,
        bool approve,
        HttpContext http,
        ReviewStore store,
        ServiceDesk desk,
        TrustOptions options,
        CancellationToken cancellationToken
    )
    {
        if (request.Ids is not { Length: > 0 and <= MostIds } ids)
            return RestResult.Fail("MISSING_PARAMETER", $"ids are 1 to {MostIds} ids of reviews.", "ids");
        var by = http.User.FindFirstValue(ClaimTypes.NameIdentifier)!;
        var decided = await store.DecideAsync([.. ids.Distinct()], approve, by, cancellationToken);
        if (!decided.Ok)
            return decided.Error;
        AuditNote.Of(http).Details = Describe(decided.Value, desk);
        return RestResult.Ok<IReadOnlyList<ReviewView>>(
            [.. decided.Value.Select(row => ReviewViews.Of(new Review(row, null), NameOf(row, desk), options))],
            approve ? "Approved." : "Rejected."
        );
    }

    // Who and when are in the record itself.
    private static string Describe(IEnumerable<DefinitionRow> rows, ServiceDesk desk) =>
        JsonSerializer.Serialize(
            rows.ToDictionary(row => $"{NameOf(row, desk)}/{row.Kind}/{row.Name}", row => row.Hash),
            ReviewsJson.Default.DictionaryStringString
        );

    private static bool TryState(string text, out PinState? state)
    {
        state = Enum.GetValues<PinState>().Cast<PinState?>().FirstOrDefault(s => s!.Value.ToText() == text);
        return state is not null;
    }

    private static string NameOf(DefinitionRow row, ServiceDesk desk) =>
        desk.Find(row.ServiceId)?.Name ?? row.ServiceId;
}
