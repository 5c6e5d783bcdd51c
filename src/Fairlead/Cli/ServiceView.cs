using System.Globalization;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary>A service in words.</summary>
internal static class ServiceView
{
    /// <summary>The states that can be asked for.</summary>
    public static readonly string[] States =
    [
        ServiceStatus.NotStarted,
        ServiceStatus.Starting,
        ServiceStatus.Running,
        ServiceStatus.Stopping,
        ServiceStatus.Stopped,
        ServiceStatus.Error,
    ];

    public static readonly IReadOnlyList<string> Columns = ["NAME", "STATUS", "TRANSPORT", "TOOLS", "REASON"];

    public static IReadOnlyList<string> Row(ServiceInfo service) =>
        [
            service.Name,
            service.Status,
            service.Transport,
            service.Tools.ToString(CultureInfo.InvariantCulture),
            // What is as it should be needs no reason.
            service.Status == ServiceStatus.Running
                ? ""
                : service.Reason,
        ];

    public static string Sentence(ServiceInfo service) =>
        service.Status == ServiceStatus.Running ? $"{service.Name} is running"
        : service.Status == ServiceStatus.Error ? $"{service.Name} failed: {service.Reason}"
        : service.Reason.Length > 0 ? $"{service.Name} is {service.Status}: {service.Reason}"
        : $"{service.Name} is {service.Status}";

    /// <summary>What became of services; of those that failed the reason is said elsewhere.</summary>
    public static void Print(Output output, IReadOnlyList<ServiceInfo> services, bool single)
    {
        if (!output.IsJson)
        {
            foreach (
                var service in services.Where(s => s is not ({ Status: ServiceStatus.Error } or { IsSkipped: true }))
            )
                output.Line(Sentence(service));
        }
        else if (single)
            output.Json(services[0], CliJson.Default.ServiceInfo);
        else
            output.Json(services, CliJson.Default.IReadOnlyListServiceInfo);
    }

    public static void Print(Output output, ServiceDetail service)
    {
        if (output.IsJson)
        {
            output.Json(service, CliJson.Default.ServiceDetail);
            return;
        }
        output.Facts([
            ("name", service.Name),
            ("id", service.Id),
            ("status", service.Status),
            ("reason", service.Reason == service.Status ? null : service.Reason),
            ("since", Time(service.Since)),
            ("next try", service.NextTry is { } next ? $"{Time(next)} (after {service.Attempts} failed)" : null),
            ("transport", service.Transport),
            ("revision", service.Revision),
            ("command", service.Command is null ? null : string.Join(' ', [service.Command, .. service.Args])),
            ("cwd", service.Cwd),
            ("env", Pairs(service.Env)),
            ("url", service.Url),
            ("headers", Pairs(service.Headers)),
            ("trust", service.Trust),
            (
                "held",
                service.Held > 0
                    ? $"{service.Held}; see 'fairlead services reviews list --service {service.Name}'"
                    : null
            ),
            ("depends on", string.Join(", ", service.DependsOn)),
            ("runs", Runs(service)),
            ("timeout", service.TimeoutSeconds is { } seconds ? $"{seconds} s" : null),
            ("tools", string.Join(", ", service.ToolDefinitions.Select(t => t.GetProperty("name").GetString()))),
            ("last words", string.Join('\n', service.LastErrorLines.TakeLast(10))),
        ]);
    }

    private static string Runs(ServiceDetail service) =>
        string.Join(
            ", ",
            new[]
            {
                service.Lazy ? "lazy" : null,
                service.IdleSeconds is { } idle ? $"ends after {idle} s without a call" : null,
                service.RestartOnError == false ? "never restarted" : null,
                service.MaxRestarts is { } most ? $"at most {most} restarts" : null,
                service.RestartDelaySeconds is { } delay
                    ? string.Create(CultureInfo.InvariantCulture, $"{delay} s before a restart")
                    : null,
                service.MaxMemoryMb is { } memory ? $"at most {memory} MiB" : null,
                service.Nice is { } nice ? $"nice {nice}" : null,
            }.OfType<string>()
        );

    private static string Pairs(IReadOnlyDictionary<string, string> pairs) =>
        string.Join('\n', pairs.Select(p => $"{p.Key}={p.Value}"));

    public static string Time(DateTimeOffset time) =>
        time.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
