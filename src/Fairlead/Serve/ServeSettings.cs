using Fairlead.Server.Storage;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Fairlead.Serve;

/// <summary>The command line of <c>serve</c>, and how it and the environment map to settings.</summary>
internal sealed record ServeSettings(
    string Urls,
    string? Data,
    string? McpConfig,
    string? ConfigFile,
    string? StdioGroup
)
{
    private const string Prefix = "FAIRLEAD__";

    /// <summary>The least important lines that are logged, of LOG_LEVEL; information unless told otherwise (P-103).</summary>
    /// <exception cref="StoreException">It names no level.</exception>
    public static LogLevel LogLevel =>
        Environment.GetEnvironmentVariable("LOG_LEVEL")?.ToUpperInvariant() switch
        {
            null or "" or "INFO" or "INFORMATION" => LogLevel.Information,
            "DEBUG" => LogLevel.Debug,
            "WARNING" => LogLevel.Warning,
            "ERROR" => LogLevel.Error,
            "CRITICAL" => LogLevel.Critical,
            var other => throw new StoreException(
                $"LOG_LEVEL is DEBUG, INFO, WARNING, ERROR or CRITICAL, not '{other}'."
            ),
        };

    /// <summary>All settings: the file, and over it the environment and the command line.</summary>
    /// <exception cref="StoreException">The file of <c>--config</c> is wrong.</exception>
    public IConfiguration Load()
    {
        var builder = new ConfigurationBuilder();
        AddTo(builder);
        return builder.Build();
    }

    /// <inheritdoc cref="Load"/>
    public void AddTo(IConfigurationBuilder builder)
    {
        if (ConfigFile is { } file)
            builder.AddJsonFile(Serve.ConfigFile.Check(file), optional: false, reloadOnChange: false);
        builder.AddInMemoryCollection(ToConfiguration());
    }

    /// <summary>
    /// Environment first, then the command line over it: <c>FAIRLEAD__Gateway__CallsPerMinute=1000</c> sets
    /// <c>Fairlead:Gateway:CallsPerMinute</c>; a few settings have names of their own.
    /// </summary>
    public Dictionary<string, string?> ToConfiguration()
    {
        var values = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            var name = (string)variable.Key;
            if (name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
                values["Fairlead:" + name[Prefix.Length..].Replace("__", ":", StringComparison.Ordinal)] = (string?)
                    variable.Value;
        }
        Take("Fairlead:FirstStart:AdminPassword", "FAIRLEAD_ADMIN_PASSWORD");
        Take("Fairlead:FirstStart:DefaultKey", "FAIRLEAD_DEFAULT_KEY");
        Take("Fairlead:Storage:MasterKeyFile", "FAIRLEAD_MASTER_KEY_FILE");
        // Set and empty is a mistake of whoever set it, and told as such.
        if (
            Environment.GetEnvironmentVariable("JWT_SECRET") is ""
            || Environment.GetEnvironmentVariable("JWT_SECRET_KEY") is ""
        )
            values["Fairlead:Identity:JwtSecret"] = "";
        Take("Fairlead:Identity:JwtSecret", "JWT_SECRET", "JWT_SECRET_KEY");
        Take("Fairlead:Gateway:PublicUrl", "MCP_SERVER_BASE_URL");
        Put("Fairlead:Storage:DataDirectory", Data);
        Put("Fairlead:FirstStart:McpConfig", McpConfig is null ? null : Path.GetFullPath(McpConfig));
        return values;

        void Take(string key, params ReadOnlySpan<string> names)
        {
            foreach (var name in names)
            {
                if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
                {
                    values[key] = value;
                    return;
                }
            }
        }

        void Put(string key, string? value)
        {
            if (value is not null)
                values[key] = value;
        }
    }
}
