using Fairlead.Cli;
using Fairlead.Client;
using Fairlead.Server.Hosting;
using Fairlead.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

/// <summary>What one command did.</summary>
public sealed record Ran(int Code, string Out, string Error);

/// <summary>A whole gateway in this process, and the command line run against it as a person or a script would.</summary>
public sealed class CliGateway : IAsyncLifetime
{
    public const string Password = "correct horse battery";
    public const string Key = "mcp_key_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    private WebApplication app = null!;
    private readonly string folder = Directory.CreateTempSubdirectory("fairlead-cli-").FullName;

    public Uri Address { get; private set; } = null!;

    /// <summary>The registry it is configured with; empty.</summary>
    public LoopbackRegistry Registry { get; private set; } = null!;

    /// <summary>Where commands keep their tokens.</summary>
    public string Config => Path.Combine(folder, "config");

    /// <summary>A client signed in as the administrator.</summary>
    public FairleadClient Client { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Registry = await LoopbackRegistry.StartAsync();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration.AddInMemoryCollection(
            new Dictionary<string, string?>
            {
                ["Fairlead:Storage:DataDirectory"] = Path.Combine(folder, "data"),
                ["Fairlead:FirstStart:AdminPassword"] = Password,
                ["Fairlead:FirstStart:DefaultKey"] = Key,
                // Tests ask more often than people do.
                ["Fairlead:Limits:RestBurst"] = "100000",
                ["Fairlead:Limits:RestPerMinute"] = "6000000",
                ["Fairlead:Limits:UserCalls"] = "1000000",
                // Tests start whatever they need, and it is on this machine.
                ["Fairlead:Services:Launch:Unrestricted"] = "true",
                ["Fairlead:Services:Channels:RefusePrivateAddresses"] = "false",
                ["Fairlead:Services:Registry:Url"] = Registry.Address.AbsoluteUri,
                ["Fairlead:Services:Registry:AllowPrivate"] = "true",
            }
        );
        builder.AddFairlead();
        app = builder.Build();
        app.MapFairlead();
        await app.StartAsync();
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        Address = new Uri(addresses.Addresses.First());
        Client = new FairleadClient(Address);
        await Client.SignInAsync("admin", Password);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await app.StopAsync();
        await app.DisposeAsync();
        await Registry.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Runs a command of an administrator who gave name and password by the environment.</summary>
    public Task<Ran> RunAsync(params string[] args) => RunAsync("", [("FAIRLEAD_ADMIN_PASSWORD", Password)], args);

    /// <summary>Runs a command with these variables, and nothing else from the environment.</summary>
    public async Task<Ran> RunAsync(
        string input,
        IEnumerable<(string Name, string? Value)> variables,
        params string[] args
    )
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await Program.RunAsync(args, Terminal(input, output, error, variables));
        return new Ran(code, output.ToString(), error.ToString());
    }

    /// <summary>Runs a command of an administrator who sits at a terminal and types this.</summary>
    public async Task<Ran> TypeAsync(string input, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var terminal = Terminal(input, output, error, [("FAIRLEAD_ADMIN_PASSWORD", Password)]) with
        {
            InIsPerson = true,
        };
        var code = await Program.RunAsync(args, terminal);
        return new Ran(code, output.ToString(), error.ToString());
    }

    /// <summary>What a command sees of the world.</summary>
    internal Terminal Terminal(
        string input,
        TextWriter output,
        TextWriter error,
        IEnumerable<(string Name, string? Value)> variables
    )
    {
        var given = new Dictionary<string, string?>
        {
            ["FAIRLEAD_SERVER"] = Address.ToString(),
            ["XDG_CONFIG_HOME"] = Config,
        };
        foreach (var (name, value) in variables)
            given[name] = value;
        return new Terminal
        {
            In = new StringReader(input),
            Out = output,
            Error = error,
            Variable = name => given.GetValueOrDefault(name),
        };
    }
}
