using System.Text;
using System.Text.Json;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Tools.Binding;

namespace Fairlead.Server.Tools.Samples;

/// <param name="url">The address asked.</param>
/// <param name="status">Its HTTP status.</param>
/// <param name="content_type">Media type of the body; null without one.</param>
/// <param name="body">JSON where it is JSON, else a text.</param>
/// <param name="truncated">Whether more was sent than is taken.</param>
internal sealed record FetchedAnswer(
    string url,
    int status,
    JsonElement body,
    bool truncated,
    string? content_type = null
);

/// <summary>GET of an address a caller names, with what can go wrong told by a code.</summary>
internal static class Fetching
{
    /// <summary>Most bytes of a body that are taken: 256 KiB.</summary>
    public const int MaxBytes = 256 * 1024;

    public static async Task<FetchedAnswer> GetAsync(HttpClient http, Uri url, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            using var response = await http.SendAsync(
                request,
                HttpCompletionOption.ResponseHeadersRead,
                cancellationToken
            );
            await using var content = await response.Content.ReadAsStreamAsync(cancellationToken);
            var bytes = new byte[MaxBytes + 1];
            var length = await content.ReadAtLeastAsync(bytes, bytes.Length, false, cancellationToken);
            var type = response.Content.Headers.ContentType?.MediaType;
            return new(
                url.ToString(),
                (int)response.StatusCode,
                Body(bytes.AsMemory(0, Math.Min(length, MaxBytes)), type),
                length > MaxBytes,
                type
            );
        }
        catch (Exception e)
            when (e is HttpRequestException or IOException
                || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested)
            )
        {
            throw e is AddressRefusedException || e.InnerException is AddressRefusedException
                ? Failure.Of("address_refused", $"The gateway may not connect to {url.Host}.")
                : Failure.Of("unreachable", $"{url.Host} cannot be reached.");
        }
    }

    private static JsonElement Body(ReadOnlyMemory<byte> bytes, string? type)
    {
        if (type?.EndsWith("json", StringComparison.OrdinalIgnoreCase) == true)
        {
            try
            {
                using var json = JsonDocument.Parse(bytes);
                return json.RootElement.Clone();
            }
            catch (JsonException)
            {
                // It only says so: the text is shown as it is.
            }
        }
        return JsonSerializer.SerializeToElement(
            Encoding.UTF8.GetString(bytes.Span),
            MethodSchemas.Json.GetTypeInfo(typeof(string))
        );
    }
}
