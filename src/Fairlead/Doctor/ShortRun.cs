using System.ComponentModel;
using System.Diagnostics;

namespace Fairlead.Doctor;

/// <summary>What a program said that was asked something short.</summary>
internal sealed record ShortRun(int Code, string Output, string Error)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>Runs it for at most 5 s; null where it cannot be started or does not end.</summary>
    public static async Task<ShortRun?> TryAsync(
        string program,
        IEnumerable<string> arguments,
        CancellationToken cancellationToken,
        IReadOnlyDictionary<string, string>? environment = null
    )
    {
        var info = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        if (environment is not null)
        {
            info.Environment.Clear();
            foreach (var (name, value) in environment)
                info.Environment[name] = value;
        }
        Process process;
        try
        {
            process = Process.Start(info)!;
        }
        catch (Win32Exception)
        {
            return null;
        }
        using (process)
        using (var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        {
            bounded.CancelAfter(Limit);
            try
            {
                process.StandardInput.Close();
                var output = process.StandardOutput.ReadToEndAsync(bounded.Token);
                var error = process.StandardError.ReadToEndAsync(bounded.Token);
                await process.WaitForExitAsync(bounded.Token);
                return new(process.ExitCode, await output, await error);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                return null;
            }
        }
    }
}
