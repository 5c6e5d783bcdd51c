using Fairlead.Runtime.Native;

namespace Fairlead.Runtime.Supervision;

/// <summary>Checks a spec and finds its program before anything is started, so that mistakes are named plainly.</summary>
internal static class CommandLookup
{
    /// <summary>Path of the program. Throws <see cref="ProcessStartException"/>.</summary>
    public static string Find(ProcessSpec spec, IReadOnlyDictionary<string, string> environment)
    {
        Check(spec);
        var directory = spec.WorkingDirectory ?? Directory.GetCurrentDirectory();
        if (!Directory.Exists(directory))
            throw Error(
                spec,
                ProcessStartFailure.WorkingDirectoryNotFound,
                $"the working directory '{directory}' does not exist"
            );
        return spec.Command.Contains('/', StringComparison.Ordinal)
            ? ByPath(spec, Path.GetFullPath(spec.Command, Path.GetFullPath(directory)))
            : ByName(spec, environment["PATH"], Path.GetFullPath(directory));
    }

    /// <summary>What a failed spawn means.</summary>
    public static ProcessStartException Explain(ProcessSpec spec, string file, int errno) =>
        errno switch
        {
            // The file was there a moment ago, so this is about what its first line names.
            Libc.NotFound => Error(
                spec,
                ProcessStartFailure.NotExecutable,
                $"'{file}' needs an interpreter or loader that does not exist"
            ),
            Libc.NotExecutable => Error(
                spec,
                ProcessStartFailure.NotExecutable,
                $"'{file}' is no program and does not start with #!"
            ),
            Libc.AccessDenied => Error(spec, ProcessStartFailure.NotExecutable, $"'{file}' may not be executed"),
            _ => Error(spec, ProcessStartFailure.System, $"the operating system refused with error {errno}"),
        };

    private static string ByPath(ProcessSpec spec, string file)
    {
        if (!File.Exists(file))
            throw Error(spec, ProcessStartFailure.CommandNotFound, $"there is no file '{file}'");
        return Libc.Access(file, Libc.MayExecute) == 0
            ? file
            : throw Error(spec, ProcessStartFailure.NotExecutable, $"'{file}' may not be executed");
    }

    private static string ByName(ProcessSpec spec, string path, string directory) =>
        path.Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(place => Path.Combine(Path.GetFullPath(place, directory), spec.Command))
            .FirstOrDefault(file => File.Exists(file) && Libc.Access(file, Libc.MayExecute) == 0)
        ?? throw Error(spec, ProcessStartFailure.CommandNotFound, $"it is not in the service's PATH ({path})");

    private static void Check(ProcessSpec spec)
    {
        if (string.IsNullOrWhiteSpace(spec.Command))
            throw Error(spec, ProcessStartFailure.InvalidSpec, "it is empty");
        if (HasNul(spec.Command) || spec.Arguments.Any(HasNul) || HasNul(spec.WorkingDirectory))
            throw Error(spec, ProcessStartFailure.InvalidSpec, "command, arguments or directory hold a NUL character");
        foreach (var (name, value) in spec.Environment)
        {
            if (name.Length == 0 || name.Contains('=', StringComparison.Ordinal) || HasNul(name) || HasNul(value))
                throw Error(
                    spec,
                    ProcessStartFailure.InvalidSpec,
                    $"'{name.Replace('\0', '?')}' is no valid environment variable"
                );
        }
    }

    private static bool HasNul(string? text) => text?.Contains('\0', StringComparison.Ordinal) is true;

    private static ProcessStartException Error(ProcessSpec spec, ProcessStartFailure failure, string why) =>
        new(failure, spec.Command, $"Command '{spec.Command}' of service '{spec.Name}' cannot be started: {why}.");
}
