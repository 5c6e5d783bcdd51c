using System.Diagnostics;
using System.Globalization;
using System.Text;
using Fairlead.Testing;

namespace Fairlead.EndToEnd.Cli;

/// <summary>A command that goes on until Ctrl-C, as a process of its own.</summary>
internal sealed class CliFollower : IAsyncDisposable
{
    private readonly Process process;
    private readonly StringBuilder output = new();
    private readonly StringBuilder error = new();

    private CliFollower(Process process)
    {
        this.process = process;
        process.OutputDataReceived += (_, e) => Add(output, e.Data);
        process.ErrorDataReceived += (_, e) => Add(error, e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public bool HasExited => process.HasExited;
    public string Output => Read(output);
    public string Error => Read(error);

    public static CliFollower Start(CliGateway gateway, params string[] args) =>
        Start(gateway.Address.ToString(), args);

    public static CliFollower Start(string server, params string[] args)
    {
        // A test run in the background of a script ignores Ctrl-C, and so would all it starts.
        string[] command = ["--default-signal=INT", Path.Combine(AppContext.BaseDirectory, "fairlead"), .. args];
        var start = new ProcessStartInfo("env", command)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.Environment["FAIRLEAD_SERVER"] = server;
        start.Environment["FAIRLEAD_ADMIN_PASSWORD"] = CliGateway.Password;
        return new CliFollower(Process.Start(start)!);
    }

    /// <summary>Does something that is told of, again and again, until it is heard: then it surely listens.</summary>
    public async Task ConnectedAsync(Func<Task> act)
    {
        var before = Output.Length;
        await Eventually.UntilAsync(
            async () =>
            {
                await act();
                return Output.Length > before;
            },
            TimeSpan.FromSeconds(30)
        );
    }

    public Task UntilAsync(string text) =>
        Eventually.UntilAsync(
            () =>
                HasExited
                    ? throw new InvalidOperationException($"It ended: {Error}")
                    : Task.FromResult((Output + Error).Contains(text, StringComparison.Ordinal)),
            TimeSpan.FromSeconds(30)
        );

    /// <summary>Ctrl-C; its exit code.</summary>
    public async Task<int> StopAsync()
    {
        Product.Kill(process.Id, "INT");
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(10));
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            await StopAsync();
        process.Dispose();
    }

    private static void Add(StringBuilder to, string? line)
    {
        lock (to)
            if (line is not null)
                to.AppendLine(CultureInfo.InvariantCulture, $"{line}");
    }

    private static string Read(StringBuilder text)
    {
        lock (text)
            return text.ToString();
    }
}
