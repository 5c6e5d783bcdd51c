using System.Runtime.CompilerServices;
using Fairlead.Server.Services;
using Fairlead.Server.Services.Import;
using Fairlead.Server.Services.Trust;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Secrets;
using Fairlead.Server.Tests.Storage;
using Shouldly;

namespace Fairlead.Server.Tests.Services.Import;

/// <summary>Imports on a real store, on a machine whose programs and variables the test says.</summary>
internal sealed class ImportRig : IAsyncDisposable
{
    private readonly TempFolder folder;

    private ImportRig(TestStore store, TempFolder folder)
    {
        Store = store;
        this.folder = folder;
        foreach (var program in (string[])["npx", "node", "python"])
            File.WriteAllText(Path.Combine(folder.Path, program), "");
        Import = new ServiceImport(
            store.Services,
            store.Get<SecretStore>(),
            store.Watcher,
            new Preflight(name =>
                name switch
                {
                    "PATH" => folder.Path,
                    "HOME" => "/home/test",
                    _ => null,
                }
            ),
            new LaunchRules(
                new ServicesOptions
                {
                    Launch = new LaunchOptions { Unrestricted = true },
                    Channels = new(),
                },
                new StorageOptions { DataDirectory = folder.Path }
            ),
            new TrustOptions()
        );
    }

    public TestStore Store { get; }
    public ServiceImport Import { get; }

    public static async Task<ImportRig> StartAsync()
    {
        var made = new TempFolder();
        return new ImportRig(await TestStore.OpenAsync(new StorageOptions { DataDirectory = made.Path }), made);
    }

    /// <summary>What a file of the tests asks for.</summary>
    public IReadOnlyDictionary<string, string> ValuesOf(string file) =>
        file switch
        {
            "vscode/mcp.json" => new Dictionary<string, string>
            {
                ["perplexity-key"] = "pplx-canary",
                ["region"] = "us",
            },
            "cursor/mcp.json" => new Dictionary<string, string> { ["workspaceFolder"] = "/work/here" },
            "windsurf/mcp_config.json" => new Dictionary<string, string> { ["file:/run/token"] = "canary-of-file" },
            "server-json/server.json" => new Dictionary<string, string>
            {
                ["root"] = "/srv",
                ["port"] = "8080",
                ["BRAVE_API_KEY"] = "canary-brave",
            },
            "server-json/server-legacy.json" => new Dictionary<string, string> { ["folder"] = "/srv" },
            _ => new Dictionary<string, string>(),
        };

    public static string Read(string file) => File.ReadAllText(PathOf(file));

    public static string PathOf(string file) => Path.Combine(Folder(), file);

    /// <summary>Compares with the golden file, or writes it.</summary>
    public static void Check(string file, string actual)
    {
        var path = Path.Combine(Folder(), file);
        if (Environment.GetEnvironmentVariable("FAIRLEAD_GOLDEN") == "write")
            File.WriteAllText(path, actual);
        actual.ShouldBe(
            File.ReadAllText(path),
            "If the change is meant, run the test with FAIRLEAD_GOLDEN=write and commit the file."
        );
    }

    private static string Folder([CallerFilePath] string file = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "../../../Golden/import"));

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        folder.Dispose();
    }
}
