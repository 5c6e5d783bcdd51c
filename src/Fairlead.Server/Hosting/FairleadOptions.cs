using Fairlead.Server.Gateway;
using Fairlead.Server.Groups;
using Fairlead.Server.Identity;
using Fairlead.Server.Services;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry.Calls;
using Microsoft.Extensions.Configuration;

namespace Fairlead.Server.Hosting;

/// <summary>All settings, one section a room; bound once from file &lt; environment &lt; command line.</summary>
internal sealed record FairleadOptions
{
    public StorageOptions Storage { get; init; } = new();
    public IdentityOptions Identity { get; init; } = new();
    public GatewayOptions Gateway { get; init; } = new();
    public ServicesOptions Services { get; init; } = new();
    public CallLogOptions CallLog { get; init; } = new();
    public FirstStartOptions FirstStart { get; init; } = new();

    /// <summary>Binds and refuses what nobody reads: a misspelt key would otherwise be ignored in silence.</summary>
    /// <exception cref="StoreException">A section or key is unknown or has the wrong type.</exception>
    public static FairleadOptions Bind(IConfiguration configuration)
    {
        try
        {
            var options = new FairleadOptions();
            foreach (var section in configuration.GetSection("Fairlead").GetChildren())
            {
                if (typeof(FairleadOptions).GetProperty(section.Key) is null)
                    throw new StoreException($"Unknown section '{section.Key}' in the configuration");
            }
            configuration.GetSection("Fairlead").Bind(options, b => b.ErrorOnUnknownConfiguration = true);
            return options;
        }
        catch (InvalidOperationException e)
        {
            throw new StoreException($"The configuration is not valid: {e.Message}", e);
        }
    }
}

/// <summary>What an empty store is filled with.</summary>
internal sealed record FirstStartOptions
{
    /// <summary>An mcpServers file to import; null imports none.</summary>
    public string? McpConfig { get; init; }

    /// <summary>Password of the first admin; null makes one and prints it once.</summary>
    public string? AdminPassword { get; init; }

    /// <summary>Key of the group <c>default</c>; null makes one. Must have the key format .</summary>
    public string? DefaultKey { get; init; }

    /// <summary>All things wrong with these options; empty when usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> errors = [];
        if (
            AdminPassword is not (null or { Length: >= UserStore.MinPasswordLength and <= UserStore.MaxPasswordLength })
        )
            errors.Add(
                $"FAIRLEAD_ADMIN_PASSWORD must have {UserStore.MinPasswordLength} to {UserStore.MaxPasswordLength} characters."
            );
        if (DefaultKey is not null && !GroupKeys.IsWellFormed(DefaultKey))
            errors.Add(
                "FAIRLEAD_DEFAULT_KEY must be mcp_key_ and 32 bytes as base64url without padding (43 characters)."
            );
        if (McpConfig is not null && !File.Exists(McpConfig))
            errors.Add($"--mcp-config: there is no file {McpConfig}");
        return errors;
    }
}
