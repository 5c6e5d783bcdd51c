using System.Diagnostics;
using System.Runtime.InteropServices;
using Fairlead.Client;

namespace Fairlead.Soak;

/// <summary>The gateway under soak: a process of its own that is started, killed and started again on the same data.</summary>
internal sealed partial class Gateway(string[] command, Uri address, string password) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);
    private Process? process;

    public FairleadClient Client { get; private set; } = null!;

    public int Pid => process!.Id;

    public async Task StartAsync()
    {
        var info = new ProcessStartInfo(command[0], command[1..])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        process = Process.Start(info)!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Client?.Dispose();
        Client = new FairleadClient(address);
        var since = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await Client.PingAsync();
                break;
            }
            catch (HttpRequestException) when (since.Elapsed < Patience && !process.HasExited)
            {
                await Task.Delay(Look, TimeProvider.System);
            }
        }
        await Client.SignInAsync("admin", password);
    }

    public async Task KillAsync()
    {
        Signal(Pid, 9);
        await process!.WaitForExitAsync();
    }

    /// <summary>Asks it to end; its exit code.</summary>
    public async Task<int> StopAsync()
    {
        Signal(Pid, 15);
        await process!.WaitForExitAsync().WaitAsync(Patience);
        return process.ExitCode;
    }

    public static void Signal(int pid, int signal) => _ = kill(pid, signal);

    public void Dispose()
    {
        if (process is { HasExited: false })
            process.Kill();
        process?.Dispose();
        Client?.Dispose();
    }

    [LibraryImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int kill(int pid, int signal);
}
