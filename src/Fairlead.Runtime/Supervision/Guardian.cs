using System.ComponentModel;
using System.Text;
using Fairlead.Runtime.Native;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Fairlead.Runtime.Supervision;

/// <summary>
/// One small child that outlives a killed gateway just long enough to end its services: it reads process groups from a
/// pipe that only we hold open, and at its end kills every group it knows and every process with the instance's mark
/// (design.md "Guardian"). If it dies it is replaced and told everything again.
/// </summary>
internal sealed class Guardian(string mark, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private static readonly TimeSpan RestartPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastGrace = TimeSpan.FromSeconds(3);

    private readonly Lock gate = new();
    private readonly HashSet<int> groups = [];
    private SafeFileHandle? pipe;
    private int pid;
    private bool closing;
    private Task? supervision;

    /// <summary>The guardian's process id; 0 while there is none.</summary>
    public int Pid => Volatile.Read(ref pid);

    /// <summary>Tells it of a group to end; starts it with the first.</summary>
    public void Add(int group)
    {
        lock (gate)
        {
            groups.Add(group);
            if (pid != 0)
                Tell($"+ {group}\n");
            else if (!closing && supervision is null)
            {
                Start();
                supervision = SuperviseAsync();
            }
        }
    }

    /// <summary>Makes it forget a group. To be called before the group's number becomes free.</summary>
    public void Remove(int group)
    {
        lock (gate)
        {
            if (groups.Remove(group) && pid != 0)
                Tell($"- {group}\n");
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task? last;
        lock (gate)
        {
            closing = true;
            pipe?.Dispose();
            last = supervision;
        }
        if (last is null)
            return;
        try
        {
            await last.WaitAsync(LastGrace, TimeProvider.System);
        }
        catch (TimeoutException)
        {
            Kill();
            await last;
        }
    }

    private async Task SuperviseAsync()
    {
        while (true)
        {
            var startedAt = time.GetTimestamp();
            if (Pid != 0)
                await EndAsync();
            lock (gate)
            {
                if (closing)
                    return;
            }
            if (time.GetElapsedTime(startedAt) < RestartPause)
                await Task.Delay(RestartPause, time);
            lock (gate)
            {
                if (closing)
                    return;
                Start();
            }
        }
    }

    private async Task EndAsync()
    {
        var status = await Reaper.Shared.WatchAsync(Pid);
        lock (gate)
        {
            Reaper.Shared.Collect(pid);
            pid = 0;
            pipe?.Dispose();
            if (!closing)
                RuntimeLog.GuardianLost(logger, status.ToString());
        }
    }

    // With the gate held. A service must start also when no guardian can be had.
    private void Start()
    {
        try
        {
            Spawn();
        }
        catch (Exception error) when (error is Win32Exception or IOException)
        {
            RuntimeLog.GuardianMissing(logger, error.Message);
        }
    }

    private void Spawn()
    {
        var ends = Pipe.Create();
        Pipe.DoNotBlock(ends.WriteEnd);
        using var input = ends.ReadEnd;
        using var nowhere = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var path = Environment.GetEnvironmentVariable("PATH") ?? ChildEnvironment.DefaultPath;
        string[] command = ["sh", "-c", GuardianScript.Text, "fairlead-guardian", mark];
        var started = Spawner.Spawn("/bin/sh", command, ["PATH=" + path], "/", input, nowhere, nowhere);
        if (started < 0)
        {
            ends.WriteEnd.Dispose();
            RuntimeLog.GuardianMissing(logger, $"error {-started}");
            return;
        }
        pid = started;
        pipe = ends.WriteEnd;
        if (groups.Count > 0)
            Tell(string.Concat(groups.Select(group => $"+ {group}\n")));
    }

    // With the gate held. One that does not read is replaced rather than waited for.
    private unsafe void Tell(string text)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        fixed (byte* start = bytes)
        {
            if (pipe is not { IsClosed: false } || Libc.Write(pipe, start, (nuint)bytes.Length) != bytes.Length)
                Kill();
        }
    }

    private void Kill()
    {
        lock (gate)
        {
            if (pid != 0)
                _ = Libc.Kill(pid, Libc.SigKill);
        }
    }
}
