using Fairlead.Cli;
using Fairlead.Serve;
using Fairlead.Server.Hosting;
using Fairlead.Server.Storage;

namespace Fairlead.Doctor;

/// <summary>What is examined: settings, data folder, and the gateway that may run on them.</summary>
internal sealed class Site
{
    private readonly Task<GatewayAnswer> answer;

    public Site(Terminal terminal, Uri server, ServeSettings settings, long minFree)
    {
        Terminal = terminal;
        Server = server;
        Settings = settings;
        MinFree = minFree;
        Started = (terminal.Time.GetUtcNow(), terminal.Time.GetTimestamp());
        answer = GatewayAnswer.AskAsync(server, terminal);
        try
        {
            Options = FairleadOptions.Bind(settings.Load());
        }
        catch (Exception e) when (StartFailure.Explain(e) is { } line)
        {
            // The other checks go on with the defaults: each fault is to be told in one run.
            SettingsProblem = line;
            Options = new();
            if (settings.Data is { } data)
                Options = Options with { Storage = Options.Storage with { DataDirectory = data } };
        }
    }

    public Terminal Terminal { get; }
    public Uri Server { get; }
    public ServeSettings Settings { get; }

    /// <summary>Free bytes below which the disk is a fault.</summary>
    public long MinFree { get; }

    /// <summary>Both clocks when the examination began.</summary>
    public (DateTimeOffset Utc, long Timestamp) Started { get; }

    /// <summary>The settings, or defaults where they cannot be used.</summary>
    public FairleadOptions Options { get; }

    /// <summary>Why the settings cannot be used; null when they can.</summary>
    public string? SettingsProblem { get; }

    public StorageOptions Storage => Options.Storage;
    public string Data => Path.GetFullPath(Storage.DataDirectory);
    public string StoreFile => Path.Combine(Data, "fairlead.db");
    public string KeyFile => Storage.MasterKeyFile is { } file ? Path.GetFullPath(file) : Path.Combine(Data, "keys");
    public bool IsSqlite => Storage.Provider is StorageProvider.Sqlite;

    /// <summary>Whether there is a store to look into; PostgreSQL says itself.</summary>
    public bool HasStore => !IsSqlite || new FileInfo(StoreFile) is { Exists: true, Length: > 0 };

    /// <summary>What answers at the address; asked once for all checks.</summary>
    public Task<GatewayAnswer> GatewayAsync() => answer;

    /// <summary>A path as a shell takes it back.</summary>
    public static string Quote(string text) =>
        text.All(c => char.IsAsciiLetterOrDigit(c) || "/._-:=@+,".Contains(c, StringComparison.Ordinal))
            ? text
            : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
