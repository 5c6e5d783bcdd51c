using Fairlead.Protocol;
using Fairlead.Server.Gateway.Replies;

namespace Fairlead.Server.Gateway.Bridge;

/// <summary>Client and service of one era: nothing changes but names and ids.</summary>
internal sealed class SameEra : EraBridge
{
    public override bool CarriesQuestions => true;

    public override OutgoingParams Params(Call call, ReadOnlyMemory<byte>? name) =>
        OutgoingParams.Build(call.Envelope, name, call.Sent);

    public override Answer Result(Call call, ReadOnlyMemory<byte> result) =>
        call.Revision.Era() == Era.Legacy ? Answer.Result(result) : ModernResult.Check(call, result);

    public override Answer Error(Call call, ReadOnlyMemory<byte> error) =>
        call.Revision.Era() == Era.Legacy ? AsIs(error) : ModernError(error);

    // The specification fixes HTTP statuses for these codes, whoever raised them (R15, R31, R32). A header or version
    // complaint is about the request we made, not the client's.
    private static Answer ModernError(ReadOnlyMemory<byte> error) =>
        CodeOf(error) switch
        {
            McpErrorCode.MissingClientCapability => AsIs(error, 400),
            McpErrorCode.HeaderMismatch or McpErrorCode.UnsupportedVersion => WithCode(
                error,
                McpErrorCode.UpstreamProtocolError
            ),
            _ => Permitted(error),
        };
}
