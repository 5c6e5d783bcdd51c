using System.ComponentModel;
using System.Text.Json.Serialization;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Secrets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Services.Api;

/// <summary>Secrets of services: names, who uses them, and new values. A value is never given back.</summary>
internal static class SecretEndpoints
{
    public static void Map(RouteGroupBuilder secrets)
    {
        secrets
            .MapGet("", List)
            .WithName("secrets.list")
            .WithSummary("Names of secrets and the services that use them.");
        secrets
            .MapPut("/{id}", SetAsync)
            .WithName("secrets.set")
            .WithSummary("Sets a secret; services that use it are started again.")
            .WithDescription("A definition refers to it as ${secret:NAME}.");
        secrets
            .MapDelete("/{id}", RemoveAsync)
            .WithName("secrets.delete")
            .WithSummary("Removes a secret that no service uses.");
    }

    private static RestResult<IReadOnlyList<SecretView>> List(
        [AsParameters] PageQuery page,
        StoreWatcher watcher,
        SecretStore secrets
    )
    {
        if (page.Check() is { } wrong)
            return wrong;
        var names = watcher.Current.Secrets.Keys.Order(StringComparer.Ordinal).ToList();
        return RestResult.Page<SecretView>(
            [.. names.Skip(page.Skip).Take(page.Size).Select(n => View(n, watcher, secrets))],
            page,
            names.Count
        );
    }

    private static async Task<RestResult<SecretView>> SetAsync(
        string id,
        SetSecretRequest request,
        StoreWatcher watcher,
        SecretStore secrets,
        CancellationToken cancellationToken
    )
    {
        if (request.Value is not { } value)
            return RestResult.Fail("MISSING_PARAMETER", "value is required.", "value");
        return await secrets.SetAsync(id, value, cancellationToken) is { } refused
            ? refused
            : RestResult.Ok(View(id, watcher, secrets), "Secret set.");
    }

    private static async Task<RestResult<SecretView>> RemoveAsync(
        string id,
        StoreWatcher watcher,
        SecretStore secrets,
        CancellationToken cancellationToken
    )
    {
        var last = watcher.Current.Secrets.ContainsKey(id) ? View(id, watcher, secrets) : null;
        return await secrets.RemoveAsync(id, cancellationToken) is { } refused
            ? refused
            : RestResult.Ok(last!, "Secret removed.");
    }

    private static SecretView View(string name, StoreWatcher watcher, SecretStore secrets) =>
        new(name, watcher.Current.Secrets[name].UpdatedAt.UtcDateTime, secrets.UsersOf(name));
}

internal sealed record SetSecretRequest
{
    [Description("1 to 32768 characters.")]
    public string? Value { get; set; }
}

internal sealed record SecretView(
    string Name,
    DateTime UpdatedAt,
    [property: Description("Services that use it.")] IReadOnlyList<string> UsedBy
);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SetSecretRequest))]
[JsonSerializable(typeof(Envelope<SecretView>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<SecretView>>))]
internal sealed partial class SecretsJson : JsonSerializerContext;
