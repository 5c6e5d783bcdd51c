using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Fairlead.Runtime.Native;

/// <summary>
/// Starts a program by posix_spawn: in a session and process group of its own (so that one signal reaches what it
/// starts), with default signal handling, no descriptors but the three given, and an environment built from nothing.
/// <c>Process.Start</c> can do none of these (security.md section 3).
/// </summary>
internal static unsafe class Spawner
{
    // The real sizes are 336, 80 and 128 bytes with glibc, less with musl.
    private const int StructBytes = 512;

    /// <summary>The pid, or the negative errno of what failed; a missing program is -2.</summary>
    public static int Spawn(
        string file,
        IReadOnlyList<string> argv,
        IReadOnlyList<string> environment,
        string? directory,
        SafeFileHandle input,
        SafeFileHandle output,
        SafeFileHandle error
    )
    {
        byte* attributes = stackalloc byte[StructBytes];
        byte* actions = stackalloc byte[StructBytes];
        byte* signals = stackalloc byte[StructBytes];
        using var strings = new NativeStrings();

        _ = Libc.AttributesInit(attributes);
        _ = Libc.ActionsInit(actions);
        try
        {
            // Ignored signals and the mask are inherited through exec: the runtime ignores SIGPIPE, a child must not.
            _ = Libc.FillSignals(signals);
            _ = Libc.AttributesSetSignalDefaults(attributes, signals);
            _ = Libc.EmptySignals(signals);
            _ = Libc.AttributesSetSignalMask(attributes, signals);
            _ = Libc.AttributesSetFlags(
                attributes,
                Libc.SpawnSetSession | Libc.SpawnSetSignalDefaults | Libc.SpawnSetSignalMask
            );

            _ = Libc.ActionsAddDuplicate(actions, (int)input.DangerousGetHandle(), 0);
            _ = Libc.ActionsAddDuplicate(actions, (int)output.DangerousGetHandle(), 1);
            _ = Libc.ActionsAddDuplicate(actions, (int)error.DangerousGetHandle(), 2);
            CloseTheRest(actions);
            if (directory is not null)
                _ = Libc.ActionsAddDirectory(actions, strings.Add(directory));

            int pid;
            var failure = Libc.Spawn(
                &pid,
                strings.Add(file),
                actions,
                attributes,
                strings.AddAll(argv),
                strings.AddAll(environment)
            );
            return failure == 0 ? pid : -failure;
        }
        finally
        {
            _ = Libc.ActionsDestroy(actions);
            _ = Libc.AttributesDestroy(attributes);
        }
    }

    // Ours are all close-on-exec; this is for descriptors the gateway itself inherited or a native library opened.
    private static void CloseTheRest(byte* actions)
    {
        try
        {
            _ = Libc.ActionsAddCloseFrom(actions, 3);
        }
        catch (EntryPointNotFoundException)
        {
            // glibc before 2.34 and musl do not have it.
        }
    }

    private sealed class NativeStrings : IDisposable
    {
        private readonly List<nint> owned = [];

        public byte* Add(string text)
        {
            var copy = Marshal.StringToCoTaskMemUTF8(text);
            owned.Add(copy);
            return (byte*)copy;
        }

        public byte** AddAll(IReadOnlyList<string> texts)
        {
            var array = (byte**)Marshal.AllocCoTaskMem((texts.Count + 1) * sizeof(byte*));
            owned.Add((nint)array);
            for (var i = 0; i < texts.Count; i++)
                array[i] = Add(texts[i]);
            array[texts.Count] = null;
            return array;
        }

        public void Dispose() => owned.ForEach(Marshal.FreeCoTaskMem);
    }
}
