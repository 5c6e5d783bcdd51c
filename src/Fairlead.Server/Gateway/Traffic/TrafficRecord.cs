using System.Collections.Frozen;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Replies;
using Fairlead.Server.Telemetry;
using Fairlead.Server.Telemetry.Redact;

namespace Fairlead.Server.Gateway.Traffic;

/// <summary>Where the end of every call is recorded: the call log and the meter. Never waits.</summary>
internal delegate bool WriteCallLog(in CallLogRow row);

/// <summary>
/// Turns an ended call into its record. Rows wait in a queue that is bounded in number, so each is bounded in size:
/// what a client or a service chose is cut here.
/// </summary>
internal sealed class TrafficRecord(WriteCallLog log, TimeProvider time)
{
    private const int MaxName = 256;
    private const int MaxClient = 100;
    private const int MaxError = 1024;

    public void Write(Call call, Answer answer)
    {
        var session = call.Session;
        var success = answer is { IsError: false, Code: 0, ToolFailed: false };
        // Successful calls are most of the traffic and none of the trouble: their bodies are kept on request only.
        var keeps = !success || call.Group.Config.LogBodies;
        var row = new CallLogRow
        {
            At = call.At,
            RequestId = call.Number,
            Method = MethodName(call.Envelope),
            Name = ShortText.Cut(call.Name, MaxName),
            GroupId = call.Group.Config.Id.Value,
            ServiceId = call.Route?.Publication.Service?.Value,
            CallerAppId = ShortText.Cut(session is null ? ClientName(call.Envelope) : session.ClientName, MaxClient),
            UserId = call.User?.Value,
            Success = success,
            ErrorCode = answer.Code,
            ErrorMessage = ShortText.Cut(
                answer.Message ?? (answer.ToolFailed ? "the tool reported an error" : null),
                MaxError
            ),
            DurationMicroseconds = (long)time.GetElapsedTime(call.Started).TotalMicroseconds,
            RequestBody = keeps ? Kept(call.Envelope.Params.Of(call.Envelope.Message), call.Route?.Sensitive) : null,
            ResponseBody = keeps ? Kept(Whole(answer), call.Route?.Sensitive) : null,
        };
        log(in row);
    }

    private static byte[]? Kept(ReadOnlyMemory<byte> json, FrozenSet<string>? sensitive) =>
        json.IsEmpty ? null : Redaction.Mask(json.Span, sensitive: sensitive);

    private static ReadOnlyMemory<byte> Whole(Answer answer) =>
        answer.Length == answer.A.Length ? answer.A : (byte[])[.. answer.A.Span, .. answer.B.Span, .. answer.C.Span];

    private static string MethodName(Envelope envelope) =>
        envelope.Method == McpMethod.Unknown ? "unknown" : envelope.Method.Wire();

    private static string? ClientName(Envelope envelope) =>
        JsonScan.Text(envelope.ClientInfo.Of(envelope.Message.Span), "name"u8);
}
