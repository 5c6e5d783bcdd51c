using System.CommandLine;
using System.CommandLine.Parsing;
using Fairlead.Cli;
using Fairlead.Serve;
using Fairlead.Server.Storage;

namespace Fairlead.Doctor;

/// <summary><c>fairlead doctor</c>: what is wrong here, and how to mend it. Works whether the gateway runs or not.</summary>
internal static class DoctorCommand
{
    private const int DefaultMinFree = 512;
    private const int DefaultTimeout = 10;
    private const int LongestTimeout = 3600;

    public static Command Build(Terminal terminal)
    {
        var data = new Option<string?>("--data")
        {
            Description = "Folder of the store. Default ./data.",
            HelpName = "DIR",
        };
        var config = new Option<string?>("--config")
        {
            Description = "The JSON file of settings the gateway is started with",
            HelpName = "FILE",
        };
        var urls = new Option<string?>("--urls")
        {
            Description = "Addresses the gateway listens on [FAIRLEAD_URLS, else that of --server]",
            HelpName = "URLS",
        };
        var minFree = NumberOption.Create(
            "--min-free",
            $"Free MiB below which the disk is a fault [{DefaultMinFree}]",
            "MIB",
            1,
            int.MaxValue
        );
        var timeout = NumberOption.Create(
            "--timeout",
            $"Seconds each check may take [{DefaultTimeout}]",
            "SECONDS",
            1,
            LongestTimeout
        );
        return new GatewayVerbs(terminal).Verb(
            "doctor",
            "Find what is wrong on this machine and with its gateway, and how to mend it. Exit code 1 when there is a "
                + "fault; warnings alone are 0.",
            [data, config, urls, minFree, timeout],
            async (session, parsed, cancellationToken) =>
            {
                var listen = parsed.GetValue(urls) ?? terminal.Variable("FAIRLEAD_URLS");
                var server =
                    listen is not null && !IsGiven(parsed, "--server") && terminal.Variable("FAIRLEAD_SERVER") is null
                        ? Client(listen) ?? session.Server
                        : session.Server;
                var settings = new ServeSettings(
                    listen ?? server.GetLeftPart(UriPartial.Authority),
                    parsed.GetValue(data),
                    McpConfig: null,
                    parsed.GetValue(config),
                    StdioGroup: null
                );
                var free = (parsed.GetValue(minFree) ?? DefaultMinFree) * 1024L * 1024;
                var site = new Site(terminal, server, settings, free);
                var here = server.IsLoopback || settings.Data is not null || settings.ConfigFile is not null;
                var found = await Examination.RunAsync(
                    [.. Examination.All.Where(check => here || !check.IsLocal)],
                    site,
                    TimeSpan.FromSeconds(parsed.GetValue(timeout) ?? DefaultTimeout),
                    cancellationToken
                );
                return Tell(session.Output, found);
            }
        );
    }

    private static int Tell(Output output, IReadOnlyList<Finding> found)
    {
        var faults = found.Count(f => f.Severity == Severity.Fault);
        var warnings = found.Count(f => f.Severity == Severity.Warning);
        if (output.IsJson)
        {
            output.Json(new DoctorReport(faults, warnings, found), DoctorJson.Default.DoctorReport);
            return faults == 0 ? ExitCode.Ok : ExitCode.Failed;
        }
        foreach (var (severity, check, where, what, mend) in found)
        {
            var mark = severity switch
            {
                Severity.Ok => "ok     ",
                Severity.Warning => "warning",
                _ => "FAULT  ",
            };
            output.Line($"{mark}  {check, -13}  {where}: {what}");
            if (mend is not null)
                output.Line($"         {"", -13}  → {mend}");
        }
        output.Line($"{Count(faults, "fault")}, {Count(warnings, "warning")}");
        return faults == 0 ? ExitCode.Ok : ExitCode.Failed;
    }

    private static string Count(int number, string what) => $"{number} {what}{(number == 1 ? "" : "s")}";

    private static bool IsGiven(ParseResult parsed, string option) =>
        parsed.GetResult(option) is OptionResult { Implicit: false };

    /// <summary>Where a client finds the first address; null where it is none, which a check tells.</summary>
    private static Uri? Client(string listen)
    {
        try
        {
            return new Uri(ListenAddresses.ForClients(ListenAddresses.Parse(listen)[0]));
        }
        catch (Exception e) when (e is StoreException or UriFormatException)
        {
            return null;
        }
    }
}
