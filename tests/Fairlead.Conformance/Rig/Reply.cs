using System.Net;
using System.Text.Json;

namespace Fairlead.Conformance;

/// <summary>A whole response: its head and every JSON-RPC message in its body, whichever way it came.</summary>
internal sealed record Reply(HttpStatusCode Status, string? MediaType, HttpResponseMessage Head, string Body)
{
    private readonly Lazy<IReadOnlyList<JsonElement>> messages = new(() =>
        [
            .. (
                MediaType == "text/event-stream" ? Sse.Data(Body)
                : Body.Length == 0 ? []
                : [Body]
            ).Select(m => JsonDocument.Parse(m).RootElement),
        ]
    );

    /// <summary>All messages, in order.</summary>
    public IReadOnlyList<JsonElement> Messages => messages.Value;

    /// <summary>The last message, the response itself.</summary>
    public JsonElement Message => Messages[^1];
    public JsonElement Result => Message.GetProperty("result");
    public JsonElement Error => Message.GetProperty("error");
    public int Code => Error.GetProperty("code").GetInt32();
}

/// <summary>The event stream format, as much as is needed.</summary>
internal static class Sse
{
    public static IEnumerable<string> Data(string body) =>
        body.Split('\n').Where(l => l.StartsWith("data: ", StringComparison.Ordinal)).Select(l => l[6..]);
}

internal static class JsonNames
{
    /// <summary>A member by a path of names.</summary>
    public static JsonElement At(this JsonElement json, params string[] path)
    {
        foreach (var name in path)
            json = json.GetProperty(name);
        return json;
    }

    public static bool Has(this JsonElement json, string name) => json.TryGetProperty(name, out _);

    public static IEnumerable<string> Names(this JsonElement json, string list, string key = "name") =>
        json.GetProperty(list).EnumerateArray().Select(item => item.GetProperty(key).GetString()!);
}
