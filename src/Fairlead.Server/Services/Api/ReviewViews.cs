using System.Collections.Immutable;
using System.ComponentModel;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Services.Trust;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Api;

internal sealed record DecideRequest
{
    [Description("Ids of the reviews, 1 to 1000: exactly what was looked at.")]
    public ImmutableArray<string>? Ids { get; set; }
}

internal sealed record FindingView(
    [property: Description(
        "hidden_text, mixed_scripts, instruction, sensitive_path, encoded_text or unpinned_package."
    )]
        string Kind,
    [property: Description("log, hold or block.")] string Level,
    [property: Description("Path in the definition.")] string Where,
    string What
);

/// <summary>A definition and what was decided on it.</summary>
internal record ReviewView
{
    public required string Id { get; init; }
    public required string Service { get; init; }
    public required string ServiceId { get; init; }

    [Description("tool, prompt, resource_template, instructions or launch: what is started.")]
    public required string Kind { get; init; }

    [Description("Name or URI template; empty for instructions and launch.")]
    public required string Name { get; init; }

    [Description("SHA-256 of its canonical form.")]
    public required string Hash { get; init; }

    [Description("approved, held or rejected.")]
    public required string State { get; init; }

    [Description("Whether another was approved before it.")]
    public required bool IsChange { get; init; }

    [Description("Whether it tells clients to be less careful than what was approved.")]
    public required bool LowersCaution { get; init; }
    public required DateTime SeenAt { get; init; }
    public required DateTime? DecidedAt { get; init; }

    [Description("Id of a user, or policy: and its name.")]
    public required string? DecidedBy { get; init; }

    [Description("What the scan found in its texts.")]
    public required IReadOnlyList<FindingView> Findings { get; init; }
}

internal sealed record ReviewDetailView : ReviewView
{
    [Description("Whether its service has it now; only then it can be decided on.")]
    public required bool IsCurrent { get; init; }

    [Description("Hash of what was approved before; null where nothing was.")]
    public required string? OldHash { get; init; }

    [Description("What was approved before, one member a line.")]
    public required string? OldText { get; init; }
    public required string NewText { get; init; }

    [Description("Each value that is another; empty where nothing was approved before.")]
    public required IReadOnlyList<DefinitionChange> Changes { get; init; }
}

internal static class ReviewViews
{
    private static readonly JsonWriterOptions Indented = new()
    {
        Indented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static ReviewView Of(Review review, string service, TrustOptions options)
    {
        var row = review.Row;
        return new()
        {
            Id = row.Id,
            Service = service,
            ServiceId = row.ServiceId,
            Kind = row.Kind,
            Name = row.Name,
            Hash = row.Hash,
            State = row.State.ToText(),
            IsChange = review.Before is not null,
            LowersCaution = Changes(review).Any(c => c.LowersCaution),
            SeenAt = row.SeenAt.UtcDateTime,
            DecidedAt = row.DecidedAt?.UtcDateTime,
            DecidedBy = row.DecidedBy,
            Findings = Findings(row, options),
        };
    }

    public static ReviewDetailView Detail(Review review, string service, TrustOptions options)
    {
        var row = review.Row;
        return new()
        {
            Id = row.Id,
            Service = service,
            ServiceId = row.ServiceId,
            Kind = row.Kind,
            Name = row.Name,
            Hash = row.Hash,
            State = row.State.ToText(),
            IsChange = review.Before is not null,
            LowersCaution = Changes(review).Any(c => c.LowersCaution),
            SeenAt = row.SeenAt.UtcDateTime,
            DecidedAt = row.DecidedAt?.UtcDateTime,
            DecidedBy = row.DecidedBy,
            Findings = Findings(row, options),
            IsCurrent = row.IsCurrent,
            OldHash = review.Before?.Hash,
            OldText = review.Before is { } before ? Lines(before.Text) : null,
            NewText = Lines(row.Text),
            Changes = Changes(review),
        };
    }

    public static string Wire(FindingKind kind) => JsonNamingPolicy.SnakeCaseLower.ConvertName(kind.ToString());

    private static IReadOnlyList<DefinitionChange> Changes(Review review) =>
        review.Before is { } before ? DefinitionDiff.Between(before.Text, review.Row.Text) : [];

    private static List<FindingView> Findings(DefinitionRow row, TrustOptions options) =>
        [
            .. StoreJson
                .ReadFindings(row.Findings)
                .Select(f => new FindingView(
                    Wire(f.Kind),
                    JsonNamingPolicy.SnakeCaseLower.ConvertName(options.LevelOf(f.Kind).ToString()),
                    f.Where,
                    f.What
                )),
        ];

    private static string Lines(string canonical)
    {
        using var document = JsonDocument.Parse(canonical, new JsonDocumentOptions { MaxDepth = 256 });
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text, Indented))
            document.RootElement.WriteTo(json);
        return System.Text.Encoding.UTF8.GetString(text.ToArray());
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(DecideRequest))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(Envelope<ReviewDetailView>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<ReviewView>>))]
internal sealed partial class ReviewsJson : JsonSerializerContext;
