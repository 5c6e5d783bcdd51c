using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Fairlead.Runtime.Native;

/// <summary>Both ends of an anonymous pipe, closed on exec.</summary>
internal readonly record struct Pipe(SafeFileHandle ReadEnd, SafeFileHandle WriteEnd)
{
    // Room for a 64 KiB message and its envelope in one write. Not more: beyond 64 MiB of pipes per user the kernel
    // shrinks every further one to two pages, which 1 MiB pipes would reach with 32 services and these with 128.
    private const int Capacity = 256 * 1024;

    public static unsafe Pipe Create()
    {
        var ends = stackalloc int[2];
        if (Libc.Pipe(ends, Libc.CloseOnExec) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        var pipe = new Pipe(new SafeFileHandle(ends[0], true), new SafeFileHandle(ends[1], true));
        _ = Libc.Control(pipe.WriteEnd, Libc.SetPipeSize, Capacity); // refused: the default of 64 KiB serves too
        return pipe;
    }

    /// <summary>Makes writes return instead of wait. The reader's end is not affected: it has its own flags.</summary>
    public static void DoNotBlock(SafeFileHandle writeEnd)
    {
        if (Libc.Control(writeEnd, Libc.SetFlags, Libc.NonBlocking) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    /// <summary>Bytes read, 0 at the end of the stream or on an error.</summary>
    public static unsafe int Read(SafeFileHandle readEnd, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            while (true)
            {
                var count = Libc.Read(readEnd, start, (nuint)buffer.Length);
                if (count >= 0)
                    return (int)count;
                if (Marshal.GetLastPInvokeError() != Libc.Interrupted)
                    return 0;
            }
        }
    }

    /// <summary>
    /// Wakes a thread that is blocked reading, by writing one byte through the pipe's name in /proc. Needed only when a
    /// process outside our reach still holds the other end, so that no end of stream will come.
    /// </summary>
    public static unsafe void Wake(SafeFileHandle readEnd)
    {
        var held = false;
        try
        {
            readEnd.DangerousAddRef(ref held); // else the number may already mean another file
            var name = $"/proc/self/fd/{readEnd.DangerousGetHandle()}";
            var descriptor = Libc.Open(name, Libc.OpenWrite | Libc.NonBlocking | Libc.CloseOnExec);
            using var other = new SafeFileHandle(descriptor, true);
            var newline = (byte)'\n';
            if (!other.IsInvalid)
                _ = Libc.Write(other, &newline, 1);
        }
        catch (ObjectDisposedException)
        {
            // The reader has just ended by itself.
        }
        finally
        {
            if (held)
                readEnd.DangerousRelease();
        }
    }
}
