using System.Collections.Frozen;
using System.Net;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Services.Import;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Trust;

/// <summary>
/// What a definition may start or connect to that comes by the API or an import (R83, R84, security.md section 0.3). A file
/// the operator names at the first start is his own and is not asked (docs/adr/0010).
/// </summary>
internal sealed class LaunchRules(ServicesOptions services, StorageOptions storage)
{
    private static readonly FrozenSet<string> Shells = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        (
            "sh bash dash ash zsh ksh mksh fish csh tcsh busybox toybox cmd powershell pwsh"
            + " env xargs nohup setsid sudo su doas"
        ).Split(' ')
    );

    // What loaders and interpreters read before the program itself has a say.
    private static readonly FrozenSet<string> Loaders = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        [
            "PATH",
            "NODE_OPTIONS",
            "NODE_REPL_EXTERNAL_MODULE",
            "PYTHONSTARTUP",
            "PYTHONHOME",
            "PYTHONINSPECT",
            "PYTHONBREAKPOINT",
            "PERL5OPT",
            "PERL5LIB",
            "PERL5DB",
            "RUBYOPT",
            "RUBYLIB",
            "JAVA_TOOL_OPTIONS",
            "_JAVA_OPTIONS",
            "JDK_JAVA_OPTIONS",
            "DOTNET_STARTUP_HOOKS",
            "DOTNET_ADDITIONAL_DEPS",
            "DOTNET_SHARED_STORE",
            "DOTNET_ROOT",
            "BASH_ENV",
            "ENV",
            "SHELLOPTS",
            "BASHOPTS",
            "PROMPT_COMMAND",
            "IFS",
            "GCONV_PATH",
            "GIT_SSH_COMMAND",
            "GIT_EXTERNAL_DIFF",
            "DOCKER_HOST",
        ]
    );

    private static readonly string[] LoaderPrefixes = ["LD_", "DYLD_", "BASH_FUNC_", "CORECLR_", "COR_"];

    // Libraries by path: what a bundle brings along is its own.
    private static readonly FrozenSet<string> Libraries = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        ["PYTHONPATH", "NODE_PATH"]
    );

    // Options of npx without a value; what others are followed by is not the package yet.
    private static readonly FrozenSet<string> Switches = FrozenSet.Create(
        StringComparer.Ordinal,
        "-y --yes -n --no -q --quiet -s --silent -d --verbose --offline --prefer-offline --prefer-online --no-install".Split(
            ' '
        )
    );

    private readonly LaunchOptions options = services.Launch;

    /// <summary>Whether private and loopback addresses are refused where a service does not say otherwise.</summary>
    public bool RefusesPrivate => services.Channels.RefusePrivateAddresses;

    /// <summary>
    /// All that must not be; empty when it may be registered. What is started as before is not asked again, so that the
    /// rest of an operator's own definition can be changed.
    /// </summary>
    public IReadOnlyList<ServiceProblem> Check(ServiceDefinition? before, ServiceDefinition definition)
    {
        if (before is not null && SameLaunch(before, definition))
            return [];
        List<ServiceProblem> problems = [];
        if (definition.Transport != ServiceTransport.Stdio)
            CheckAddress(definition, problems);
        else if (!options.Unrestricted)
            CheckProgram(definition, problems);
        return problems;
    }

    private static bool SameLaunch(ServiceDefinition a, ServiceDefinition b) =>
        PinnedDefinition.OfLaunch(a).Hash == PinnedDefinition.OfLaunch(b).Hash && a.Env.SequenceEqual(b.Env);

    private void CheckProgram(ServiceDefinition d, List<ServiceProblem> problems)
    {
        var command = Filled(d.Command ?? "");
        var program = Path.GetFileNameWithoutExtension(command);
        if (Shells.Contains(program))
            problems.Add(new("command", "is a shell, or starts any other program: name the program itself"));
        else if (command.Contains("${", StringComparison.Ordinal))
            problems.Add(new("command", "must not hold a variable"));
        else if (!command.Contains('/', StringComparison.Ordinal))
        {
            if (!options.Commands.Contains(command))
                problems.Add(
                    new(
                        "command",
                        $"must be one of {string.Join(", ", options.Commands)}, or an absolute path below one of the setting Services:Launch:Roots; Services:Launch:Commands names more"
                    )
                );
        }
        else if (!IsInside(command))
            problems.Add(new("command", "must be an absolute path below one of the setting Services:Launch:Roots"));
        if (program == "npx" && Calls(d.Args))
            problems.Add(new("args", "must not hold --call: it runs a shell"));
        if (d.Cwd is { } cwd && !IsInside(Filled(cwd)))
            problems.Add(new("cwd", "must be below one of the setting Services:Launch:Roots"));
        foreach (var (name, value) in d.Env)
        {
            if (!options.Environment.Contains(name, StringComparer.OrdinalIgnoreCase) && IsRefused(name, value))
                problems.Add(
                    new($"env.{name}", "decides what is loaded into the program; Services:Launch:Environment allows it")
                );
        }
    }

    private void CheckAddress(ServiceDefinition d, List<ServiceProblem> problems)
    {
        var refusesPrivate = d.AllowPrivate is { } allowed ? !allowed : services.Channels.RefusePrivateAddresses;
        // What a name resolves to is known, and checked, when it is connected to.
        if (!Uri.TryCreate(d.Url, UriKind.Absolute, out var uri) || Address(uri) is not { } address)
            return;
        if (!AddressRules.Allows(address, refusePrivate: false))
            problems.Add(new("url", "is an address that is never connected to"));
        else if (!AddressRules.Allows(address, refusesPrivate))
            problems.Add(new("url", "is in a private or loopback network: say allow_private if that is meant"));
    }

    private static IPAddress? Address(Uri uri)
    {
        var host = uri.IdnHost.TrimEnd('.');
        if (host == "localhost" || host.EndsWith(".localhost", StringComparison.Ordinal))
            return IPAddress.Loopback;
        return IPAddress.TryParse(host, out var address) ? address : null;
    }

    // Up to the package: what comes behind it is the package's own.
    private static bool Calls(IEnumerable<string> args)
    {
        var isValue = false;
        // A default counts: it may be what makes the option.
        foreach (var arg in args.Select(a => Expansion.Expand(a, static _ => null, [])))
        {
            if (arg == "--" || !(isValue || arg.StartsWith('-')))
                return false;
            if (IsCall(arg))
                return true;
            isValue = arg.StartsWith('-') && !arg.Contains('=', StringComparison.Ordinal) && !Switches.Contains(arg);
        }
        return false;
    }

    // Also shortened as npm allows it, and among other letters: --cal, -yc.
    private static bool IsCall(string arg) =>
        arg.StartsWith("--ca", StringComparison.Ordinal)
            ? "--call".StartsWith(arg.Split('=')[0], StringComparison.Ordinal)
            : arg.Length > 1 && arg[0] == '-' && arg[1] != '-' && arg.Contains('c', StringComparison.Ordinal);

    private bool IsRefused(string name, string value) =>
        Libraries.Contains(name)
            ? value.Split(Path.PathSeparator).Any(part => !IsInside(Filled(part)))
            : Loaders.Contains(name)
                || Array.Exists(LoaderPrefixes, p => name.StartsWith(p, StringComparison.OrdinalIgnoreCase));

    private string Filled(string text) =>
        text.Replace(
            $"${{{Expansion.DataDirectory}}}",
            Path.GetFullPath(storage.DataDirectory),
            StringComparison.Ordinal
        );

    private bool IsInside(string path)
    {
        if (!Path.IsPathFullyQualified(path) || path.Contains("${", StringComparison.Ordinal))
            return false;
        return Real(path) is { } real
            && options
                .Roots.Append(Path.Combine(storage.DataDirectory, "bundles"))
                .Select(root => Real(Path.GetFullPath(root)))
                .Any(root =>
                    root is not null
                    && (real == root || real.StartsWith(root.TrimEnd('/') + '/', StringComparison.Ordinal))
                );
    }

    /// <summary>The path without <c>..</c> and links, as far as it exists; null for links that lead nowhere.</summary>
    private static string? Real(string path)
    {
        var real = "/";
        foreach (var part in Path.GetFullPath(path).Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            real = Path.Combine(real, part);
            var info = new FileInfo(real);
            if (info.LinkTarget is null)
                continue;
            try
            {
                real = info.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
            }
            catch (IOException)
            {
                return null;
            }
        }
        return real;
    }
}
