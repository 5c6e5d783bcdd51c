using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Replies;

namespace Fairlead.Server.Gateway.Sessions;

/// <summary>The filter of <c>subscriptions/listen</c>, as asked for and as acknowledged.</summary>
internal sealed record ListenFilter
{
    [JsonPropertyName("toolsListChanged")]
    public bool Tools { get; init; }

    [JsonPropertyName("promptsListChanged")]
    public bool Prompts { get; init; }

    [JsonPropertyName("resourcesListChanged")]
    public bool Resources { get; init; }

    [JsonPropertyName("resourceSubscriptions")]
    public ImmutableArray<string> Uris { get; init; } = [];

    /// <summary>As JSON, without what was not asked for.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ListenJson.Default.ListenFilter);
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(ListenFilter))]
internal sealed partial class ListenJson : JsonSerializerContext;

/// <summary>One open <c>subscriptions/listen</c>: what it gets and where it goes.</summary>
internal sealed class Listener(ReadOnlyMemory<byte> id, ListenFilter filter)
{
    private readonly string rawId = Encoding.UTF8.GetString(id.Span);

    public ListenFilter Filter { get; } = filter;
    public required IReply Reply { get; init; }

    /// <summary>A notification of this subscription; every one carries its id (spec "Receiving Notifications").</summary>
    public byte[] Message(McpMethod method, string? notifications = null, string? quotedUri = null)
    {
        var more =
            notifications is not null ? $",\"notifications\":{notifications}"
            : quotedUri is not null ? $",\"uri\":{quotedUri}"
            : "";
        return MessageBytes.Notification(method, Encoding.UTF8.GetBytes($"{{{Meta}{more}}}"));
    }

    /// <summary>The result that ends the subscription gracefully.</summary>
    public byte[] Closing() => Encoding.UTF8.GetBytes($"{{\"resultType\":\"complete\",{Meta}}}");

    /// <summary>The notification that the gateway ended the subscription.</summary>
    public byte[] Cancelled() =>
        MessageBytes.Notification(
            McpMethod.NotificationsCancelled,
            Encoding.UTF8.GetBytes($"{{\"requestId\":{rawId},{Meta}}}")
        );

    private string Meta => $"\"_meta\":{{\"io.modelcontextprotocol/subscriptionId\":{rawId}}}";
}
