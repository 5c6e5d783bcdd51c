using System.CommandLine;
using System.CommandLine.Parsing;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary>What is imported: a file of a client, a bundle, or a server of the registry.</summary>
internal sealed class ImportSource
{
    private static readonly byte[] ZipMagic = "PK\u0003\u0004"u8.ToArray();

    private readonly Argument<string?> file = new("FILE")
    {
        Description = "A client's configuration, a server.json or a bundle (.mcpb); - reads text from standard input",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> server = new("--from-registry")
    {
        Description = "Instead of a file, a server of the registry; see 'fairlead services search'",
        HelpName = "NAMESPACE/NAME",
    };

    private readonly Option<string?> version = new("--version")
    {
        Description = "Its version [the latest]",
        HelpName = "VERSION",
    };

    private readonly Option<string?> pick = new("--pick")
    {
        Description =
            "Of a server.json: npm, pypi, nuget, oci, mcpb or remote [the first that can be run, packages before remotes]",
        HelpName = "KIND",
    };

    private readonly Option<string?> format = new("--format")
    {
        Description = "Whose file it is, as 'services export --format' names it [found out]",
        HelpName = "FORMAT",
    };

    public IReadOnlyList<Symbol> Symbols => [file, server, version, pick, format];

    /// <summary>Makes a command ask for one of them.</summary>
    public Command On(Command command)
    {
        command.Validators.Add(result =>
        {
            var isFile = result.GetResult(file) is { Tokens.Count: > 0 };
            var isServer = result.GetResult(server) is { Tokens.Count: > 0 };
            if (isFile == isServer)
                result.AddError(isFile ? "Give FILE or --from-registry, not both." : "Give FILE or --from-registry.");
            else if (isFile && result.GetResult(version) is { Tokens.Count: > 0 })
                result.AddError("--version is for --from-registry.");
            else if (isServer && result.GetResult(format) is { Tokens.Count: > 0 })
                result.AddError("--format is for files.");
        });
        return command;
    }

    /// <summary>Whether standard input is what is imported.</summary>
    public bool IsInput(CommandResult result) => result.GetResult(file) is { Tokens: [{ Value: "-" }] };

    /// <summary>Makes ready to import it, any number of times.</summary>
    /// <exception cref="CliFailure">There is no such file.</exception>
    public async Task<Func<ImportOptions, CancellationToken, Task<ImportResult>>> OpenAsync(
        Session session,
        ParseResult parsed,
        CancellationToken cancellationToken
    )
    {
        var services = session.Client.Services;
        var kind = parsed.GetValue(pick);
        if (parsed.GetValue(server) is { } name)
            return (options, token) =>
                session.Client.Registry.ImportAsync(
                    name,
                    parsed.GetValue(version),
                    options with
                    {
                        Pick = kind,
                    },
                    token
                );
        var path = parsed.GetValue(file)!;
        if (path != "-" && !File.Exists(path))
            throw new CliFailure(ExitCode.WrongUsage, $"There is no file {path}.");
        if (path != "-" && await IsBundleAsync(path, cancellationToken))
            return async (options, token) =>
            {
                await using var bundle = File.OpenRead(path);
                return await services.InstallAsync(bundle, options, token);
            };
        var text =
            path == "-"
                ? await session.Terminal.In.ReadToEndAsync(cancellationToken)
                : await File.ReadAllTextAsync(path, cancellationToken);
        return (options, token) =>
            services.ImportAsync(
                text,
                options with
                {
                    FileName = path == "-" ? null : Path.GetFullPath(path),
                    Format = parsed.GetValue(format),
                    Pick = kind,
                },
                token
            );
    }

    // By what is in it: a bundle that lost its ending in a download is one all the same.
    private static async Task<bool> IsBundleAsync(string path, CancellationToken cancellationToken)
    {
        var start = new byte[ZipMagic.Length];
        await using var stream = File.OpenRead(path);
        return await stream.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellationToken)
                == start.Length
            && start.AsSpan().SequenceEqual(ZipMagic);
    }
}
