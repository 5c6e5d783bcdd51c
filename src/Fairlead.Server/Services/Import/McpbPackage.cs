using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Import;

/// <summary>
/// A package of a <c>server.json</c> that is a bundle to be downloaded. Until that is done it stands in a definition
/// whose command no service can have.
/// </summary>
internal static partial class McpbPackage
{
    public const string Type = "mcpb";

    /// <summary>No program: a bundle that has to be fetched first.</summary>
    public const string Command = "\0mcpb";

    public static ServiceDefinition? Of(ServerFields fields, JsonElement package, string path, string id)
    {
        var sha256 = fields.Text(package, "fileSha256")?.ToLowerInvariant();
        if (sha256 is null || !Digest().IsMatch(sha256))
            fields.Problem($"{path}.fileSha256", "is needed: 64 hexadecimal digits");
        if (!Uri.TryCreate(id, UriKind.Absolute, out var url) || url.Scheme is not ("https" or "http"))
            fields.Problem($"{path}.identifier", "must be the https address of the bundle");
        return new ServiceDefinition
        {
            Transport = ServiceTransport.Stdio,
            Command = Command,
            Args = [id, sha256 ?? ""],
        };
    }

    /// <summary>Address and SHA-256 of the bundle that a definition stands for; null when it is a service.</summary>
    public static (Uri Url, string Sha256)? In(ServiceDefinition definition) =>
        definition is { Command: Command, Args: [var url, var sha256] } ? (new Uri(url), sha256) : null;

    [GeneratedRegex("^[0-9a-f]{64}$", RegexOptions.NonBacktracking)]
    private static partial Regex Digest();
}
