using System.Reflection;
using System.Text.RegularExpressions;
using Fairlead.Server.Automation;
using Fairlead.Server.Caching;
using Fairlead.Server.Caching.Redis;
using Fairlead.Server.Gateway;
using Fairlead.Server.Gateway.Intake;
using Fairlead.Server.Groups;
using Fairlead.Server.Hosting.Lifespan;
using Fairlead.Server.Hosting.Limits;
using Fairlead.Server.Identity;
using Fairlead.Server.Live;
using Fairlead.Server.Services;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Services.Trust;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry.Calls;
using Fairlead.Server.Tools;
using Fairlead.Server.Tools.Executions;
using Fairlead.Server.Tools.Recovery;
using Fairlead.Server.Tools.Samples;
using Microsoft.Extensions.Configuration;

namespace Fairlead.Server.Hosting;

/// <summary>All settings, one section a room; bound once from file &lt; environment &lt; command line.</summary>
internal sealed partial record FairleadOptions
{
    public StartupOptions Startup { get; init; } = new();
    public StorageOptions Storage { get; init; } = new();
    public IdentityOptions Identity { get; init; } = new();
    public GatewayOptions Gateway { get; init; } = new();
    public ServicesOptions Services { get; init; } = new();
    public TrustOptions Trust { get; init; } = new();
    public CallLogOptions CallLog { get; init; } = new();
    public ToolsOptions Tools { get; init; } = new();
    public ExecutionOptions Executions { get; init; } = new();
    public ToolRecoveryOptions Recovery { get; init; } = new();
    public CachingOptions Cache { get; init; } = new();
    public RedisOptions Redis { get; init; } = new();
    public OutboundOptions Outbound { get; init; } = new();
    public LifespanOptions Lifespan { get; init; } = new();
    public LimitsOptions Limits { get; init; } = new();
    public LiveOptions Live { get; init; } = new();
    public AutomationOptions Automation { get; init; } = new();
    public SamplesOptions Samples { get; init; } = new();
    public FirstStartOptions FirstStart { get; init; } = new();

    /// <summary>Binds and refuses what nobody reads: a misspelt key would otherwise be ignored in silence.</summary>
    /// <exception cref="StoreException">A section or key is unknown or has the wrong type.</exception>
    public static FairleadOptions Bind(IConfiguration configuration)
    {
        var root = configuration.GetSection("Fairlead");
        CheckKeys(root, typeof(FairleadOptions));
        try
        {
            var options = new FairleadOptions();
            root.Bind(options);
            return options;
        }
        catch (InvalidOperationException e)
        {
            throw new StoreException(
                Unconvertible().Match(e.Message) is { Success: true } wrong
                    ? $"'{wrong.Groups["value"].Value}' is no value for {wrong.Groups["key"].Value} (docs/guide/configuration.md)."
                    : $"The configuration is not valid: {e.Message}",
                e
            );
        }
    }

    /// <summary>All things wrong with the values; empty when a gateway can start on them.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> errors =
        [
            .. Storage.Validate(),
            .. Identity.Validate(),
            .. CallLog.Validate(),
            .. Cache.Validate(),
            .. Redis.Validate(),
            .. Limits.Validate(),
            .. FirstStart.Validate(),
            .. Executions.Validate(),
            .. Recovery.Validate(),
            .. Samples.Validate(),
            .. Outbound.Validate(),
            .. Lifespan.Validate(),
            .. Live.Validate(),
            .. Automation.Validate(),
        ];
        if (Gateway.PublicUrl is { } url && (!url.IsAbsoluteUri || url.Scheme is not ("http" or "https")))
            errors.Add($"Gateway:PublicUrl: '{url}' is no address of a gateway; write it like https://mcp.example.org");
        if (Gateway.MaxResultBytes is < 1024 or > 256 * 1024 * 1024)
            errors.Add($"Gateway:MaxResultBytes must be 1 KiB to 256 MiB, it is {Gateway.MaxResultBytes} bytes.");
        try
        {
            TrustedProxies.Read(Gateway);
        }
        catch (StoreException wrong)
        {
            errors.Add(wrong.Message);
        }
        return errors;
    }

    private static void CheckKeys(IConfigurationSection section, Type options)
    {
        foreach (var child in section.GetChildren())
        {
            var property = options.GetProperty(
                child.Key,
                BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase
            );
            if (property is null)
                throw new StoreException(
                    $"{child.Path} is no setting. In {section.Path} there are: {string.Join(", ", options.GetProperties().Select(p => p.Name).Order(StringComparer.Ordinal))}."
                );
            if (
                property.PropertyType is not { IsClass: true, Namespace: { } home }
                || !home.StartsWith("Fairlead.", StringComparison.Ordinal)
            )
                continue;
            if (!string.IsNullOrEmpty(child.Value))
                throw new StoreException($"{child.Path} is a section of settings and takes no value of its own.");
            CheckKeys(child, property.PropertyType);
        }
    }

    [GeneratedRegex("configuration value '(?<value>.*)' at '(?<key>[^']*)'", RegexOptions.NonBacktracking)]
    private static partial Regex Unconvertible();
}

/// <summary>What an empty store is filled with.</summary>
internal sealed record FirstStartOptions
{
    /// <summary>An mcpServers file to import; null imports none.</summary>
    public string? McpConfig { get; init; }

    /// <summary>Password of the first admin; null makes one and prints it once.</summary>
    public string? AdminPassword { get; init; }

    /// <summary>Key of the group <c>default</c>; null makes one. Must have the key format (A-47).</summary>
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
