using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Hosting.Limits;
using Fairlead.Toolkit;

namespace Fairlead.Server.Tools;

/// <summary>
/// How often a user may call native tools (P-89, C-03): all that have no <c>[RateLimit]</c> together, and each that has one
/// by itself. A group's key is no user: callers who name none share one allowance. Counted before the cache and the run.
/// </summary>
internal sealed class NativeLimit
{
    private const string Anonymous = "anonymous";
    private readonly SharedLimits limits;
    private readonly AllowanceTable users;
    private readonly RateRule named;
    private readonly RateRule unnamed;
    private readonly string what;

    private NativeLimit(
        SharedLimits limits,
        string name,
        string what,
        RateRule named,
        RateRule unnamed,
        TimeProvider time
    )
    {
        (this.limits, this.what, this.named, this.unnamed) = (limits, what, named, unnamed);
        users = limits.Limit(
            name,
            (key, now) =>
            {
                var rule = key == Anonymous ? unnamed : named;
                return new SlidingWindow(Math.Max(1, rule.Max), rule.Window, time.TimestampFrequency, now);
            }
        );
    }

    /// <summary>Gives each tool its limit.</summary>
    public static void Attach(
        IEnumerable<NativeTool> tools,
        LimitsOptions options,
        SharedLimits limits,
        TimeProvider time
    )
    {
        var ofUsers = new RateRule(options.UserCalls, options.UserWindow);
        var ofOthers = new RateRule(options.AnonymousCalls ?? options.UserCalls, options.UserWindow);
        var shared = new NativeLimit(limits, "tools", "native tools", ofUsers, ofOthers, time);
        foreach (var tool in tools)
            tool.Limit = tool.Policy.Rate is { } own
                ? new NativeLimit(limits, $"tool:{Uri.EscapeDataString(tool.Name)}", tool.Name, own, own, time)
                : shared;
    }

    /// <summary>Takes a call of the user's allowance; null where there is no limit.</summary>
    public Permit? Take(CallContext context)
    {
        var user = context.User;
        return RuleOf(user).Max == 0 ? null : limits.Take(users, user is null ? Anonymous : $"user/{user.Id}");
    }

    /// <summary>
    /// The result of a call that was not let through: a text for the model, and for programs <c>_meta</c>, for
    /// <c>structuredContent</c> must be what the tool's schema says.
    /// </summary>
    public byte[] Refusal(Permit permit, CallContext context)
    {
        var rule = RuleOf(context.User);
        var who = context.User is null ? "all callers who name no user" : "each user";
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"Rate limit exceeded: {rule.Max} calls of {what} in {rule.Window.TotalSeconds:0.###} s for {who}; none remaining, wait {permit.RetryAfter} s."
        );
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartArray("content"u8);
            json.WriteStartObject();
            json.WriteString("type"u8, "text"u8);
            json.WriteString("text"u8, text);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteBoolean("isError"u8, true);
            json.WriteStartObject("_meta"u8);
            json.WriteStartObject("fairlead/error"u8);
            json.WriteNumber("code"u8, McpErrorCode.RateLimited);
            json.WriteString("reason"u8, "rate_limited"u8);
            json.WriteBoolean("retryable"u8, true);
            json.WriteString("outcome"u8, "none"u8);
            json.WriteString("requestId"u8, context.RequestId.ToString());
            json.WriteNumber("limit"u8, rule.Max);
            json.WriteNumber("windowSeconds"u8, rule.Window.TotalSeconds);
            json.WriteNumber("remaining"u8, permit.Remaining);
            json.WriteNumber("retryAfterSeconds"u8, permit.RetryAfter);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private RateRule RuleOf(CallUser? user) => user is null ? unnamed : named;
}
