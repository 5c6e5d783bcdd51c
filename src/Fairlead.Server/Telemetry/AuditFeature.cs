using System.ComponentModel;
using System.Text.Json.Serialization;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Sqlite;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Fairlead.Server.Telemetry;

internal sealed record AuditFilterQuery(
    [property: FromQuery(Name = "action"), Description("For example groups.create.")] string? Action,
    [property: FromQuery(Name = "user_id"), Description("Who did it.")] string? UserId,
    [property: FromQuery(Name = "result"), Description("success or an error code.")] string? Result,
    [property: FromQuery(Name = "from"), Description("Not before this time (RFC 3339).")] DateTimeOffset? From,
    [property: FromQuery(Name = "to"), Description("Before this time (RFC 3339).")] DateTimeOffset? To
);

internal sealed record AuditView(
    string Node,
    long Seq,
    DateTime Timestamp,
    string UserId,
    string Action,
    string Resource,
    string Result,
    string? IpAddress,
    string? Details
);

/// <summary>The audit trail and its page.</summary>
internal static class AuditFeature
{
    public static IServiceCollection AddAudit(this IServiceCollection services)
    {
        services.AddSingleton<AuditSeal>();
        services.AddSingleton(static provider =>
        {
            StorageOptions options = provider.GetRequiredService<StorageOptions>();
            AuditSeal seal = provider.GetRequiredService<AuditSeal>();
            return options.Provider is StorageProvider.Postgres
                ? new AuditStore(provider.GetRequiredService<IStoreEngine>(), seal, ownsEngine: false)
                : new AuditStore(
                    new SqliteEngine(Path.Combine(options.DataDirectory, "audit.db")),
                    seal,
                    ownsEngine: true
                );
        });
        services.AddSingleton<AuditLog>();
        services.AddSingleton<RefusalLog>();
        services.AddSingleton<IHostedService>(static provider => provider.GetRequiredService<RefusalLog>());
        services.AddSingleton<NoteRefusal>(static provider => provider.GetRequiredService<RefusalLog>().Note);
        return services.AddRestJson(AuditJson.Default);
    }

    public static IEndpointRouteBuilder MapAudit(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder audit = routes.MapRest("/audit", "audit");
        audit.MapGet("", ListAsync).WithName("audit.list").WithSummary("Audit records, newest first.");
        audit
            .MapGet("/verify", VerifyAsync)
            .WithName("audit.verify")
            .WithSummary("Recomputes the chains of all audit records, from the first to the last of each node.");
        return routes;
    }

    private static async Task<RestResult<AuditVerdict>> VerifyAsync(
        AuditLog audit,
        CancellationToken cancellationToken
    ) => RestResult.Ok(await audit.VerifyAsync(cancellationToken));

    private static async Task<RestResult<IReadOnlyList<AuditView>>> ListAsync(
        [AsParameters] AuditFilterQuery filter,
        [AsParameters] PageQuery page,
        AuditLog audit,
        CancellationToken cancellationToken
    )
    {
        if (page.Check() is { } wrong)
            return wrong;
        var query = new AuditQuery(filter.Action, filter.UserId, filter.Result, filter.From, filter.To);
        (IReadOnlyList<AuditRow> rows, int total) = await audit.ReadAsync(
            query,
            page.Skip,
            page.Size,
            cancellationToken
        );
        return RestResult.Page<AuditView>(
            [
                .. rows.Select(static row => new AuditView(
                    row.Node,
                    row.Seq,
                    row.Record.At.UtcDateTime,
                    row.Record.UserId,
                    row.Record.Action,
                    row.Record.Resource,
                    row.Record.Result,
                    row.Record.IpAddress,
                    row.Record.Details
                )),
            ],
            page,
            total
        );
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Envelope<IReadOnlyList<AuditView>>))]
[JsonSerializable(typeof(Envelope<AuditVerdict>))]
internal sealed partial class AuditJson : JsonSerializerContext;
