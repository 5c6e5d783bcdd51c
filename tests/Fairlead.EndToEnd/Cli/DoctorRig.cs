using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Fairlead.Cli;
using Fairlead.Doctor;
using Fairlead.Server.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

/// <summary>A real data folder, made once by a gateway; every test spoils a copy of its own.</summary>
public sealed class DoctorTemplate : IAsyncLifetime
{
    // The variable is the data folder, whichever copy it is.
    private const string Services = """
        {"mcpServers":{
          "tool":{"command":"${FAIRLEAD_DATA}/tool"},
          "script":{"command":"sh","args":["${FAIRLEAD_DATA}/server.sh"],"cwd":"${FAIRLEAD_DATA}/work"}
        }}
        """;

    public string Data { get; } = Path.Combine(Directory.CreateTempSubdirectory("fairlead-doctor-").FullName, "data");

    public async ValueTask InitializeAsync()
    {
        var file = Path.Combine(Path.GetDirectoryName(Data)!, "mcp.json");
        await File.WriteAllTextAsync(file, Services);
        await using (await DoctorRig.StartAsync(Data, "http://127.0.0.1:0", file)) { }
        Directory.CreateDirectory(Path.Combine(Data, "work"));
        foreach (var program in (string[])["tool", "server.sh"])
        {
            await File.WriteAllTextAsync(Path.Combine(Data, program), "#!/bin/sh\ncat >/dev/null\n");
            DoctorRig.Shell($"chmod 700 '{Path.Combine(Data, program)}'");
        }
        SqliteConnection.ClearAllPools();
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(Path.GetDirectoryName(Data)!, recursive: true);
        return ValueTask.CompletedTask;
    }
}

/// <summary>A copy of the template, and <c>fairlead doctor</c> on it.</summary>
internal sealed class DoctorRig : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("fairlead-doctor-").FullName;
    private readonly string masterKey;
    private WebApplication? gateway;

    public DoctorRig(DoctorTemplate template)
    {
        Shell($"cp -a '{template.Data}' '{Data}'");
        masterKey = File.ReadAllText(Path.Combine(Data, "keys")).Trim();
        Port = FreePort();
        Listen = Url;
    }

    public string Data => Path.Combine(folder, "data");
    public string Tokens => Path.Combine(folder, "fairlead", "tokens.json");
    public string Config => Path.Combine(folder, "settings.json");
    public int Port { get; }
    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>What is given as <c>--urls</c>.</summary>
    public string Listen { get; set; }
    public TimeProvider Time { get; set; } = TimeProvider.System;
    public List<string> Options { get; } = [];
    public Dictionary<string, string> Variables { get; } = [];

    /// <summary>What the last run printed for people.</summary>
    public string Text { get; private set; } = "";

    public static async Task<WebApplication> StartAsync(string data, string url, string? mcpConfig)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        builder.Configuration.AddInMemoryCollection(
            new Dictionary<string, string?>
            {
                ["Fairlead:Storage:DataDirectory"] = data,
                ["Fairlead:FirstStart:AdminPassword"] = CliGateway.Password,
                ["Fairlead:FirstStart:DefaultKey"] = CliGateway.Key,
                ["Fairlead:FirstStart:McpConfig"] = mcpConfig,
            }
        );
        builder.AddFairlead();
        var app = builder.Build();
        app.MapFairlead();
        await app.StartAsync();
        return app;
    }

    public async Task StartGatewayAsync() => gateway = await StartAsync(Data, Url, null);

    public void WriteConfig(string settings)
    {
        File.WriteAllText(Config, $$"""{"Fairlead":{{settings}}}""");
        Shell($"chmod 600 '{Config}'");
        Options.AddRange(["--config", Config]);
    }

    /// <summary>Changes the store behind everybody's back.</summary>
    public void Sql(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(Data, "fairlead.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Written in the tests.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    public async Task<Ran> RunAsync(string input, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var terminal = new Terminal
        {
            In = new StringReader(input),
            Out = output,
            Error = error,
            Variable = name => name == "XDG_CONFIG_HOME" ? folder : Variables.GetValueOrDefault(name),
            Time = Time,
        };
        var code = await Program.RunAsync(args, terminal);
        return new Ran(code, output.ToString(), error.ToString());
    }

    /// <summary>Runs the doctor twice, for people and for programs; both must say the same and no secret.</summary>
    public async Task<(int Code, DoctorReport Report)> ExamineAsync()
    {
        string[] args = ["doctor", "--data", Data, "--urls", Listen, .. Options];
        var person = await RunAsync("", args);
        var program = await RunAsync("", [.. args, "--json"]);
        program.Code.ShouldBe(person.Code);
        program.Error.ShouldBeEmpty();
        foreach (var secret in (string[])[masterKey, CliGateway.Key, CliGateway.Password])
        {
            person.Out.ShouldNotContain(secret);
            program.Out.ShouldNotContain(secret);
        }
        Text = person.Out;
        return (program.Code, JsonSerializer.Deserialize(program.Out, DoctorJson.Default.DoctorReport)!);
    }

    public static void Shell(string command)
    {
        using var process = Process.Start("sh", ["-c", command]);
        process.WaitForExit();
        process.ExitCode.ShouldBe(0, command);
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        if (gateway is not null)
        {
            await gateway.StopAsync();
            await gateway.DisposeAsync();
        }
        Directory.Delete(folder, recursive: true);
    }
}
