using System.CommandLine;
using System.Globalization;
using Fairlead.Cli;
using Microsoft.Diagnostics.NETCore.Client;
using static System.FormattableString;

namespace Fairlead.Profile;

/// <summary>Printed by <c>profile --json</c>.</summary>
/// <param name="Pid">The process.</param>
/// <param name="Seconds">How long it was watched.</param>
/// <param name="Samples">Samples of threads at work.</param>
/// <param name="Slowest">Methods that ran most of the time.</param>
/// <param name="Growth">Types that take more memory than before.</param>
/// <param name="HeapBytes">All that lives at the end.</param>
/// <param name="HeapBytesMore">The same less what lived at the beginning.</param>
internal sealed record ProfileView(
    int Pid,
    int Seconds,
    int Samples,
    IReadOnlyList<HotMethod> Slowest,
    IReadOnlyList<GrownType> Growth,
    long HeapBytes,
    long HeapBytesMore
);

/// <summary><c>fairlead profile</c>: the ten slowest methods and the ten types that grow most (P-98).</summary>
internal static class ProfileCommand
{
    private const int Top = 10;
    private const int DefaultSeconds = 10;
    private const int LongestSeconds = 600;

    public static Command Build(Terminal terminal)
    {
        var pid = NumberOption.Create(
            "--pid",
            "Process to watch, any of .NET by the same user [the gateway of this machine]",
            "PID",
            1,
            int.MaxValue
        );
        var seconds = NumberOption.WithDefault(
            "--seconds",
            "How long to watch",
            "SECONDS",
            1,
            LongestSeconds,
            DefaultSeconds
        );
        return new GatewayVerbs(terminal).Verb(
            "profile",
            "Watch a gateway of this machine: the ten slowest methods and the ten types whose objects grow most.",
            [pid, seconds],
            async (session, parsed, cancellationToken) =>
            {
                var target = parsed.GetValue(pid) ?? Gateway();
                var time = parsed.GetValue(seconds)!.Value;
                try
                {
                    var view = await session.Output.WhileAsync(
                        Invariant($"Watching process {target} for {time} s"),
                        _ => WatchAsync(target, time, terminal.Time, cancellationToken)
                    );
                    Show(session.Output, view);
                    return ExitCode.Ok;
                }
                catch (Exception e)
                    when (e is ServerNotAvailableException or UnauthorizedAccessException or IOException)
                {
                    throw new CliFailure(
                        ExitCode.Failed,
                        Invariant($"Process {target} cannot be watched: {e.Message}"),
                        "It must be a running .NET process of the same user, without DOTNET_EnableDiagnostics=0."
                    );
                }
            }
        );
    }

    private static async Task<ProfileView> WatchAsync(
        int pid,
        int seconds,
        TimeProvider clock,
        CancellationToken cancellationToken
    )
    {
        var client = new DiagnosticsClient(pid);
        var before = await HeapTypes.ReadAsync(client, cancellationToken);
        var (methods, samples) = await HotMethods.ReadAsync(
            client,
            TimeSpan.FromSeconds(seconds),
            Top,
            clock,
            cancellationToken
        );
        var after = await HeapTypes.ReadAsync(client, cancellationToken);
        var (was, now) = (before.Values.Sum(t => t.Bytes), after.Values.Sum(t => t.Bytes));
        return new(pid, seconds, samples, methods, HeapTypes.Growth(before, after, Top), now, now - was);
    }

    private static void Show(Output output, ProfileView view)
    {
        if (output.IsJson)
        {
            output.Json(view, CliJson.Default.ProfileView);
            return;
        }
        output.Line(Invariant($"Slowest methods, of {view.Samples} samples at work in {view.Seconds} s:"));
        output.Table(
            "No thread was at work.",
            ["OWN %", "WITH CALLEES %", "METHOD"],
            view.Slowest.Select(m => (IReadOnlyList<string>)[Share(m.Own), Share(m.WithCallees), m.Name])
        );
        output.Line("");
        output.Line(Invariant($"Growth: the heap has {Size(view.HeapBytes)}, {Signed(view.HeapBytesMore)} more:"));
        output.Table(
            "Nothing grew.",
            ["MORE", "OBJECTS MORE", "NOW", "OBJECTS", "TYPE"],
            view.Growth.Select(t =>
                (IReadOnlyList<string>)
                    [Size(t.BytesMore), Count(t.ObjectsMore), Size(t.Bytes), Count(t.Objects), t.Type]
            )
        );
    }

    private static string Share(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);

    private static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Size(long bytes) => Invariant($"{bytes / 1024.0:N0} KiB");

    private static string Signed(long bytes) => bytes < 0 ? $"-{Size(-bytes)}" : Size(bytes);

    /// <summary>The one <c>fairlead serve</c> of this user.</summary>
    private static int Gateway()
    {
        var all = DiagnosticsClient.GetPublishedProcesses().Where(IsGateway).ToList();
        return all.Count == 1
            ? all[0]
            : throw new CliFailure(
                ExitCode.WrongUsage,
                all.Count == 0
                    ? "No gateway of this user runs on this machine."
                    : $"There are {all.Count} gateways: {string.Join(", ", all)}.",
                "Name the process: --pid PID."
            );
    }

    private static bool IsGateway(int pid)
    {
        try
        {
            var words = File.ReadAllText($"/proc/{pid}/cmdline").Split('\0');
            return words.Contains("serve")
                && words.Any(w => Path.GetFileNameWithoutExtension(w).Equals("fairlead", StringComparison.Ordinal));
        }
        catch (IOException)
        {
            return false; // ended meanwhile
        }
    }
}
