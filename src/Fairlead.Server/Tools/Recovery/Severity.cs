using System.Collections.Frozen;
using System.ComponentModel;
using System.Net.Http;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security;
using System.Security.Authentication;

namespace Fairlead.Server.Tools.Recovery;

/// <summary>How bad a failure is .</summary>
internal enum Severity
{
    Low,
    Medium,
    High,
    Critical,
}

/// <summary>
/// Which exception is how bad: process, memory and system faults are critical; permission, security and
/// authentication high; timeout, connection and HTTP medium; the rest low.
/// </summary>
internal static class SeverityTable
{
    private static readonly FrozenDictionary<Type, Severity> Types = new Dictionary<Type, Severity>
    {
        [typeof(OutOfMemoryException)] = Severity.Critical,
        [typeof(StackOverflowException)] = Severity.Critical,
        [typeof(InsufficientExecutionStackException)] = Severity.Critical,
        [typeof(AccessViolationException)] = Severity.Critical,
        [typeof(InvalidProgramException)] = Severity.Critical,
        [typeof(BadImageFormatException)] = Severity.Critical,
        [typeof(SEHException)] = Severity.Critical,
        // What starting and watching processes throws; sockets derive from it and are found first.
        [typeof(Win32Exception)] = Severity.Critical,
        [typeof(UnauthorizedAccessException)] = Severity.High,
        [typeof(SecurityException)] = Severity.High,
        [typeof(AuthenticationException)] = Severity.High,
        [typeof(TimeoutException)] = Severity.Medium,
        [typeof(OperationCanceledException)] = Severity.Medium,
        [typeof(SocketException)] = Severity.Medium,
        [typeof(HttpRequestException)] = Severity.Medium,
        [typeof(HttpIOException)] = Severity.Medium,
        [typeof(EndOfStreamException)] = Severity.Medium,
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, Severity> Names = Types
        .Select(t => KeyValuePair.Create(t.Key.Name, t.Value))
        .Concat(
            new Dictionary<string, Severity>
            {
                [nameof(TaskCanceledException)] = Severity.Medium,
                [nameof(InsufficientMemoryException)] = Severity.Critical,
                // Reasons of the gateway's own error table.
                ["upstream_unavailable"] = Severity.Medium,
                ["upstream_crashed"] = Severity.Medium,
                ["upstream_timeout"] = Severity.Medium,
                ["circuit_open"] = Severity.Medium,
            }
        )
        .ToFrozenDictionary();

    /// <summary>The nearest entry among the exception's type and those it derives from.</summary>
    public static Severity Of(Exception exception)
    {
        for (var type = exception.GetType(); type is not null; type = type.BaseType)
        {
            if (Types.TryGetValue(type, out var severity))
                return severity;
        }
        return Severity.Low;
    }

    /// <summary>The same where only a name is left of the exception, or a reason of the gateway's error table.</summary>
    public static Severity Of(string type) => Names.GetValueOrDefault(type, Severity.Low);
}
