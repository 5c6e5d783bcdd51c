using System.Data.Common;
using System.Net.Sockets;
using Fairlead.Server.Storage;
using Microsoft.AspNetCore.Connections;

namespace Fairlead.Serve;

/// <summary>What keeps a start from succeeding that its operator can mend, in one line that says what to do.</summary>
internal static class StartFailure
{
    private const string Database = "Check Fairlead:Storage and that the database runs and can be reached from here.";

    /// <summary>The line; null for what nobody expected and is a mistake of ours.</summary>
    public static string? Explain(Exception failure) =>
        failure switch
        {
            // These are ours, or the system's with a path or an address in them.
            StoreException or InvalidDataException => OneLine(failure),
            // A database's driver wraps what its sockets say: a bare one is about the address to listen on.
            SocketException { SocketErrorCode: SocketError.AccessDenied } =>
                "This user may not listen on that port (ports below 1024 are root's): choose another with --urls.",
            SocketException { SocketErrorCode: SocketError.AddressNotAvailable } =>
                "The address to listen on is not one of this machine: choose another with --urls.",
            SocketException => $"The address of --urls cannot be listened on: {OneLine(failure)}",
            DbException or TimeoutException => $"{WithCause(failure)} {Database}",
            UnauthorizedAccessException =>
                $"{OneLine(failure)} Give this user the right to it, or choose another folder with --data.",
            FormatException => $"A setting is malformed: {OneLine(failure)}",
            IOException { InnerException: AddressInUseException } =>
                $"{OneLine(failure).TrimEnd('.')}. Choose another with --urls; 'fairlead doctor' names who has this one.",
            IOException => OneLine(failure),
            _ => null,
        };

    private static string WithCause(Exception failure) =>
        failure.InnerException is { } cause && !failure.Message.Contains(cause.Message, StringComparison.Ordinal)
            ? $"{OneLine(failure).TrimEnd('.')}: {OneLine(cause).TrimEnd('.')}."
            : $"{OneLine(failure).TrimEnd('.')}.";

    private static string OneLine(Exception failure) => failure.Message.ReplaceLineEndings(" ").Trim();
}
