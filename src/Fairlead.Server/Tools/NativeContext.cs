using System.Buffers;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Gateway;
using Fairlead.Server.Gateway.Bridge;
using Fairlead.Server.Gateway.Intake;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Groups;
using Fairlead.Server.Services.Channels;
using Fairlead.Toolkit;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;

namespace Fairlead.Server.Tools;

/// <summary>
/// The context of a call through the gateway. A question goes out on the call's stream (legacy), or ends this leg of the
/// call and waits for the client's retry (modern); the author of a tool sees no difference.
/// </summary>
internal sealed class NativeContext(
    IServiceProvider services,
    TimeProvider time,
    Call? call,
    ICallEvents events,
    ReadUserToken? readUser,
    ILogger? logger,
    CancellationToken cancellationToken
) : CallContext(services, time, cancellationToken)
{
    private const string Bearer = "Bearer ";
    private readonly GroupRoute? route = call?.Group;
    private readonly Lazy<CallUser?> user = new(() => Named(call, readUser));
    private readonly bool isModern = call?.Revision.Era() == Era.Modern;
    private volatile ICallEvents? events = events;
    private Call? call = call;
    private Task turn = Task.CompletedTask;
    private TaskCompletionSource<OpenQuestion>? asked;

    public override CallUser? User => user.Value;

    /// <summary>The group the call came through, with what it publishes.</summary>
    public GroupRoute? Route => route;

    /// <summary>Whether the tool threw what it did not mean to say.</summary>
    public bool Threw { get; set; }

    /// <summary>The call of the leg that runs now; null while the run waits for a retry.</summary>
    public Call? Leg => call;

    /// <summary>Done when the tool asked something that only a retry can answer.</summary>
    public Task<OpenQuestion>? Asked => asked?.Task;

    /// <summary>Lets questions end a leg; without it a modern client cannot be asked.</summary>
    public void AllowLegs() => asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The leg is over: nothing of its call may be touched any more.</summary>
    public void Leave() => (events, call) = (null, null);

    /// <summary>Goes on with another call of the same client.</summary>
    public void Join(Call next, ICallEvents nextEvents)
    {
        (call, events) = (next, nextEvents);
        asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    internal override IDisposable? BeginScope() => logger?.BeginScope(new CallScope(this));

    protected internal override async ValueTask<JsonElement> AskAsync(string method, JsonElement parameters)
    {
        if (isModern)
            return await AskByLegAsync(method, parameters);
        var asking = events ?? throw new ClientCannotAnswerException("There is no client to ask.");
        var wire = method switch
        {
            "elicitation/create" => McpMethod.ElicitationCreate,
            "sampling/createMessage" => McpMethod.SamplingCreateMessage,
            "roots/list" => McpMethod.RootsList,
            _ => throw new ClientCannotAnswerException($"A client cannot be asked for {method}."),
        };
        var sent = JsonSerializer.SerializeToUtf8Bytes(
            parameters,
            Binding.MethodSchemas.Json.GetTypeInfo(typeof(JsonElement))
        );
        var answer = await asking.OnQuestionAsync(wire, sent, CancellationToken);
        return answer.IsError
            ? throw new ClientCannotAnswerException(
                JsonScan.Text(answer.Json.Span, "message"u8) ?? "The client answered with an error."
            )
            : JsonElement.Parse(answer.Json.Span);
    }

    protected internal override void OnProgress(ProgressNotificationValue value)
    {
        if (events is not { } listening || call?.Envelope.ProgressToken.Present == false)
            return;
        // JSON has no such numbers, and a tool should not fail by telling how far it is.
        if (!float.IsFinite(value.Progress))
            return;
        var buffer = new ArrayBufferWriter<byte>(128);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("progressToken"u8, 0);
            json.WriteNumber("progress"u8, value.Progress);
            if (value.Total is { } total && float.IsFinite(total))
                json.WriteNumber("total"u8, total);
            if (value.Message is { } message)
                json.WriteString("message"u8, message);
            json.WriteEndObject();
        }
        // Where the 0 stands the call writes the client's own token.
        var token = "{\"progressToken\":"u8.Length;
        listening.OnNotification(McpMethod.NotificationsProgress, buffer.WrittenSpan, token..(token + 1));
    }

    protected internal override void OnLog(LogLevel level, string message)
    {
        if (events is not { } listening || level == LogLevel.None)
            return;
        var buffer = new ArrayBufferWriter<byte>(128);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString(
                "level"u8,
                level switch
                {
                    LogLevel.Trace or LogLevel.Debug => "debug"u8,
                    LogLevel.Information => "info"u8,
                    LogLevel.Warning => "warning"u8,
                    LogLevel.Error => "error"u8,
                    _ => "critical"u8,
                }
            );
            json.WriteString("logger"u8, Name);
            json.WriteString("data"u8, message);
            json.WriteEndObject();
        }
        listening.OnNotification(McpMethod.NotificationsMessage, buffer.WrittenSpan, default);
    }

    private async ValueTask<JsonElement> AskByLegAsync(string method, JsonElement parameters)
    {
        if (asked is null)
            throw new ClientCannotAnswerException(
                "A client of this revision can be asked only by a tool that is asynchronous."
            );
        // One after the other: each question is a leg of its own.
        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var before = Interlocked.Exchange(ref turn, mine.Task);
        try
        {
            await before.WaitAsync(CancellationToken);
            var question = new OpenQuestion(method, parameters);
            var now = call ?? throw new ClientCannotAnswerException("There is no client to ask.");
            var offered = now.Envelope.ClientCapabilities.Of(now.Envelope.Message.Span);
            if (InputCapability.Missing(question.Request, offered) is not "")
                throw new ClientCannotAnswerException($"The client does not support what {method} needs.");
            asked.TrySetResult(question);
            return await question.Answer.Task.WaitAsync(CancellationToken);
        }
        finally
        {
            mine.SetResult();
        }
    }

    // The token a client shows beside or instead of the group's key; read only when somebody asks who it is.
    /// <summary>The user behind a call; null for none.</summary>
    public static CallUser? Named(Call? call, ReadUserToken? readUser)
    {
        if (call?.Named is { } inside)
            return Of(inside);
        if (call is null || readUser is null)
            return null;
        var shown = call.Shown ?? call.Session?.Shown;
        var token = call.UserToken ?? shown?.UserToken;
        if (
            string.IsNullOrEmpty(token)
            && shown?.Authorization is { } header
            && header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            // A group's key names nobody; each call would otherwise look whether it is a token.
            && !header.AsSpan(Bearer.Length).Trim().StartsWith(GroupKeys.Prefix, StringComparison.Ordinal)
        )
            token = header[Bearer.Length..].Trim();
        return !string.IsNullOrEmpty(token) && readUser(token) is { } named ? Of(named) : null;
    }

    private static CallUser Of(CallingUser user) => new(user.Id.Value, user.Name, user.Roles, user.Tier);
}

/// <summary>A question that waits for a client's retry.</summary>
internal sealed class OpenQuestion(string method, JsonElement parameters)
{
    /// <summary>Completed with the client's result.</summary>
    public TaskCompletionSource<JsonElement> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>It as one of <c>inputRequests</c>.</summary>
    public byte[] Request { get; } = Write(method, parameters);

    private static byte[] Write(string method, JsonElement parameters)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("method"u8, method);
            json.WritePropertyName("params"u8);
            parameters.WriteTo(json);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }
}
