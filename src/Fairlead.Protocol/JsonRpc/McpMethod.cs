using System.Collections.Frozen;
using System.Text;

namespace Fairlead.Protocol;

/// <summary>Every request and notification method of the revisions we speak.</summary>
public enum McpMethod
{
    /// <summary>A method no revision defines.</summary>
    Unknown,
#pragma warning disable CS1591 // each member is its wire name below
    Initialize,
    Ping,
    ServerDiscover,
    ToolsList,
    ToolsCall,
    PromptsList,
    PromptsGet,
    ResourcesList,
    ResourcesTemplatesList,
    ResourcesRead,
    ResourcesSubscribe,
    ResourcesUnsubscribe,
    CompletionComplete,
    LoggingSetLevel,
    SubscriptionsListen,
    SamplingCreateMessage,
    ElicitationCreate,
    RootsList,
    NotificationsInitialized,
    NotificationsCancelled,
    NotificationsProgress,
    NotificationsMessage,
    NotificationsToolsListChanged,
    NotificationsPromptsListChanged,
    NotificationsResourcesListChanged,
    NotificationsResourcesUpdated,
    NotificationsRootsListChanged,
    NotificationsElicitationComplete,
    NotificationsSubscriptionsAcknowledged,
#pragma warning restore CS1591
}

/// <summary>Maps methods to and from their wire names (schema.json of each revision).</summary>
public static class McpMethods
{
    private static readonly FrozenDictionary<string, McpMethod> ByName = new Dictionary<string, McpMethod>
    {
        ["initialize"] = McpMethod.Initialize,
        ["ping"] = McpMethod.Ping,
        ["server/discover"] = McpMethod.ServerDiscover,
        ["tools/list"] = McpMethod.ToolsList,
        ["tools/call"] = McpMethod.ToolsCall,
        ["prompts/list"] = McpMethod.PromptsList,
        ["prompts/get"] = McpMethod.PromptsGet,
        ["resources/list"] = McpMethod.ResourcesList,
        ["resources/templates/list"] = McpMethod.ResourcesTemplatesList,
        ["resources/read"] = McpMethod.ResourcesRead,
        ["resources/subscribe"] = McpMethod.ResourcesSubscribe,
        ["resources/unsubscribe"] = McpMethod.ResourcesUnsubscribe,
        ["completion/complete"] = McpMethod.CompletionComplete,
        ["logging/setLevel"] = McpMethod.LoggingSetLevel,
        ["subscriptions/listen"] = McpMethod.SubscriptionsListen,
        ["sampling/createMessage"] = McpMethod.SamplingCreateMessage,
        ["elicitation/create"] = McpMethod.ElicitationCreate,
        ["roots/list"] = McpMethod.RootsList,
        ["notifications/initialized"] = McpMethod.NotificationsInitialized,
        ["notifications/cancelled"] = McpMethod.NotificationsCancelled,
        ["notifications/progress"] = McpMethod.NotificationsProgress,
        ["notifications/message"] = McpMethod.NotificationsMessage,
        ["notifications/tools/list_changed"] = McpMethod.NotificationsToolsListChanged,
        ["notifications/prompts/list_changed"] = McpMethod.NotificationsPromptsListChanged,
        ["notifications/resources/list_changed"] = McpMethod.NotificationsResourcesListChanged,
        ["notifications/resources/updated"] = McpMethod.NotificationsResourcesUpdated,
        ["notifications/roots/list_changed"] = McpMethod.NotificationsRootsListChanged,
        ["notifications/elicitation/complete"] = McpMethod.NotificationsElicitationComplete,
        ["notifications/subscriptions/acknowledged"] = McpMethod.NotificationsSubscriptionsAcknowledged,
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, McpMethod>.AlternateLookup<ReadOnlySpan<char>> BySpan =
        ByName.GetAlternateLookup<ReadOnlySpan<char>>();

    private static readonly FrozenDictionary<McpMethod, string> Names = ByName.ToFrozenDictionary(
        p => p.Value,
        p => p.Key
    );

    private const int LongestName = 64;

    /// <summary>The method with this wire name, or <see cref="McpMethod.Unknown"/>.</summary>
    public static McpMethod Parse(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length is 0 or > LongestName)
            return McpMethod.Unknown;
        Span<char> name = stackalloc char[LongestName];
        return Encoding.UTF8.TryGetChars(utf8, name, out var n) ? BySpanOf(name[..n]) : McpMethod.Unknown;
    }

    /// <summary>The method with this wire name, or <see cref="McpMethod.Unknown"/>.</summary>
    public static McpMethod Parse(string name) => ByName.GetValueOrDefault(name);

    /// <summary>The method's name on the wire; throws for <see cref="McpMethod.Unknown"/>.</summary>
    public static string Wire(this McpMethod method) => Names[method];

    private static McpMethod BySpanOf(ReadOnlySpan<char> name) =>
        BySpan.TryGetValue(name, out var method) ? method : McpMethod.Unknown;
}
