using Fairlead.Protocol;
using Fairlead.Server.Gateway.Replies;
using Fairlead.Server.Telemetry;

namespace Fairlead.Server.Gateway.Traffic;

/// <summary>Where the end of every call is recorded: the call log and the meter. Never waits.</summary>
internal delegate bool WriteCallLog(in CallLogRow row);

/// <summary>Turns an ended call into its record.</summary>
internal sealed class TrafficRecord(WriteCallLog log, TimeProvider time)
{
    public void Write(Call call, Answer answer)
    {
        var session = call.Session;
        var row = new CallLogRow
        {
            At = call.At,
            RequestId = call.Number,
            Method = MethodName(call.Envelope),
            Name = call.Name,
            GroupId = call.Group.Config.Id.Value,
            ServiceId = call.Route?.Publication.Service?.Value,
            CallerAppId = session is null ? ClientName(call.Envelope) : session.ClientName,
            UserId = call.User?.Value,
            Success = answer is { IsError: false, Code: 0, ToolFailed: false },
            ErrorCode = answer.Code,
            ErrorMessage = answer.Message ?? (answer.ToolFailed ? "the tool reported an error" : null),
            DurationMicroseconds = (long)time.GetElapsedTime(call.Started).TotalMicroseconds,
        };
        log(in row);
    }

    private static string MethodName(Envelope envelope) =>
        envelope.Method == McpMethod.Unknown ? "unknown" : envelope.Method.Wire();

    private static string? ClientName(Envelope envelope)
    {
        var name = JsonScan.Text(envelope.ClientInfo.Of(envelope.Message.Span), "name"u8);
        return name is { Length: > 100 } ? name[..100] : name;
    }
}
