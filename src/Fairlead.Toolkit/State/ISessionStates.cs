namespace Fairlead.Toolkit.State;

/// <summary>Sessions and their state, kept in the gateway's store so that every node sees them (P-27).</summary>
public interface ISessionStates
{
    /// <summary>Makes a session with a new UUID.</summary>
    /// <param name="userId">Whose it is.</param>
    /// <param name="userName">Name of the user.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Its first state.</returns>
    Task<SessionState> CreateAsync(
        string? userId = null,
        string? userName = null,
        CancellationToken cancellationToken = default
    );

    /// <summary>The state as it is now.</summary>
    /// <param name="sessionId">Id of the session.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A copy; null where there is no such session, or it is older than 24 h.</returns>
    Task<SessionState?> GetAsync(string sessionId, CancellationToken cancellationToken = default);

    /// <summary>Changes the state; changes of several nodes follow each other and none is lost.</summary>
    /// <param name="sessionId">Id of the session.</param>
    /// <param name="change">The change; may run again on a newer state, so it does nothing else.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The changed state; null where there is no such session.</returns>
    Task<SessionState?> ChangeAsync(
        string sessionId,
        Action<SessionState> change,
        CancellationToken cancellationToken = default
    );

    /// <summary>Ends a session.</summary>
    /// <param name="sessionId">Its id.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False where there was none.</returns>
    Task<bool> DeleteAsync(string sessionId, CancellationToken cancellationToken = default);

    /// <summary>How many sessions there are.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Their number.</returns>
    Task<int> CountAsync(CancellationToken cancellationToken = default);

    /// <summary>Ends what is older than 24 h. The gateway does it every 10 min.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many ended.</returns>
    Task<int> CleanupAsync(CancellationToken cancellationToken = default);
}
