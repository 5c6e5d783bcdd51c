using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Automation.Registration;

/// <summary>What the log says of a registration, by event id .</summary>
internal static partial class RegistrationLog
{
    [LoggerMessage(7001, LogLevel.Information, "Registration automation begins for user {UserId}")]
    public static partial void Began(ILogger logger, string userId);

    [LoggerMessage(7002, LogLevel.Information, "Conversation {ConversationId} is there for user {UserId}")]
    public static partial void ConversationCreated(ILogger logger, string conversationId, string userId);

    [LoggerMessage(7003, LogLevel.Information, "The agent called {Count} MCP tools for user {UserId}")]
    public static partial void ToolsCalled(ILogger logger, int count, string userId);

    [LoggerMessage(7004, LogLevel.Information, "Welcome {MessageId} is written in conversation {ConversationId}")]
    public static partial void Welcomed(ILogger logger, string messageId, string conversationId);

    [LoggerMessage(7005, LogLevel.Information, "{Count} consultants are told of user {UserId}")]
    public static partial void ConsultantsTold(ILogger logger, int count, string userId);

    [LoggerMessage(7006, LogLevel.Error, "No conversation could be made for user {UserId}")]
    public static partial void ConversationFailed(ILogger logger, Exception failure, string userId);

    [LoggerMessage(7007, LogLevel.Error, "The agent called no MCP tool for user {UserId}: {Problem}")]
    public static partial void ToolsFailed(ILogger logger, string userId, string problem);

    [LoggerMessage(
        7008,
        LogLevel.Warning,
        "The agent is not available, the default welcome goes to user {UserId}: {Problem}"
    )]
    public static partial void AgentUnavailable(ILogger logger, string userId, string problem);

    [LoggerMessage(7009, LogLevel.Warning, "User {UserId} is not greeted: {Reason}")]
    public static partial void Skipped(ILogger logger, string userId, string reason);

    [LoggerMessage(7010, LogLevel.Warning, "The late welcome of conversation {ConversationId} is lost")]
    public static partial void FollowUpLost(ILogger logger, Exception failure, string conversationId);
}
