using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fairlead.Toolkit.State;

/// <summary>One line of a conversation (P-24).</summary>
/// <param name="Role">Who said it, for example <c>user</c>.</param>
/// <param name="Content">What was said.</param>
/// <param name="Timestamp">When, UTC; ISO 8601 in JSON.</param>
public sealed record ConversationEntry(
    [property: JsonPropertyName("role")] string Role,
    [property: JsonPropertyName("content")] string Content,
    [property: JsonPropertyName("timestamp")] DateTimeOffset Timestamp
);

/// <summary>What is kept of one session with a user, at most 24 h (P-23). As JSON it has exactly these nine members.</summary>
public sealed class SessionState
{
    /// <summary>Entries of the conversation that are kept: 100 (P-24).</summary>
    public const int MaxConversation = 100;

    /// <summary>Queries that are kept: 50 (P-25).</summary>
    public const int MaxQueries = 50;

    private readonly List<ConversationEntry> conversation = [];
    private readonly List<string> queries = [];
    private readonly Dictionary<string, JsonElement> preferences = [];

    /// <summary>Its id, a UUID.</summary>
    [JsonPropertyName("session_id")]
    public required string SessionId { get; init; }

    /// <summary>When it was made, UTC.</summary>
    [JsonPropertyName("created_at")]
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Whose it is; null where nobody said.</summary>
    [JsonPropertyName("user_id")]
    public string? UserId { get; set; }

    /// <summary>Name of the user; null where nobody said.</summary>
    [JsonPropertyName("user_name")]
    public string? UserName { get; set; }

    /// <summary>The conversation, oldest first.</summary>
    [JsonPropertyName("conversation_history")]
    public IReadOnlyList<ConversationEntry> ConversationHistory
    {
        get => conversation;
        init => conversation = [.. value];
    }

    /// <summary>Queries, oldest first.</summary>
    [JsonPropertyName("query_history")]
    public IReadOnlyList<string> QueryHistory
    {
        get => queries;
        init => queries = [.. value];
    }

    /// <summary>Preferences by name, as JSON values.</summary>
    [JsonPropertyName("preferences")]
    public IReadOnlyDictionary<string, JsonElement> Preferences
    {
        get => preferences;
        init => preferences = new(value);
    }

    /// <summary>Requests of the session.</summary>
    [JsonPropertyName("request_count")]
    public long RequestCount { get; set; }

    /// <summary>Of these, the failed ones.</summary>
    [JsonPropertyName("error_count")]
    public long ErrorCount { get; set; }

    /// <summary>Adds to the conversation; beyond 100 the oldest goes (P-24).</summary>
    /// <param name="role">Who says it.</param>
    /// <param name="content">What is said.</param>
    /// <param name="at">When.</param>
    public void AddMessage(string role, string content, DateTimeOffset at) =>
        Add(conversation, new ConversationEntry(role, content, at.ToUniversalTime()), MaxConversation);

    /// <summary>Adds a query; beyond 50 the oldest goes (P-25).</summary>
    /// <param name="query">Its text.</param>
    public void AddQuery(string query) => Add(queries, query, MaxQueries);

    /// <summary>The newest queries, oldest of them first (P-25).</summary>
    /// <param name="count">How many at most; 10 unless given.</param>
    /// <returns>What there is of them.</returns>
    public IReadOnlyList<string> RecentQueries(int count = 10) => [.. QueryHistory.TakeLast(count)];

    /// <summary>A preference, or <paramref name="otherwise"/> where it is not set or of another type (P-26).</summary>
    /// <param name="name">Its name.</param>
    /// <param name="otherwise">What holds without one.</param>
    /// <returns>Its text.</returns>
    public string? Preference(string name, string? otherwise = null) =>
        Preferences.TryGetValue(name, out var value) && value.ValueKind is JsonValueKind.String
            ? value.GetString()
            : otherwise;

    /// <summary>The same for a number.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="otherwise">What holds without one.</param>
    /// <returns>Its value.</returns>
    public double Preference(string name, double otherwise) =>
        Preferences.TryGetValue(name, out var value) && value.ValueKind is JsonValueKind.Number
            ? value.GetDouble()
            : otherwise;

    /// <summary>The same for yes and no.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="otherwise">What holds without one.</param>
    /// <returns>Its value.</returns>
    public bool Preference(string name, bool otherwise) =>
        Preferences.TryGetValue(name, out var value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : otherwise;

    /// <summary>Sets a preference; an undefined value removes it.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value, JSON.</param>
    public void SetPreference(string name, JsonElement value)
    {
        if (value.ValueKind is JsonValueKind.Undefined)
            preferences.Remove(name);
        else
            preferences[name] = value.Clone();
    }

    private static void Add<T>(List<T> list, T one, int most)
    {
        list.Add(one);
        if (list.Count > most)
            list.RemoveRange(0, list.Count - most);
    }
}
