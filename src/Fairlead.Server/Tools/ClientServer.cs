using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.Protocol;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Tools.Binding;
using Fairlead.Toolkit;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Fairlead.Server.Tools;

/// <summary>
/// The client of a call as the official package's <see cref="McpServer"/>, so that methods that take one run unchanged:
/// what they ask and send goes the way of <see cref="CallContext"/>.
/// </summary>
#pragma warning disable MCPEXP002 // Deriving from it is what it is for; a change of it shows in the build.
internal sealed class ClientServer(CallContext context) : McpServer
#pragma warning restore MCPEXP002
{
#pragma warning disable MCP9005, CS0672 // Older clients have what the newest revision gave up.
    // What this client cannot do is found out by asking it: that is the same in both eras.
    private static readonly ClientCapabilities Anything = new()
    {
        Elicitation = new() { Form = new(), Url = new() },
        Sampling = new(),
        Roots = new(),
    };

    public override LoggingLevel? LoggingLevel => null;
#pragma warning restore MCP9005, CS0672

    public override string? SessionId => context.SessionId;

    // A revision in which questions are requests: that is how they are put here, whatever the client speaks.
    public override string? NegotiatedProtocolVersion => Revisions.NewestLegacy.Wire();
    public override ClientCapabilities? ClientCapabilities => Anything;
    public override Implementation? ClientInfo => null;
    public override McpServerOptions ServerOptions { get; } = new();
    public override IServiceProvider? Services => context.Services;

    /// <summary>Has the official package answer a request.</summary>
    /// <param name="context">The call.</param>
    /// <param name="method">Method of the request.</param>
    /// <param name="parameters">Its params.</param>
    /// <param name="answer">The package's way.</param>
    /// <param name="what">What is asked for, for messages.</param>
    public static async ValueTask<ChannelReply> AnswerAsync<TParams, TResult>(
        CallContext context,
        string method,
        TParams parameters,
        Func<RequestContext<TParams>, CancellationToken, ValueTask<TResult>> answer,
        string what
    )
    {
        await using var server = new ClientServer(context);
        var request = new JsonRpcRequest { Id = new RequestId(context.RequestId.ToString()), Method = method };
        try
        {
            var asked = new RequestContext<TParams>(server, request, parameters) { Services = context.Services };
            var result = await answer(asked, context.CancellationToken).AsTask().WaitAsync(context.CancellationToken);
            return new ChannelReply(
                ChannelReplyKind.Result,
                JsonSerializer.SerializeToUtf8Bytes(result, MethodSchemas.Json.GetTypeInfo(typeof(TResult)))
            );
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            // Prompts and resources have no error results; the message of others may hold what nobody must see.
            var told = e is ToolFailedException or McpException or ClientCannotAnswerException
                ? e.Message
                : $"{what} failed ({e.GetType().Name})";
            var code = e is McpProtocolException known
                ? (int)known.ErrorCode
                : Fairlead.Protocol.McpErrorCode.InternalError;
            return new ChannelReply(ChannelReplyKind.Error, Error(code, told));
        }
    }

    public override async Task<JsonRpcResponse> SendRequestAsync(
        JsonRpcRequest request,
        CancellationToken cancellationToken = default
    )
    {
        var parameters = JsonElement.Parse(request.Params?.ToJsonString() ?? "{}");
        var answer = await context.AskAsync(request.Method, parameters).AsTask().WaitAsync(cancellationToken);
        return new JsonRpcResponse { Id = request.Id, Result = JsonNode.Parse(answer.GetRawText()) };
    }

    public override Task SendMessageAsync(JsonRpcMessage message, CancellationToken cancellationToken = default)
    {
        if (message is JsonRpcNotification { Method: NotificationMethods.ProgressNotification, Params: { } told })
        {
            var value = told.Deserialize(MethodSchemas.Json.GetTypeInfo(typeof(ProgressNotificationParams)));
            context.OnProgress(((ProgressNotificationParams)value!).Progress);
        }
        return Task.CompletedTask;
    }

    public override IAsyncDisposable RegisterNotificationHandler(
        string method,
        Func<JsonRpcNotification, CancellationToken, ValueTask> handler
    ) => throw new NotSupportedException("A tool hears no notifications of its client.");

    public override Task RunAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static byte[] Error(int code, string message)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("code"u8, code);
            json.WriteString("message"u8, message);
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }
}
