using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Fairlead.Runtime.Tests;

/// <summary>Base of tests with real children: one host, one sink, and a look at /proc that shares no code with the product.</summary>
public abstract class HostTest : IAsyncDisposable
{
    private readonly List<ProcessHost> hosts = [];

    internal string Mark { get; } = "test-" + Guid.CreateVersion7().ToString("N");
    internal RecordingSink Sink { get; } = new();
    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    internal ProcessHost Host(Func<ProcessHostOptions, ProcessHostOptions>? change = null, TimeProvider? time = null)
    {
        var options = new ProcessHostOptions { InstanceMark = Mark, StartWindow = TimeSpan.Zero };
        var host = new ProcessHost(
            change?.Invoke(options) ?? options,
            time ?? TimeProvider.System,
            NullLogger.Instance
        );
        hosts.Add(host);
        return host;
    }

    internal static ProcessSpec Sh(string script) =>
        new()
        {
            Name = "child",
            Command = "sh",
            Arguments = ["-c", script],
        };

    internal Task<ServiceProcess> StartAsync(string script) => StartAsync(Host(), script);

    internal Task<ServiceProcess> StartAsync(ProcessHost host, string script) =>
        host.StartAsync(Sh(script), Sink, Token);

    /// <summary>Living processes and zombies of this test: marked, or children of ours in another session that are zombies.</summary>
    internal static List<int> Marked(string mark) =>
        [.. Pids().Where(pid => Text($"/proc/{pid}/environ").Split('\0').Contains("FAIRLEAD_INSTANCE=" + mark))];

    internal static List<int> Zombies() =>
        [
            .. Pids()
                .Where(pid =>
                {
                    var stat = Text($"/proc/{pid}/stat");
                    var fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
                    return fields is ["Z", var parent, ..] && parent == $"{Environment.ProcessId}";
                }),
        ];

    internal static int OpenFiles() => Directory.GetFiles("/proc/self/fd").Length;

    public async ValueTask DisposeAsync()
    {
        foreach (var host in hosts)
        {
            await Task.WhenAll(host.Running.Select(process => process.StopAsync(force: true)));
            await host.DisposeAsync();
        }
        GC.SuppressFinalize(this);
    }

    private static IEnumerable<int> Pids() =>
        Directory
            .GetDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, null, out var pid) ? pid : 0)
            .Where(pid => pid > 0);

    internal static string Text(string path)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
