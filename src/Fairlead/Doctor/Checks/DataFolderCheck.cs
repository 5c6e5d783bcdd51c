using System.Runtime.CompilerServices;

namespace Fairlead.Doctor.Checks;

/// <summary>The data folder is there, can be written, and is its owner's alone.</summary>
internal sealed class DataFolderCheck : ICheck
{
    private const UnixFileMode Others =
        UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    public string Name => "data";

    public async IAsyncEnumerable<Finding> RunAsync(
        Site site,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        await Task.CompletedTask;
        var folder = site.Data;
        var quoted = Site.Quote(folder);
        if (File.Exists(folder))
        {
            yield return new(Severity.Fault, Name, folder, "is a file, not a folder", "name a folder with --data");
            yield break;
        }
        if (!Directory.Exists(folder))
        {
            yield return new(
                Severity.Warning,
                Name,
                folder,
                "is not there",
                $"name the folder in use with --data, or make a new one: fairlead serve --data {quoted}"
            );
            yield break;
        }
        if (WriteProblem(folder) is { } problem)
        {
            yield return new(
                Severity.Fault,
                Name,
                folder,
                $"cannot be written by {Environment.UserName}: {problem}",
                $"sudo chown -R {Environment.UserName} {quoted} && chmod u+rwx {quoted}"
            );
            yield break;
        }
        if (FileRights.Given(folder, Others) is var open and not UnixFileMode.None)
            yield return new(
                open.HasFlag(UnixFileMode.OtherWrite) || open.HasFlag(UnixFileMode.GroupWrite)
                    ? Severity.Fault
                    : Severity.Warning,
                Name,
                folder,
                "other users of this machine can look into it or change it",
                $"chmod 700 {quoted}"
            );
        else
            yield return new(Severity.Ok, Name, folder, "can be written, and belongs to its owner alone");
    }

    // Trying is the only answer that knows of read-only disks, quotas and root.
    private static string? WriteProblem(string folder)
    {
        try
        {
            using var probe = new FileStream(
                Path.Combine(folder, $".doctor-{Environment.ProcessId}"),
                FileMode.CreateNew,
                FileAccess.Write,
                FileShare.None,
                bufferSize: 1,
                FileOptions.DeleteOnClose
            );
            probe.WriteByte(0);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }
}
