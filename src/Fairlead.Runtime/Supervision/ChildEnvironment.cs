using System.Collections;

namespace Fairlead.Runtime.Supervision;

/// <summary>
/// The environment of a child, built from nothing: a short list of harmless variables, the service's own, and our
/// marks. What else the gateway was given (keys, passwords, tokens) never reaches a service.
/// </summary>
internal static class ChildEnvironment
{
    /// <summary>On every process of this run of the gateway.</summary>
    public const string InstanceMark = "FAIRLEAD_INSTANCE";

    /// <summary>On every process of one service process.</summary>
    public const string ProcessMark = "FAIRLEAD_PROCESS";

    public const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private static readonly HashSet<string> Inherited =
    [
        "PATH",
        "HOME",
        "LANG",
        "TZ",
        "TMPDIR",
        "USER",
        "LOGNAME",
        "SHELL",
        "TERM",
        // Paths of public certificates. Proxies are not here: their addresses often hold a password.
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "NODE_EXTRA_CA_CERTS",
    ];

    public static Dictionary<string, string> Build(
        IDictionary own,
        IReadOnlyDictionary<string, string> added,
        string instance,
        string process
    )
    {
        var result = new Dictionary<string, string> { ["PATH"] = DefaultPath };
        foreach (DictionaryEntry variable in own)
        {
            if (
                variable is { Key: string name, Value: string value }
                && (Inherited.Contains(name) || name.StartsWith("LC_", StringComparison.Ordinal))
            )
                result[name] = value;
        }
        foreach (var (name, value) in added)
            result[name] = value;
        result[InstanceMark] = instance;
        result[ProcessMark] = process;
        return result;
    }
}
