using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Fairlead.Toolkit;

/// <summary>The user a call names.</summary>
/// <param name="Id">Id of the user.</param>
/// <param name="Name">Name to sign in with; null where the token does not say it.</param>
/// <param name="Roles">The user's roles.</param>
/// <param name="Tier">The user's tier; null without one.</param>
public sealed record CallUser(string Id, string? Name, IReadOnlyList<string> Roles, string? Tier);

/// <summary>
/// One call, as a tool sees it (P-13, P-20). Take it as a parameter, or read <see cref="Current"/> anywhere below the
/// tool: it flows with the call. In a test, make one and <see cref="Enter"/> it.
/// </summary>
public class CallContext
{
    private static readonly AsyncLocal<CallContext?> Flowing = new();
    private readonly long started;
    private Guid requestId;
    private ConcurrentDictionary<string, object?>? metadata;

    /// <summary>Makes a context; the gateway makes one for each call.</summary>
    /// <param name="services">Where services come from.</param>
    /// <param name="time">The clock; null is the system's.</param>
    /// <param name="cancellationToken">Cancelled when the call ends early.</param>
    public CallContext(
        IServiceProvider services,
        TimeProvider? time = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(services);
        Services = services;
        Clock = time ?? TimeProvider.System;
        started = Clock.GetTimestamp();
        StartedAt = Clock.GetUtcNow();
        CancellationToken = cancellationToken;
    }

    /// <summary>The context of the call that runs here; null outside a call.</summary>
    public static CallContext? Current => Flowing.Value;

    /// <summary>The call's id, the one in logs and in errors: a UUID of version 7.</summary>
    public Guid RequestId
    {
        get => requestId == default ? requestId = Guid.CreateVersion7(StartedAt) : requestId;
        init => requestId = value;
    }

    internal TimeProvider Clock { get; }

    /// <summary>When the call began.</summary>
    public DateTimeOffset StartedAt { get; }

    /// <summary>How long it runs.</summary>
    public TimeSpan Elapsed => Clock.GetElapsedTime(started);

    /// <summary>Name of the tool, prompt or resource as its author gave it.</summary>
    public string Name { get; init; } = "";

    /// <summary>Server code of the group the call came through; null outside the gateway.</summary>
    public string? Group { get; init; }

    /// <summary>The client's session; null in the stateless revision.</summary>
    public string? SessionId { get; init; }

    /// <summary>The user the call names; null when it names none. Never trust a name from the arguments instead.</summary>
    public virtual CallUser? User { get; init; }

    /// <summary>Services, as they were registered: the program's database, its HTTP clients, its configuration.</summary>
    public IServiceProvider Services { get; }

    /// <summary>Cancelled when the caller gives up or the call's time is over.</summary>
    public CancellationToken CancellationToken { get; internal set; }

    /// <summary>What parts of one call leave for each other; gone with the call. Safe from several threads.</summary>
    public IDictionary<string, object?> Metadata =>
        metadata ?? Interlocked.CompareExchange(ref metadata, new(), null) ?? metadata;

    /// <summary>Makes this the <see cref="Current"/> context until the returned value is disposed.</summary>
    public IDisposable Enter()
    {
        var before = Flowing.Value;
        Flowing.Value = this;
        return new Left(before);
    }

    // What every log line of the call carries.
    internal virtual IDisposable? BeginScope() => null;

    // For who returns to its caller by an async method, which puts the former context back.
    internal void Flow() => Flowing.Value = this;

    /// <summary>Tells a client that asked for it how far the call is; others are told nothing.</summary>
    /// <param name="progress">How far; must grow from report to report.</param>
    /// <param name="total">How far in all; null when not known.</param>
    /// <param name="message">What is being done.</param>
    public void Report(double progress, double? total = null, string? message = null) =>
        OnProgress(
            new ProgressNotificationValue
            {
                Progress = (float)progress,
                Total = (float?)total,
                Message = message,
            }
        );

    /// <summary>Sends a log message to the client, where it wants messages of that level.</summary>
    /// <param name="level">How grave.</param>
    /// <param name="message">What happened; the client sees it as it is.</param>
    public void Log(LogLevel level, string message) => OnLog(level, message);

    /// <summary>Asks the person at the client to fill in a form, and waits for it. Works in both eras.</summary>
    /// <param name="request">What is asked.</param>
    /// <returns>What the person did: accepted with content, declined or cancelled.</returns>
    /// <exception cref="ClientCannotAnswerException">The client cannot be asked, or answered wrongly.</exception>
    public async ValueTask<ElicitResult> ElicitAsync(ElicitRequestParams request)
    {
        var options = McpJsonUtilities.DefaultOptions;
        var sent = JsonSerializer.SerializeToElement(request, options.GetTypeInfo(typeof(ElicitRequestParams)));
        return Read<ElicitResult>(await AskAsync(RequestMethods.ElicitationCreate, sent));
    }

    /// <summary>Has the client's model write something, and waits for it. Works in both eras.</summary>
    /// <param name="prompt">What the model is asked.</param>
    /// <param name="maxTokens">Most tokens it may write.</param>
    /// <param name="systemPrompt">What it is told beforehand; null for nothing.</param>
    /// <returns>The text it wrote; empty when it wrote something else.</returns>
    /// <exception cref="ClientCannotAnswerException">The client cannot be asked, or answered wrongly.</exception>
    public async ValueTask<string> SampleAsync(string prompt, int maxTokens = 1000, string? systemPrompt = null)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartArray("messages"u8);
            json.WriteStartObject();
            json.WriteString("role"u8, "user"u8);
            json.WriteStartObject("content"u8);
            json.WriteString("type"u8, "text"u8);
            json.WriteString("text"u8, prompt);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteNumber("maxTokens"u8, maxTokens);
            if (systemPrompt is not null)
                json.WriteString("systemPrompt"u8, systemPrompt);
            json.WriteEndObject();
        }
        var answer = await AskAsync("sampling/createMessage", JsonElement.Parse(buffer.WrittenSpan));
        return
            answer.ValueKind == JsonValueKind.Object
            && answer.TryGetProperty("content", out var content)
            && content.ValueKind == JsonValueKind.Object
            && content.TryGetProperty("text", out var text)
            ? text.GetString() ?? ""
            : "";
    }

    /// <summary>Puts a question to the client; without one there is nobody to ask.</summary>
    /// <param name="method">Method of the question.</param>
    /// <param name="parameters">Its <c>params</c>.</param>
    /// <returns>The client's <c>result</c>.</returns>
    /// <exception cref="ClientCannotAnswerException">The client cannot be asked, or answered with an error.</exception>
    protected internal virtual ValueTask<JsonElement> AskAsync(string method, JsonElement parameters) =>
        throw new ClientCannotAnswerException("There is no client to ask.");

    /// <summary>A report of progress; the default drops it.</summary>
    /// <param name="value">How far.</param>
    protected internal virtual void OnProgress(ProgressNotificationValue value) { }

    /// <summary>A message for the client's log; the default drops it.</summary>
    /// <param name="level">How grave.</param>
    /// <param name="message">What happened.</param>
    protected internal virtual void OnLog(LogLevel level, string message) { }

    private static T Read<T>(JsonElement answer)
    {
        try
        {
            var info = McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(T));
            return (T?)answer.Deserialize(info)
                ?? throw new ClientCannotAnswerException("The client answered with nothing.");
        }
        catch (JsonException e)
        {
            throw new ClientCannotAnswerException("The client's answer cannot be read.", e);
        }
    }

    private sealed class Left(CallContext? before) : IDisposable
    {
        public void Dispose() => Flowing.Value = before;
    }
}
