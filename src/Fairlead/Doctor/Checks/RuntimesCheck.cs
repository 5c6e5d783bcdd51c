using System.Collections;
using System.Data.Common;
using System.Runtime.CompilerServices;
using Fairlead.Runtime;
using Fairlead.Runtime.Supervision;
using Fairlead.Server.Services;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Secrets;

namespace Fairlead.Doctor.Checks;

/// <summary>The programs that services are started with: there, executable, and of which version.</summary>
internal sealed class RuntimesCheck : ICheck
{
    /// <summary>Programs that say their version at once; others are not run.</summary>
    private static readonly string[] Known =
    [
        "node",
        "npx",
        "npm",
        "bun",
        "deno",
        "uv",
        "uvx",
        "python",
        "python3",
        "dotnet",
        "java",
    ];

    /// <summary>Of these the first argument that is a path is a file that must be there.</summary>
    private static readonly string[] Interpreters = ["node", "python", "python3", "dotnet", "bun", "sh", "bash"];

    public string Name => "runtimes";

    public async IAsyncEnumerable<Finding> RunAsync(
        Site site,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var asked = new HashSet<string>(StringComparer.Ordinal);
        var variables = await VariablesAsync(site);
        foreach (var (name, definition) in await ServicesAsync(site, cancellationToken))
        {
            if (definition.Transport != ServiceTransport.Stdio)
                continue;
            var where = $"service {name}";
            var missing = new SortedSet<string>(StringComparer.Ordinal);
            var spec = Spec(site, name, definition, variables, missing);
            if (missing.Count > 0)
            {
                yield return new(
                    Severity.Warning,
                    Name,
                    where,
                    $"uses variables that are not set here: {string.Join(", ", missing)}",
                    $"set them where the gateway is started: export {missing.Min}=…"
                );
                continue;
            }
            var environment = ChildEnvironment.Build(variables, spec.Environment, "doctor", "doctor");
            if (Find(spec, environment, out var file) is { } problem)
            {
                yield return new(Severity.Fault, Name, where, problem.Message, Mend(problem.Failure, spec));
                continue;
            }
            if (Script(spec) is { } script)
            {
                yield return new(
                    Severity.Fault,
                    Name,
                    where,
                    $"{spec.Command} is to run {script}, and there is no such file",
                    $"put it there, or name another: fairlead services update {name} -- {spec.Command} …"
                );
                continue;
            }
            if (asked.Add(file) && await AskAsync(file, environment, cancellationToken) is { } finding)
                yield return finding;
        }
    }

    private async Task<Finding?> AskAsync(
        string file,
        Dictionary<string, string> environment,
        CancellationToken cancellationToken
    )
    {
        var program = Path.GetFileName(file);
        if (program is "docker" or "podman")
        {
            var engine = await ShortRun.TryAsync(
                file,
                ["version", "--format", "{{.Server.Version}}"],
                cancellationToken,
                environment
            );
            return engine is { Code: 0 }
                ? new(Severity.Ok, Name, file, $"engine {engine.Output.Trim()}")
                : new(
                    Severity.Fault,
                    Name,
                    file,
                    "its engine does not answer",
                    $"sudo systemctl start {program} && sudo usermod -aG docker {Environment.UserName}"
                );
        }
        if (!Known.Contains(program))
            return new(Severity.Ok, Name, file, "is there and may be executed");
        var ran = await ShortRun.TryAsync(file, ["--version"], cancellationToken, environment);
        return ran is { Code: 0 }
            ? new(Severity.Ok, Name, file, $"version {$"{ran.Output}\n{ran.Error}".Trim().Split('\n')[0]}")
            : new(
                Severity.Fault,
                Name,
                file,
                $"is there and does not run{(ran is null ? "" : $": {ran.Error.Trim().Split('\n')[0]}")}",
                $"see what it says: {Site.Quote(file)} --version"
            );
    }

    /// <summary>The variables the gateway was started with where it runs here and they may be read; else ours.</summary>
    private static async Task<IDictionary> VariablesAsync(Site site)
    {
        if (
            (await site.GatewayAsync()).Presence == Presence.Gateway
            && site.Server.IsLoopback
            && PortHolder.Find(site.Server.Port)?.Variables() is { } variables
        )
            return variables;
        return Environment.GetEnvironmentVariables();
    }

    private static ProcessSpec Spec(
        Site site,
        string name,
        ServiceDefinition definition,
        IDictionary variables,
        SortedSet<string> missing
    )
    {
        string Expand(string text) =>
            Expansion.Expand(
                text,
                v =>
                    v == Expansion.DataDirectory ? site.Data
                    // The gateway itself says which secrets it lacks; none is needed to look for a program.
                    : v.StartsWith(SecretStore.Prefix, StringComparison.Ordinal) ? "secret"
                    : variables[v] as string,
                missing
            );
        return new()
        {
            Name = name,
            Command = Expand(definition.Command ?? ""),
            Arguments = [.. definition.Args.Select(Expand)],
            Environment = definition.Env.ToDictionary(e => e.Key, e => Expand(e.Value)),
            WorkingDirectory = definition.Cwd is { } cwd ? Expand(cwd) : null,
        };
    }

    // The gateway's own lookup, so that both always say the same.
    private static ProcessStartException? Find(
        ProcessSpec spec,
        Dictionary<string, string> environment,
        out string file
    )
    {
        try
        {
            file = CommandLookup.Find(spec, environment);
            return null;
        }
        catch (ProcessStartException e)
        {
            file = "";
            return e;
        }
    }

    private static string? Script(ProcessSpec spec) =>
        Interpreters.Contains(Path.GetFileName(spec.Command))
        && spec.Arguments.FirstOrDefault(a => !a.StartsWith('-')) is { } first
        && Path.IsPathRooted(first)
        && !File.Exists(first)
        && !Directory.Exists(first)
            ? first
            : null;

    private static string Mend(ProcessStartFailure failure, ProcessSpec spec) =>
        failure switch
        {
            ProcessStartFailure.WorkingDirectoryNotFound => $"mkdir -p {Site.Quote(spec.WorkingDirectory!)}",
            ProcessStartFailure.NotExecutable => $"chmod +x {Site.Quote(spec.Command)}",
            ProcessStartFailure.CommandNotFound => spec.Command switch
            {
                "node" or "npx" or "npm" => "install Node.js: sudo apt-get install nodejs npm",
                "python" or "python3" => "install Python: sudo apt-get install python3 python-is-python3",
                "uv" or "uvx" => "install uv: pipx install uv",
                "docker" => "install Docker: sudo apt-get install docker.io",
                "dotnet" => "install .NET: sudo apt-get install dotnet-sdk-10.0",
                var other => $"install {other}, or put its folder into the PATH the gateway is started with",
            },
            _ => $"name another program: fairlead services update {spec.Name} -- PROGRAM …",
        };

    /// <summary>Enabled services; none where store or key cannot be used, which their own checks tell.</summary>
    private static async Task<IReadOnlyList<(string Name, ServiceDefinition Definition)>> ServicesAsync(
        Site site,
        CancellationToken cancellationToken
    )
    {
        if (!site.HasStore || !File.Exists(site.KeyFile))
            return [];
        try
        {
            var sealer = new Sealer(MasterKey.Load(site.Storage));
            await using var store = await StoreView.OpenAsync(site, cancellationToken);
            return await store.RowsAsync(
                "SELECT id, name, definition FROM mcp_services WHERE removed_at IS NULL AND enabled ORDER BY position",
                row =>
                    (
                        row.GetString(1),
                        StoreJson.ReadDefinition(
                            sealer.Open("mcp_services", "definition", row.GetString(0), row.GetString(2))
                        )
                    ),
                cancellationToken
            );
        }
        catch (Exception e) when (e is DbException or StoreException)
        {
            return [];
        }
    }
}
