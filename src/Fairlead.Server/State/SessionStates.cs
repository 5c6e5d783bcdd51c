using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Server.Storage;
using Fairlead.Toolkit.State;

namespace Fairlead.Server.State;

/// <summary>Sessions in the store (P-27).</summary>
internal sealed class SessionStates(StateRows rows, TimeProvider time) : ISessionStates
{
    /// <summary>How old a session gets (P-27).</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromHours(24);

    public async Task<SessionState> CreateAsync(
        string? userId = null,
        string? userName = null,
        CancellationToken cancellationToken = default
    )
    {
        var state = new SessionState
        {
            SessionId = NewId.At(time),
            CreatedAt = time.GetUtcNow(),
            UserId = userId,
            UserName = userName,
        };
        await rows.ExecuteAsync(
            "INSERT INTO session_states (id, created_at, version, data) VALUES (@id, @created, 1, @data)",
            cancellationToken,
            ("id", state.SessionId),
            ("created", state.CreatedAt.ToUnixTimeMilliseconds()),
            ("data", Write(state))
        );
        return state;
    }

    public async Task<SessionState?> GetAsync(string sessionId, CancellationToken cancellationToken = default) =>
        (await FindAsync(sessionId, cancellationToken))?.State;

    public async Task<SessionState?> ChangeAsync(
        string sessionId,
        Action<SessionState> change,
        CancellationToken cancellationToken = default
    )
    {
        while (await FindAsync(sessionId, cancellationToken) is var (version, state))
        {
            change(state);
            var written = await rows.ExecuteAsync(
                "UPDATE session_states SET data = @data, version = version + 1 WHERE id = @id AND version = @version",
                cancellationToken,
                ("data", Write(state)),
                ("id", sessionId),
                ("version", version)
            );
            if (written == 1)
                return state;
            // Another was faster: one of those who meet always gets through, so this ends.
        }
        return null;
    }

    public async Task<bool> DeleteAsync(string sessionId, CancellationToken cancellationToken = default) =>
        await rows.ExecuteAsync("DELETE FROM session_states WHERE id = @id", cancellationToken, ("id", sessionId)) == 1;

    public async Task<int> CountAsync(CancellationToken cancellationToken = default) =>
        Convert.ToInt32(
            await rows.ScalarAsync(
                "SELECT count(*) FROM session_states WHERE created_at >= @oldest",
                cancellationToken,
                ("oldest", Oldest)
            )
        );

    public Task<int> CleanupAsync(CancellationToken cancellationToken = default) =>
        rows.ExecuteAsync(
            "DELETE FROM session_states WHERE created_at < @oldest",
            cancellationToken,
            ("oldest", Oldest)
        );

    /// <summary>Ends all sessions: where there is one process, they end with it.</summary>
    public Task ClearAsync(CancellationToken cancellationToken) =>
        rows.ExecuteAsync("DELETE FROM session_states", cancellationToken);

    private long Oldest => (time.GetUtcNow() - MaxAge).ToUnixTimeMilliseconds();

    private async Task<(long Version, SessionState State)?> FindAsync(
        string sessionId,
        CancellationToken cancellationToken
    )
    {
        var found = await rows.ReadAsync(
            "SELECT id, version, data FROM session_states WHERE id = @id AND created_at >= @oldest",
            cancellationToken,
            ("id", sessionId),
            ("oldest", Oldest)
        );
        return found is [var row] ? (row.Version, Read(row.Text)) : null;
    }

    private static string Write(SessionState state) =>
        JsonSerializer.Serialize(Stored.Of(state), StateJson.Default.Stored);

    private static SessionState Read(string json)
    {
        var stored =
            JsonSerializer.Deserialize(json, StateJson.Default.Stored)
            ?? throw new JsonException("A stored session is null.");
        return stored.Schema is 1
            ? stored.ToState()
            : throw new StoreException($"A session has schema {stored.Schema}; this program knows 1.");
    }

    /// <summary>As it lies in the store.</summary>
    internal sealed record Stored(
        int Schema,
        string SessionId,
        DateTimeOffset CreatedAt,
        string? UserId,
        string? UserName,
        IReadOnlyList<ConversationEntry> ConversationHistory,
        IReadOnlyList<string> QueryHistory,
        IReadOnlyDictionary<string, JsonElement> Preferences,
        long RequestCount,
        long ErrorCount
    )
    {
        public static Stored Of(SessionState s) =>
            new(
                1,
                s.SessionId,
                s.CreatedAt,
                s.UserId,
                s.UserName,
                s.ConversationHistory,
                s.QueryHistory,
                s.Preferences,
                s.RequestCount,
                s.ErrorCount
            );

        public SessionState ToState() =>
            new()
            {
                SessionId = SessionId,
                CreatedAt = CreatedAt,
                UserId = UserId,
                UserName = UserName,
                ConversationHistory = ConversationHistory,
                QueryHistory = QueryHistory,
                Preferences = Preferences,
                RequestCount = RequestCount,
                ErrorCount = ErrorCount,
            };
    }
}

/// <summary>JSON of the State room; what is stored has a schema number.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SessionStates.Stored))]
[JsonSerializable(typeof(SortedDictionary<string, JsonElement>))]
[JsonSerializable(typeof(long))]
[JsonSerializable(typeof(string))]
internal sealed partial class StateJson : JsonSerializerContext;
