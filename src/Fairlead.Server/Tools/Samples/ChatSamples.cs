using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Fairlead.Toolkit;
using Fairlead.Toolkit.State;
using ModelContextProtocol.Server;

namespace Fairlead.Server.Tools.Samples;

internal sealed record ChatAnswer(string session_id, string response, int conversation_length, long total_requests);

internal sealed record SessionInfo(
    string id,
    string created_at,
    long request_count,
    int conversation_length,
    IReadOnlyList<string> recent_queries
);

internal sealed record PreferenceSet(bool success, string key, JsonElement value);

/// <summary>What is kept of a session (P-23): a conversation, its queries and preferences.</summary>
[FairleadTool(Group = SamplesFeature.Group, Category = "chat")]
internal sealed class ChatSamples(ISessionStates sessions, SampleSearch search, TimeProvider time)
{
    private const int Remembered = 3;
    private const int Shown = 5;

    [McpServerTool(Name = "chat", OpenWorld = false, UseStructuredContent = true)]
    [Description("Talks about what is offered, and remembers what was asked before.")]
    public async Task<ChatAnswer> ChatAsync(
        CallContext context,
        [Description("What you want to know, 1 to 1000 characters."), StringLength(1000, MinimumLength = 1)]
            string message,
        [Description("The session of an earlier answer; a new one without it.")] string? session_id = null
    )
    {
        var token = context.CancellationToken;
        var known = session_id is null
            ? await sessions.CreateAsync(context.User?.Id, context.User?.Name, token)
            : await OwnAsync(context, session_id);
        var found = await search.FindAsync(message, 3, token);
        var answer = "";
        var state = await sessions.ChangeAsync(
            known.SessionId,
            session =>
            {
                session.RequestCount++;
                session.AddQuery(message);
                session.AddMessage("user", message, time.GetUtcNow());
                answer = Answer(found, session.RecentQueries(Remembered));
                session.AddMessage("assistant", answer, time.GetUtcNow());
            },
            token
        );
        return state is null
            ? throw NoSession(known.SessionId)
            : new(state.SessionId, answer, state.ConversationHistory.Count, state.RequestCount);
    }

    [McpServerTool(Name = "get_session_info", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Tells what is kept of a session, with its last five queries.")]
    public async Task<SessionInfo> GetSessionInfoAsync(
        CallContext context,
        [Description("Id of the session.")] string session_id
    )
    {
        var state = await OwnAsync(context, session_id);
        return new(
            state.SessionId,
            state.CreatedAt.UtcDateTime.ToString("O"),
            state.RequestCount,
            state.ConversationHistory.Count,
            state.RecentQueries(Shown)
        );
    }

    [McpServerTool(Name = "set_preference", Idempotent = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Keeps a preference for the rest of a session.")]
    public async Task<PreferenceSet> SetPreferenceAsync(
        CallContext context,
        [Description("Id of the session.")] string session_id,
        [Description("Its name."), StringLength(100, MinimumLength = 1)] string key,
        [Description("Its value: a text, a number, true or false.")] JsonElement value
    )
    {
        if (value.ValueKind is JsonValueKind.Object or JsonValueKind.Array || value.GetRawText().Length > 1000)
            throw Failure.Of(
                "invalid_input",
                "A preference is a text of at most 1000 characters, a number, or yes or no."
            );
        var own = await OwnAsync(context, session_id);
        var state = await sessions.ChangeAsync(
            own.SessionId,
            session => session.SetPreference(key, value),
            context.CancellationToken
        );
        return state is null ? throw NoSession(session_id) : new(true, key, state.Preferences[key]);
    }

    // A session that began with a user is that user's alone; for others there is none.
    private async Task<SessionState> OwnAsync(CallContext context, string id) =>
        await sessions.GetAsync(id, context.CancellationToken) is { } state
        && (state.UserId is null || state.UserId == context.User?.Id)
            ? state
            : throw NoSession(id);

    private static ToolFailedException NoSession(string id) =>
        Failure.Of("session_not_found", $"There is no session {id}; call without one to begin anew.");

    private static string Answer(IReadOnlyList<ProjectInfo> found, IReadOnlyList<string> queries)
    {
        var answer =
            found.Count == 0
                ? "I found nothing about that in what we offer."
                : $"We have: {string.Join("; ", found.Select(static p => $"{p.name} ({p.price} yuan)"))}.";
        return queries.Count > 1 ? $"{answer} Before, you asked: {string.Join("; ", queries.SkipLast(1))}." : answer;
    }
}
