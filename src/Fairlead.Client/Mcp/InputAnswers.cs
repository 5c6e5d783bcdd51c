using System.Buffers;
using System.Text.Json;

namespace Fairlead.Client;

/// <summary>Answers a result that asks for input: what the next try of the call carries (2026-07-28 multi round-trip requests).</summary>
internal static class InputAnswers
{
    /// <returns>An object with <c>inputResponses</c> and the server's own <c>requestState</c>.</returns>
    /// <exception cref="McpErrorException">The server asks for what this client does not offer.</exception>
    public static async Task<JsonElement> OfAsync(
        JsonElement result,
        McpClientOptions options,
        CancellationToken cancellationToken
    )
    {
        var answers = new Dictionary<string, JsonElement>();
        if (result.TryGetProperty("inputRequests"u8, out var asked) && asked.ValueKind == JsonValueKind.Object)
        {
            foreach (var request in asked.EnumerateObject())
            {
                var method = request.Value.TryGetProperty("method"u8, out var named) ? named.ToString() : "";
                var answer =
                    options.AnswerOf(method)
                    ?? throw new McpErrorException(
                        new(-32021, $"The tool asks for {method}, which this client does not offer.")
                    );
                var parameters = request.Value.TryGetProperty("params"u8, out var given) ? given : McpTool.EmptySchema;
                answers[request.Name] = await answer(parameters, cancellationToken);
            }
        }
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("inputResponses"u8);
            foreach (var (key, answer) in answers)
            {
                json.WritePropertyName(key);
                answer.WriteTo(json);
            }
            json.WriteEndObject();
            if (result.TryGetProperty("requestState"u8, out var state))
            {
                json.WritePropertyName("requestState"u8);
                state.WriteTo(json);
            }
            json.WriteEndObject();
        }
        return JsonElement.Parse(buffer.WrittenSpan);
    }
}
