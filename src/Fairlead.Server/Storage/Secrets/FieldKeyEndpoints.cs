using System.ComponentModel;
using System.Text.Json.Serialization;
using Fairlead.Server.Hosting.Rest;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Storage.Secrets;

/// <summary>Versions of the key that fields of tools are encrypted with: what there is, and a new one.</summary>
internal static class FieldKeyEndpoints
{
    public static void Map(RouteGroupBuilder keys)
    {
        keys.MapGet("", List)
            .WithName("field_keys.list")
            .WithSummary("Key versions of encrypted fields, the newest first; never a key.");
        keys.MapPost("", RotateAsync)
            .WithName("field_keys.rotate")
            .WithSummary("Makes a new key version, which new values take; those of older ones stay readable.")
            .WithDescription("It takes over 10 seconds after it was made, when every node has it.");
    }

    private static RestResult<IReadOnlyList<FieldKeyView>> List([AsParameters] PageQuery page, StoreWatcher watcher)
    {
        if (page.Check() is { } wrong)
            return wrong;
        var all = watcher.Current.FieldKeys;
        return RestResult.Page<FieldKeyView>(
            [.. all.Skip(page.Skip).Take(page.Size).Select(FieldKeyView.Of)],
            page,
            all.Length
        );
    }

    private static async Task<RestResult<FieldKeyView>> RotateAsync(
        FieldKeyStore keys,
        CancellationToken cancellationToken
    ) => RestResult.Ok(FieldKeyView.Of(await keys.RotateAsync(cancellationToken)), "New key version made.");
}

internal sealed record FieldKeyView(
    int Version,
    [property: Description("When it was made.")] DateTime CreatedAt,
    [property: Description("Iterations of PBKDF2-SHA256 it is derived with.")] int Iterations,
    [property: Description("Id of the master key it is derived from: that one must stay in the key file.")]
        string MasterKeyId
)
{
    public static FieldKeyView Of(FieldKeyVersion key) =>
        new(key.Version, key.CreatedAt.UtcDateTime, key.Iterations, key.MasterKeyId);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Envelope<FieldKeyView>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<FieldKeyView>>))]
internal sealed partial class FieldKeysJson : JsonSerializerContext;
