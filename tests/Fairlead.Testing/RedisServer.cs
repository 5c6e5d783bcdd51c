using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Fairlead.Testing;

/// <summary>
/// A real Redis as a plain process on a loopback port, nothing on disk: killed and started again it is empty. It ends
/// with this object, or with the test process however that ends: a small shell watches our pipe.
/// </summary>
public sealed class RedisServer : IAsyncDisposable
{
    private const string Script = """
        redis-server --port "$1" --bind 127.0.0.1 --save '' --appendonly no --dir "$2" $3 >&2 &
        pid=$!
        cat >/dev/null
        kill -9 $pid 2>/dev/null
        wait $pid || true
        """;
    private readonly string arguments;
    private Process? shell;

    private RedisServer(int port, string arguments) => (Port, this.arguments) = (port, arguments);

    /// <summary>Its loopback port; stays the same when it is started again.</summary>
    public int Port { get; }

    /// <summary>Its address.</summary>
    public string Url => $"redis://127.0.0.1:{Port}";

    /// <summary>Whether Redis is installed.</summary>
    public static bool IsInstalled =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Any(static folder => File.Exists(Path.Combine(folder, "redis-server")));

    /// <summary>Whether a missing Redis must fail the run instead of skipping tests (FAIRLEAD_REQUIRE_REDIS=1).</summary>
    public static bool Required => Environment.GetEnvironmentVariable("FAIRLEAD_REQUIRE_REDIS") == "1";

    /// <summary>Starts one and waits until it answers.</summary>
    public static async Task<RedisServer> StartAsync(string arguments = "")
    {
        var server = new RedisServer(FreePort(), arguments);
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Starts it again after <see cref="KillAsync"/>, empty.</summary>
    public async Task StartAgainAsync()
    {
        var start = new ProcessStartInfo("/bin/sh")
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in (string[])["-c", Script, "sh", $"{Port}", Path.GetTempPath(), arguments])
            start.ArgumentList.Add(argument);
        shell = Process.Start(start)!;
        shell.BeginErrorReadLine();
        await Eventually.UntilAsync(AnswersAsync, TimeSpan.FromSeconds(20));
    }

    /// <summary>Ends it as a crash does.</summary>
    public async Task KillAsync()
    {
        if (shell is null)
            return;
        shell.StandardInput.Close();
        await shell.WaitForExitAsync();
        shell.Dispose();
        shell = null;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync() => await KillAsync();

    private async Task<bool> AnswersAsync()
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    // Of the ports that this product's tests use for Redis, away from those the system gives to clients: a client of a
    // server that was killed could otherwise be given its port.
    private static int FreePort()
    {
        for (var port = 19200 + Environment.ProcessId % 50; port < 19300; port++)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                if (Taken.Add(port))
                    return port;
            }
            catch (SocketException)
            {
                // The next one.
            }
        }
        throw new InvalidOperationException("No port is free for Redis.");
    }

    private static readonly HashSet<int> Taken = [];
}
