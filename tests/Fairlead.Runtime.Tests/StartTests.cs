using System.Globalization;
using Fairlead.Runtime.Native;
using Fairlead.Testing;
using Microsoft.Win32.SafeHandles;
using Shouldly;
using Xunit;

namespace Fairlead.Runtime.Tests;

public sealed class StartTests : HostTest
{
    [Theory]
    [InlineData("no-such-command-here", ProcessStartFailure.CommandNotFound)]
    [InlineData("/no/such/file", ProcessStartFailure.CommandNotFound)]
    [InlineData("/etc/passwd", ProcessStartFailure.NotExecutable)]
    [InlineData("/", ProcessStartFailure.CommandNotFound)]
    [InlineData("", ProcessStartFailure.InvalidSpec)]
    [InlineData("a\0b", ProcessStartFailure.InvalidSpec)]
    public async Task Start_OfABadCommand_NamesItAndTheFault(string command, ProcessStartFailure failure)
    {
        var spec = new ProcessSpec { Name = "broken", Command = command };

        var error = await Should.ThrowAsync<ProcessStartException>(() => Host().StartAsync(spec, Sink, Token));

        error.Failure.ShouldBe(failure);
        error.Command.ShouldBe(command);
        error.Message.ShouldContain($"'{command}' of service 'broken'");
    }

    [Fact]
    public async Task Start_OfAScriptWithoutItsInterpreter_SaysSo()
    {
        using var folder = new TempFolder();
        var script = folder.Script("tool", "#!/no/such/interpreter");

        var error = await Should.ThrowAsync<ProcessStartException>(() =>
            Host().StartAsync(new ProcessSpec { Name = "x", Command = script }, Sink, Token)
        );

        error.Failure.ShouldBe(ProcessStartFailure.NotExecutable);
        error.Message.ShouldContain("interpreter");
    }

    [Fact]
    public async Task Start_InAMissingDirectory_SaysSo()
    {
        var spec = Sh("true") with { WorkingDirectory = "/no/such/dir" };
        var error = await Should.ThrowAsync<ProcessStartException>(() => Host().StartAsync(spec, Sink, Token));
        error.Failure.ShouldBe(ProcessStartFailure.WorkingDirectoryNotFound);
    }

    [Theory]
    [InlineData("")]
    [InlineData("A=B")]
    [InlineData("A\0")]
    public async Task Start_WithABadVariableName_IsRefused(string name)
    {
        var spec = Sh("true") with { Environment = new Dictionary<string, string> { [name] = "v" } };
        var error = await Should.ThrowAsync<ProcessStartException>(() => Host().StartAsync(spec, Sink, Token));
        error.Failure.ShouldBe(ProcessStartFailure.InvalidSpec);
    }

    [Fact]
    public async Task Start_OfANameInTheChildsPathOnly_FindsIt()
    {
        using var folder = new TempFolder();
        folder.Script("only-here", "#!/bin/sh\necho '{\"found\":1}'");
        var spec = new ProcessSpec
        {
            Name = "x",
            Command = "only-here",
            Environment = new Dictionary<string, string> { ["PATH"] = folder.Path + ":/usr/bin:/bin" },
        };

        await (await Host().StartAsync(spec, Sink, Token)).Exited;

        Sink.Messages.ShouldBe(["""{"found":1}"""]);
    }

    [Fact]
    public async Task Start_OfARelativePath_IsRelativeToTheWorkingDirectory()
    {
        using var folder = new TempFolder();
        folder.Script("tool", "#!/bin/sh\necho \"{$PWD}\"");
        var spec = new ProcessSpec
        {
            Name = "x",
            Command = "./tool",
            WorkingDirectory = folder.Path,
        };

        await (await Host().StartAsync(spec, Sink, Token)).Exited;

        Sink.Messages.ShouldBe([$"{{{folder.Path}}}"]);
    }

    [Fact]
    public async Task Child_EnvironmentAndDescriptors_AreClean()
    {
        // A descriptor that, like one inherited by the gateway, is not closed on exec.
        using var leak = new SafeFileHandle(Libc.Open("/dev/null", 0), ownsHandle: true);
        Environment.SetEnvironmentVariable("FAIRLEAD_MASTER_KEY", "must-not-leak");
        Environment.SetEnvironmentVariable("LC_FAIRLEAD_TEST", "kept");
        var spec = new ProcessSpec
        {
            Name = "env",
            Command = "sh",
            Arguments = ["-c", "env | sed 's/^/{/'; echo '{done}'; exec cat"],
            Environment = new Dictionary<string, string>
            {
                ["API_TOKEN"] = "for the child",
                ["FAIRLEAD_INSTANCE"] = "forged",
            },
        };
        var process = await Host().StartAsync(spec, Sink, Token);
        await Eventually.UntilAsync(() => Sink.Messages.Any(m => m == "{done}"));

        Sink.Messages.ShouldContain("{API_TOKEN=for the child");
        Sink.Messages.ShouldContain("{LC_FAIRLEAD_TEST=kept");
        Sink.Messages.ShouldContain("{FAIRLEAD_INSTANCE=" + Mark);
        Sink.Messages.ShouldContain($"{{FAIRLEAD_PROCESS={Mark}-1");
        Sink.Messages.ShouldNotContain(m => m.Contains("must-not-leak", StringComparison.Ordinal));
        var allowed =
            "PATH HOME LANG TZ TMPDIR USER LOGNAME SHELL TERM SSL_CERT_FILE SSL_CERT_DIR NODE_EXTRA_CA_CERTS PWD OLDPWD SHLVL _ API_TOKEN".Split(
                ' '
            );
        Sink.Messages.Where(m => m.Contains('=', StringComparison.Ordinal))
            .Select(m => m[1..m.IndexOf('=', StringComparison.Ordinal)])
            .Where(n =>
                !n.StartsWith("LC_", StringComparison.Ordinal) && !n.StartsWith("FAIRLEAD_", StringComparison.Ordinal)
            )
            .ShouldBeSubsetOf(allowed);
        var files = Directory.GetFiles($"/proc/{process.Pid}/fd").Select(Path.GetFileName);
        await Eventually.UntilAsync(() => Text($"/proc/{process.Pid}/comm") == "cat\n");
        files.ShouldBe(["0", "1", "2"], ignoreOrder: true);
    }

    [Fact]
    public async Task Child_SignalsAndSession_AreItsOwn()
    {
        var process = await StartAsync("exec cat");
        var status = Text($"/proc/{process.Pid}/status").Split('\n');
        // This runtime ignores SIGPIPE; a child must not. (The C library's own signals, 32 and 33, do not count.)
        var ignored = status.First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal))[8..];
        (ulong.Parse(ignored, NumberStyles.HexNumber) & 0x7fff_ffff).ShouldBe(0ul);
        status.ShouldContain("SigBlk:\t0000000000000000");
        var fields = Text($"/proc/{process.Pid}/stat").Split(' ');
        fields[4].ShouldBe($"{process.Pid}"); // group
        fields[5].ShouldBe($"{process.Pid}"); // session
    }

    [Fact]
    public async Task Start_BeyondTheLimit_WaitsUntilAnotherHasSpoken()
    {
        var clock = new FakeTimeProvider();
        var host = Host(o => o with { MaxConcurrentStarts = 1, StartWindow = TimeSpan.FromSeconds(2) }, clock);
        var first = await StartAsync(host, "exec cat");

        var second = StartAsync(host, "exec cat");
        second.IsCompleted.ShouldBeFalse();
        first.Send("{}"u8);
        await second;

        var third = StartAsync(host, "exec cat");
        third.IsCompleted.ShouldBeFalse();
        clock.Advance(TimeSpan.FromSeconds(2));
        await third;
    }

    [Fact]
    public async Task Start_AfterTheHostWasDisposed_IsRefused()
    {
        var host = Host();
        await host.DisposeAsync();
        await Should.ThrowAsync<ObjectDisposedException>(() => StartAsync(host, "true"));
    }

    [Theory]
    [InlineData("short")]
    [InlineData("has space inside")]
    [InlineData("has=equals=signs")]
    public void Options_WithABadMark_AreRefused(string mark) =>
        Should.Throw<ArgumentException>(() => Host(o => o with { InstanceMark = mark }));

    private sealed class TempFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("fairlead-").FullName;

        public string Script(string name, string text)
        {
            var file = System.IO.Path.Combine(Path, name);
            File.WriteAllText(file, text + "\n");
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(file, (UnixFileMode)0b111_101_101);
            return file;
        }

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
