using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Bridge;
using Fairlead.Server.Gateway.Intake;
using Fairlead.Server.Gateway.Replies;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Groups;
using Fairlead.Server.Tools;

namespace Fairlead.Server.Gateway.Finding;

/// <summary>
/// The two tools of groups that list none: <c>find_tools</c> is answered here, <c>call_tool</c> becomes a call of the
/// tool it names, and goes the way of all calls from there.
/// </summary>
internal sealed class FinderStep(ReadUserToken readUser)
{
    private static readonly byte[] NoArguments = "{}"u8.ToArray();

    /// <summary>Whether a call is one of the two.</summary>
    public static bool Takes(string name) => name is ExposedNames.FindTools or ExposedNames.CallTool;

    /// <summary>Answers a search, or finds the tool that is to be called.</summary>
    /// <param name="call">The call; one that names a tool goes on in that tool's name, with its arguments.</param>
    /// <param name="finder">Of its group.</param>
    /// <param name="answer">Where there is nothing to call.</param>
    public ItemRoute? Run(Call call, ToolFinder finder, out Answer answer)
    {
        var arguments = call.Envelope.Arguments.Of(call.Envelope.Message);
        if (arguments.Span.SequenceEqual("null"u8))
            arguments = default;
        if (call.Name == ExposedNames.FindTools)
        {
            // Who asks is looked up only where the answer hangs on it.
            var roles = finder.AsksForUsers ? NativeContext.Named(call, readUser)?.Roles : null;
            var (json, mistake) = finder.Answer(arguments.Span, call.Revision.Era(), roles);
            answer = Told(call, json, mistake);
            return null;
        }
        if (Mistake(arguments.Span) is { } wrong)
        {
            answer = Told(call, ToolFinder.Failure(call.Revision.Era(), wrong), wrong);
            return null;
        }
        var inner = JsonScan.Find(arguments.Span, "arguments"u8);
        var isGiven = inner.Present && arguments.Span[inner.Start] == (byte)'{';
        call.Name = JsonScan.Text(arguments.Span, "name"u8)!;
        call.Sent = isGiven ? inner.Of(arguments) : NoArguments;
        call.IsFound = true;
        answer = default;
        if (call.Group.Tools.TryGetValue(call.Name, out var route))
            return route;
        answer = CallPipeline.Unknown(call, Condition.UnknownTool, call.Name);
        return null;
    }

    private static string? Mistake(ReadOnlySpan<byte> arguments)
    {
        if (arguments.IsEmpty || arguments[0] != (byte)'{')
            return "'arguments' must be an object with the tool's name and its own arguments.";
        var reader = new Utf8JsonReader(arguments);
        var hasName = false;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            switch (name)
            {
                case "name" when reader.TokenType == JsonTokenType.String:
                    hasName = true;
                    break;
                case "name":
                    return "The parameter 'name' must be a string.";
                case "arguments" when reader.TokenType is JsonTokenType.StartObject or JsonTokenType.Null:
                    reader.Skip();
                    break;
                case "arguments":
                    return "The parameter 'arguments' must be an object of the tool's own arguments, not a text of it.";
                default:
                    return $"There is no parameter '{name}'; the tool's own arguments go into 'arguments'.";
            }
        }
        return hasName ? null : "The parameter 'name' is missing: the name of a tool that find_tools returned.";
    }

    private static Answer Told(Call call, byte[] json, string? mistake)
    {
        var answer = Answer.Result(json) with { ToolFailed = mistake is not null, Message = mistake };
        return call.Session is { } session ? OlderContent.Adapt(answer, call.Envelope.Method, session.Rules) : answer;
    }
}
