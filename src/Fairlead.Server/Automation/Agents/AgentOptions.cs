namespace Fairlead.Server.Automation.Agents;

/// <summary>Settings of the AI gateway.</summary>
internal sealed record AgentOptions
{
    /// <summary>
    /// Where agents of this program find its own MCP endpoint; null is the address it listens on. Needed only where that
    /// cannot be reached from here.
    /// </summary>
    public Uri? OwnUrl { get; init; }

    /// <summary>Language of what agents write where nothing is known of the user: <c>en</c> or <c>zh</c>; default <c>en</c>.</summary>
    public string Language { get; init; } = "en";

    /// <summary>Questions that are answered at once; default 32. Others wait, within their deadline.</summary>
    public int AtOnce { get; init; } = 32;

    /// <summary>How long an answer that missed its deadline is still waited for; default 30 s.</summary>
    public TimeSpan LateLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>All things wrong with these options; empty when usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> errors = [];
        if (OwnUrl is not (null or { IsAbsoluteUri: true, Scheme: "http" or "https" }))
            errors.Add($"Automation:Agents:OwnUrl: '{OwnUrl}' is no address of http or https.");
        if (Language is not ("en" or "zh"))
            errors.Add($"Automation:Agents:Language is en or zh, it is '{Language}'.");
        if (AtOnce < 1)
            errors.Add($"Automation:Agents:AtOnce must be above 0, it is {AtOnce}.");
        if (LateLimit < TimeSpan.Zero)
            errors.Add($"Automation:Agents:LateLimit must not be below 0, it is {LateLimit}.");
        return errors;
    }
}
