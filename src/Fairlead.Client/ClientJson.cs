using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Client.Rest;

namespace Fairlead.Client;

/// <summary>The REST face's types on the wire; unknown members are ignored, so that a newer gateway can be talked to.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(SignInRequest))]
[JsonSerializable(typeof(Envelope<AccessToken>))]
[JsonSerializable(typeof(Envelope<SignedInUser>))]
[JsonSerializable(typeof(GroupDraft))]
[JsonSerializable(typeof(GroupChange))]
[JsonSerializable(typeof(KeyGrace))]
[JsonSerializable(typeof(Envelope<GroupInfo>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<GroupInfo>>))]
[JsonSerializable(typeof(Envelope<GroupKey>))]
[JsonSerializable(typeof(ToolSettings))]
[JsonSerializable(typeof(Envelope<PublishedTool>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<PublishedTool>>))]
[JsonSerializable(typeof(ServiceDraft))]
[JsonSerializable(typeof(ServiceDefinition))]
[JsonSerializable(typeof(StopRequest))]
[JsonSerializable(typeof(ImportRequest))]
[JsonSerializable(typeof(Envelope<ServiceInfo>))]
[JsonSerializable(typeof(Envelope<ServiceDetail>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<ServiceInfo>>))]
[JsonSerializable(typeof(Envelope<ImportResult>))]
[JsonSerializable(typeof(Envelope<ServiceExport>))]
[JsonSerializable(typeof(SecretValue))]
[JsonSerializable(typeof(Envelope<SecretInfo>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<SecretInfo>>))]
[JsonSerializable(typeof(RegistryImport))]
[JsonSerializable(typeof(Envelope<RegistryPage>))]
[JsonSerializable(typeof(Envelope<ServiceCheck>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<ServiceCheck>>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<ServiceTool>>))]
[JsonSerializable(typeof(Envelope<CallPage>))]
[JsonSerializable(typeof(CallRecord))]
[JsonSerializable(typeof(ServiceLogLine))]
[JsonSerializable(typeof(SeveralRequest))]
[JsonSerializable(typeof(ServiceEvent))]
[JsonSerializable(typeof(Envelope<ServiceHealth>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<ServiceEvent>>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<ServiceOutcome>>))]
[JsonSerializable(typeof(Envelope<ServiceLogPage>))]
[JsonSerializable(typeof(ReviewDecision))]
[JsonSerializable(typeof(Envelope<ReviewDetail>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<ReviewInfo>>))]
[JsonSerializable(typeof(UserDraft))]
[JsonSerializable(typeof(UserChange))]
[JsonSerializable(typeof(NewPassword))]
[JsonSerializable(typeof(Envelope<UserInfo>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<UserInfo>>))]
[JsonSerializable(typeof(Envelope<Ignored>))]
internal sealed partial class ClientJson : JsonSerializerContext;
