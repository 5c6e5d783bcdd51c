using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Fairlead.Testing;

namespace Fairlead.EndToEnd;

/// <summary>The real executable as a process of its own, on a free port and a data folder that a test may keep over restarts.</summary>
internal sealed class Product : IAsyncDisposable
{
    public const string Key = "mcp_key_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    public const string Password = "correct horse battery";
    private readonly StringBuilder output = new();
    private readonly StringBuilder errors = new();

    private Product(Process process, string url, string data)
    {
        Process = process;
        Url = url;
        Data = data;
    }

    public Process Process { get; }
    public string Url { get; }
    public string Data { get; }
    public string Output => Locked(output);
    public string Errors => Locked(errors);

    /// <summary>The executable's managed assembly, beside the tests.</summary>
    public static string Program => Path.Combine(AppContext.BaseDirectory, "fairlead.dll");

    /// <summary>Command line of the fixture service, as an mcpServers entry.</summary>
    public static string Fixture(params string[] options)
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        var fixture = Path.GetFullPath(
            Path.Combine(
                AppContext.BaseDirectory,
                "../../../../Fairlead.Fixture/bin",
                configuration,
                "net10.0/Fairlead.Fixture.dll"
            )
        );
        var args = string.Join(',', new[] { fixture }.Concat(options).Select(a => JsonSerializer.Serialize(a)));
        return "{\"command\":\"dotnet\",\"args\":[" + args + "]}";
    }

    public static string NewData() => Directory.CreateTempSubdirectory("fairlead-e2e-").FullName;

    /// <summary>Starts the gateway and waits until it is ready to serve.</summary>
    public static async Task<Product> StartAsync(
        string? mcpServers = null,
        string? data = null,
        bool givenSecrets = true,
        string? url = null,
        Dictionary<string, string>? environment = null,
        string? config = null
    )
    {
        data ??= NewData();
        url ??= $"http://127.0.0.1:{FreePort()}";
        var arguments = new List<string> { Program, "serve", "--urls", url, "--data", data };
        if (mcpServers is not null)
        {
            var file = Path.Combine(data, "mcp.json");
            await File.WriteAllTextAsync(file, "{\"mcpServers\":{" + mcpServers + "}}");
            arguments.AddRange(["--mcp-config", file]);
        }
        if (config is not null)
            arguments.AddRange(["--config", config]);
        var info = new ProcessStartInfo("dotnet", arguments)
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        if (givenSecrets)
        {
            info.Environment["FAIRLEAD_DEFAULT_KEY"] = Key;
            info.Environment["FAIRLEAD_ADMIN_PASSWORD"] = Password;
        }
        // Tests ask more often than people do; those of the limits say what holds.
        info.Environment["FAIRLEAD__Limits__RestBurst"] = "100000";
        info.Environment["FAIRLEAD__Limits__RestPerMinute"] = "6000000";
        info.Environment["FAIRLEAD__Limits__UserCalls"] = "1000000";
        foreach (var (name, value) in environment ?? [])
            info.Environment[name] = value;
        var process = System.Diagnostics.Process.Start(info)!;
        var product = new Product(process, url, data);
        process.OutputDataReceived += (_, e) => product.Add(product.output, e.Data);
        process.ErrorDataReceived += (_, e) => product.Add(product.errors, e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var http = new HttpClient();
        await Eventually.UntilAsync(
            async () =>
            {
                if (process.HasExited)
                    throw new InvalidOperationException($"fairlead ended: {product.Errors}");
                try
                {
                    return (await http.GetAsync(new Uri($"{url}/health/ready"))).IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            TimeSpan.FromSeconds(60)
        );
        return product;
    }

    /// <summary>Waits until every imported service runs.</summary>
    public Task ServicesRunAsync() =>
        Eventually.UntilAsync(
            async () =>
            {
                using var http = new HttpClient();
                return (await http.GetStringAsync(new Uri($"{Url}/health"))).Contains(
                        "\"healthy\"",
                        StringComparison.Ordinal
                    )
                    && !(await http.GetStringAsync(new Uri($"{Url}/health"))).Contains(
                        "degraded",
                        StringComparison.Ordinal
                    );
            },
            TimeSpan.FromSeconds(60)
        );

    public HttpClient Client(string? key = Key)
    {
        var client = new HttpClient { BaseAddress = new Uri(Url), Timeout = TimeSpan.FromSeconds(60) };
        if (key is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        client.DefaultRequestHeaders.Accept.ParseAdd("application/json, text/event-stream");
        return client;
    }

    /// <summary>Calls a tool as a modern client.</summary>
    public async Task<(HttpStatusCode Status, JsonElement Body)> CallAsync(
        string tool,
        string arguments = "{}",
        string? key = Key
    )
    {
        using var client = Client(key);
        var body =
            """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"NAME","arguments":ARGS,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"""
                .Replace("NAME", tool, StringComparison.Ordinal)
                .Replace("ARGS", arguments, StringComparison.Ordinal);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/mcp")
        {
            Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json")),
        };
        request.Headers.Add("MCP-Protocol-Version", "2026-07-28");
        request.Headers.Add("Mcp-Method", "tools/call");
        request.Headers.Add("Mcp-Name", tool);
        using var response = await client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement);
    }

    /// <summary>Processes that carry this gateway's mark in their environment, or whose parent chain leads to it.</summary>
    public static IReadOnlyList<int> WithText(string text)
    {
        var found = new List<int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var pid))
                continue;
            try
            {
                if (File.ReadAllText(Path.Combine(folder, "environ")).Contains(text, StringComparison.Ordinal))
                    found.Add(pid);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Gone in the meantime.
            }
        }
        return found;
    }

    public async Task<int> TerminateAsync()
    {
        Kill(Process.Id, "TERM");
        await Process.WaitForExitAsync();
        return Process.ExitCode;
    }

    public static void Kill(int pid, string signal) =>
        System
            .Diagnostics.Process.Start("kill", ["-s", signal, pid.ToString(CultureInfo.InvariantCulture)])
            .WaitForExit();

    public async ValueTask DisposeAsync()
    {
        if (!Process.HasExited)
            await TerminateAsync();
        Process.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void Add(StringBuilder to, string? line)
    {
        lock (to)
            to.AppendLine(line);
    }

    private static string Locked(StringBuilder text)
    {
        lock (text)
            return text.ToString();
    }
}
