using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;

namespace NativeHost;

internal sealed record Call<T>(string Jsonrpc, long Id, string Method, CallParams<T> Params);

internal sealed record CallParams<T>(string Name, T Arguments);

internal sealed record SumArguments(double[] Numbers);

internal sealed record MeasureArguments(string Text);

internal sealed record Reply(string Jsonrpc, long Id, Result Result);

/// <param name="ResultType">Only the stateless revision has one.</param>
/// <param name="Content">What the tool said.</param>
internal sealed record Result(string? ResultType, Block[] Content);

internal sealed record Block(string Type, string Text);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(Call<SumArguments>))]
[JsonSerializable(typeof(Call<MeasureArguments>))]
[JsonSerializable(typeof(Call<JsonElement>))]
[JsonSerializable(typeof(Reply))]
internal sealed partial class BareJson : JsonSerializerContext;

/// <summary>
/// The yardstick: minimal API endpoints that bind the very JSON a client of the gateway sends, run the very method, and
/// answer the very JSON the gateway answers. No key, no limits, no schema, no log.
/// </summary>
internal static class BareFace
{
    private static readonly TimeSpan Kept = TimeSpan.FromHours(1);

    public static async Task RunAsync(string url)
    {
        var builder = Kestrel.Create();
        builder.WebHost.UseUrls(url);
        builder.Services.ConfigureHttpJsonOptions(static o =>
            o.SerializerOptions.TypeInfoResolverChain.Insert(0, BareJson.Default)
        );
        builder.Services.AddMemoryCache();
        await using var app = builder.Build();
        app.MapPost(
            "/sum",
            static (Call<SumArguments> call) => Of(call.Id, null, BenchTools.Sum(call.Params.Arguments.Numbers))
        );
        app.MapPost(
            "/modern/sum",
            static (Call<SumArguments> call) => Of(call.Id, "complete", BenchTools.Sum(call.Params.Arguments.Numbers))
        );
        app.MapPost(
            "/measure",
            static (Call<MeasureArguments> call) => Of(call.Id, null, BenchTools.Measure(call.Params.Arguments.Text))
        );
        // As one would write it: the arguments are the key, and the tool runs only where they are new.
        app.MapPost(
            "/sum_cached",
            static (Call<JsonElement> call, IMemoryCache cache) =>
                new Reply(
                    "2.0",
                    call.Id,
                    cache.GetOrCreate(
                        (call.Params.Name, call.Params.Arguments.GetRawText()),
                        entry =>
                        {
                            entry.AbsoluteExpirationRelativeToNow = Kept;
                            var numbers = call.Params.Arguments.Deserialize(BareJson.Default.SumArguments)!;
                            return Said(null, BenchTools.Sum(numbers.Numbers));
                        }
                    )!
                )
        );
        await app.RunAsync();
    }

    private static Reply Of(long id, string? type, double value) => new("2.0", id, Said(type, value));

    private static Result Said(string? type, double value) =>
        new(type, [new Block("text", value.ToString(CultureInfo.InvariantCulture))]);
}
