using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Fairlead.Testing;

/// <summary>
/// A real PostgreSQL as a plain process on a free loopback port, its data in a temporary directory. It ends with this
/// object, or with the test process however that ends: a small shell watches our pipe.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string Script = """
        set -eu
        dir=$1; port=$2; bin=$3
        as() { if [ "$(id -u)" = 0 ]; then exec setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else exec "$@"; fi; }
        if [ "$(id -u)" = 0 ]; then chown postgres "$dir"; fi
        cd "$dir"
        (as "$bin/initdb" -D "$dir/data" -A trust -U fairlead --no-sync -E UTF8 --locale=C) >&2
        (as "$bin/postgres" -D "$dir/data" -p "$port" -h 127.0.0.1 -k "$dir" -c fsync=off -c max_connections=200) >&2 &
        pid=$!
        cat >/dev/null
        kill -INT $pid
        wait $pid || true
        rm -rf "$dir"
        """;

    private readonly Process shell;
    private readonly string address;
    private int databases;

    private PostgresServer(Process shell, string address) => (this.shell, this.address) = (shell, address);

    /// <summary>Folder of the server's programs, or null where PostgreSQL 15 or newer is not installed.</summary>
    public static string? Binaries =>
        Directory.Exists("/usr/lib/postgresql")
            ? Directory
                .EnumerateDirectories("/usr/lib/postgresql")
                .Select(static version => Path.Combine(version, "bin"))
                .Where(static bin => File.Exists(Path.Combine(bin, "initdb")))
                .OrderByDescending(static bin => bin, StringComparer.Ordinal)
                .FirstOrDefault()
            : null;

    /// <summary>Whether a missing PostgreSQL must fail the run instead of skipping tests (FAIRLEAD_REQUIRE_POSTGRES=1).</summary>
    public static bool Required => Environment.GetEnvironmentVariable("FAIRLEAD_REQUIRE_POSTGRES") == "1";

    public static async Task<PostgresServer> StartAsync()
    {
        string bin = Binaries ?? throw new InvalidOperationException("PostgreSQL is not installed.");
        string directory = Directory.CreateTempSubdirectory("fairlead-pg-").FullName;
        int port = FreePort();
        var start = new ProcessStartInfo("/bin/sh")
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in (string[])["-c", Script, "sh", directory, $"{port}", bin])
            start.ArgumentList.Add(argument);
        Process process = Process.Start(start)!;
        var log = new System.Text.StringBuilder();
        process.ErrorDataReceived += (_, line) =>
        {
            lock (log)
                log.AppendLine(line.Data);
        };
        process.BeginErrorReadLine();
        var server = new PostgresServer(process, $"Host=127.0.0.1;Port={port};Username=fairlead");
        try
        {
            await Eventually.UntilAsync(() => server.AnswersAsync(), TimeSpan.FromSeconds(60));
        }
        catch (TimeoutException failure)
        {
            await server.DisposeAsync();
            throw new InvalidOperationException($"PostgreSQL did not start:\n{log}", failure);
        }
        return server;
    }

    /// <summary>Makes an empty database and returns its connection string.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        string name = $"test_{Interlocked.Increment(ref databases)}";
        await using NpgsqlConnection connection = await ConnectAsync();
        await using NpgsqlCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // A counter is all that varies.
        command.CommandText = $"CREATE DATABASE {name}";
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
        return $"{address};Database={name};Minimum Pool Size=0;Maximum Pool Size=10";
    }

    /// <summary>Ends every connection to the database of <paramref name="connectionString"/> and lets no new one in, or lets them again.</summary>
    public async Task SetReachableAsync(string connectionString, bool reachable)
    {
        string name = new NpgsqlConnectionStringBuilder(connectionString).Database!;
        await using NpgsqlConnection connection = await ConnectAsync();
        await using NpgsqlCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // Our own database name.
        command.CommandText =
            $"ALTER DATABASE {name} ALLOW_CONNECTIONS {reachable};"
            + $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND NOT {reachable}";
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        shell.StandardInput.Close();
        await shell.WaitForExitAsync();
        shell.Dispose();
    }

    private async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection($"{address};Database=postgres;Pooling=false;Timeout=5");
        await connection.OpenAsync();
        return connection;
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await using NpgsqlConnection connection = await ConnectAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
