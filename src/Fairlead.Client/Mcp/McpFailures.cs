using System.Text.Json;

namespace Fairlead.Client;

/// <summary>The server answered with an error .</summary>
public sealed class McpErrorException : Exception
{
    internal McpErrorException(McpErrorBody error)
        : base(error.Message) => (Code, ErrorData) = (error.Code, error.Data);

    /// <summary>Its code.</summary>
    public int Code { get; }

    /// <summary>What it says beside the message; null when it says nothing.</summary>
    public JsonElement? ErrorData { get; }
}

/// <summary>The server has no such tool: nothing was sent .</summary>
public sealed class McpUnknownToolException : Exception
{
    internal McpUnknownToolException(string tool)
        : base($"The server has no tool '{tool}'.") => Tool = tool;

    /// <summary>The name that was asked for.</summary>
    public string Tool { get; }
}

/// <summary>There is no connection, or it ended before the answer: whether the call was carried out is not known .</summary>
public sealed class McpDisconnectedException : IOException
{
    internal McpDisconnectedException(string message, Exception? cause = null)
        : base(message, cause) { }
}
