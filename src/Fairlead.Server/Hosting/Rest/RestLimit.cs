using System.Globalization;
using Fairlead.Server.Hosting.Limits;
using Fairlead.Server.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Server.Hosting.Rest;

/// <summary>
/// How often one client address may use the REST API (I-26, C-03); behind a trusted proxy it is the forwarded one.
/// Counted before anybody is asked who he is, so that guessing costs as much as asking. What registers people has limits of
/// its own. MCP endpoints are limited by their keys and not here.
/// </summary>
internal sealed class RestLimit
{
    private readonly LimitsOptions options;
    private readonly SharedLimits limits;
    private readonly NoteRefusal refused;
    private readonly AllowanceTable requests;
    private readonly AllowanceTable registrations;
    private readonly AllowanceTable registrationsInAll;

    public RestLimit(LimitsOptions options, SharedLimits limits, TimeProvider time, NoteRefusal refused)
    {
        (this.options, this.limits, this.refused) = (options, limits, refused);
        requests = Bucket("rest", options.RestBurst, options.RestPerMinute);
        registrations = Bucket("registrations", options.RegistrationsPerAddress, options.RegistrationsPerAddress);
        registrationsInAll = Bucket(
            "registrations-in-all",
            options.RegistrationsPerMinute,
            options.RegistrationsPerMinute
        );

        AllowanceTable Bucket(string name, int capacity, int perMinute) =>
            limits.Limit(name, (_, _) => new TokenBucket(capacity, perMinute, time.TimestampFrequency));
    }

    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (!context.Request.Path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase))
            return next(context);
        var client = ClientAddress.Of(context.Connection.RemoteIpAddress) ?? "none";
        if (context.GetEndpoint()?.Metadata.GetMetadata<RegistersMark>() is null)
            return Passes(context, requests, client, options.RestPerMinute, "requests of this address", out var wait)
                ? next(context)
                : RefuseAsync(context, wait);
        return
            Passes(
                context,
                registrations,
                client,
                options.RegistrationsPerAddress,
                "registrations of this address",
                out var refusal
            )
            && Passes(
                context,
                registrationsInAll,
                "all",
                options.RegistrationsPerMinute,
                "registrations in all",
                out refusal
            )
            ? next(context)
            : RefuseAsync(context, refusal);
    }

    private bool Passes(
        HttpContext context,
        AllowanceTable table,
        string key,
        int perMinute,
        string limited,
        out Refused refusal
    )
    {
        refusal = default;
        if (perMinute == 0)
            return true;
        var permit = limits.Take(table, key);
        var headers = context.Response.Headers;
        headers["X-RateLimit-Limit"] = Text(perMinute);
        headers["X-RateLimit-Remaining"] = Text(permit.Remaining);
        refusal = new(limited, perMinute, permit.RetryAfter);
        return permit.IsGiven;
    }

    private Task RefuseAsync(HttpContext context, Refused refusal)
    {
        refused(Telemetry.Refusal.Of(context, Telemetry.Refusal.Rest, "RATE_LIMIT_EXCEEDED"));
        context.Response.Headers.RetryAfter = Text(refusal.RetryAfter);
        // The message is the same for every limit (I-14).
        var error = RestResult.Fail("RATE_LIMIT_EXCEEDED", "Rate limit exceeded") with
        {
            Details = new()
            {
                ["limited"] = refusal.Limited,
                ["per_minute"] = Text(refusal.PerMinute),
                ["remaining"] = "0",
                ["retry_after_seconds"] = Text(refusal.RetryAfter),
            },
        };
        return error.WriteAsync(context);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private readonly record struct Refused(string Limited, int PerMinute, int RetryAfter);
}

/// <summary>Marks endpoints that register people: limits of their own hold for them (C-03).</summary>
internal sealed record RegistersMark
{
    public static readonly RegistersMark Instance = new();
}

/// <summary>Where the limit stands.</summary>
internal static class RestLimits
{
    /// <summary>Marks an endpoint that registers people.</summary>
    public static TBuilder Registers<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(RegistersMark.Instance);

    /// <summary>Limits the REST API from here on: after routing, before anybody signs in.</summary>
    public static IApplicationBuilder UseRestLimit(this IApplicationBuilder app)
    {
        var limit = app.ApplicationServices.GetRequiredService<RestLimit>();
        return app.Use(next => http => limit.InvokeAsync(http, next));
    }
}
