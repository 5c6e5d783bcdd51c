using System.Text.Json.Serialization;

namespace Fairlead.Server.Tools.Http;

[JsonSerializable(typeof(string))]
internal sealed partial class HttpToolJson : JsonSerializerContext;
