using System.Diagnostics;

namespace Fairlead.Testing;

/// <summary>
/// The fixture MCP service (tests/Fairlead.Fixture) as a real process: for HTTP started here, for stdio started by the
/// code under test from <see cref="Command"/>.
/// </summary>
public sealed class FixtureProcess : IAsyncDisposable
{
    private readonly Process process;

    private FixtureProcess(Process process, Uri address)
    {
        this.process = process;
        Address = address;
    }

    /// <summary>The program to run.</summary>
    public static string Command { get; } = Find();

    /// <summary>Where the HTTP fixture listens, path <c>/mcp</c> or <c>/sse</c> included.</summary>
    public Uri Address { get; }

    /// <summary>Starts the fixture with <c>--transport http</c> and waits until it listens.</summary>
    public static Task<FixtureProcess> StartHttpAsync(params string[] arguments) => StartAsync("http", arguments);

    /// <summary>The same with <c>--transport sse</c>, path <c>/sse</c>.</summary>
    public static Task<FixtureProcess> StartSseAsync(params string[] arguments) => StartAsync("sse", arguments);

    private static async Task<FixtureProcess> StartAsync(string transport, string[] arguments)
    {
        var start = new ProcessStartInfo(Command)
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        foreach (var argument in (string[])["--transport", transport, .. arguments])
            start.ArgumentList.Add(argument);
        var started = Process.Start(start) ?? throw new InvalidOperationException("The fixture did not start.");
        var line = await started.StandardOutput.ReadLineAsync();
        return line?.Split(' ') is ["listening", var url]
            ? new FixtureProcess(started, new Uri(url))
            : throw new InvalidOperationException($"The fixture said '{line}'.");
    }

    /// <summary>Ends it as a crash does.</summary>
    public async Task KillAsync()
    {
        if (!process.HasExited)
            process.Kill();
        await process.WaitForExitAsync();
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        process.Dispose();
    }

    private static string Find()
    {
        // …/tests/<project>/bin/<configuration>/net10.0/
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        var configuration = here.Parent!.Name;
        var tests = here.Parent.Parent!.Parent!.Parent!.FullName;
        var name = OperatingSystem.IsWindows() ? "Fairlead.Fixture.exe" : "Fairlead.Fixture";
        return Path.Combine(tests, "Fairlead.Fixture", "bin", configuration, here.Name, name);
    }
}
