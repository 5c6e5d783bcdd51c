namespace Fairlead.Server.Automation.Notices;

/// <summary>Settings of notices.</summary>
internal sealed record NoticeOptions
{
    private static readonly TimeSpan[] DefaultWaits =
    [
        TimeSpan.FromSeconds(5),
        TimeSpan.FromSeconds(15),
        TimeSpan.FromSeconds(60),
    ];

    /// <summary>
    /// Where pushes to people who are not connected are posted, as JSON (title, body, conversation_id, user_id); null keeps
    /// them as unread notices only.
    /// </summary>
    public Uri? PushUrl { get; init; }

    /// <summary>Waits before a delivery that failed is tried again; default 5, 15 and 60 s, then it has failed .</summary>
    public IReadOnlyList<TimeSpan> Retries { get; init; } = [];

    /// <summary>The waits that hold.</summary>
    public IReadOnlyList<TimeSpan> Waits => Retries.Count > 0 ? Retries : DefaultWaits;

    /// <summary>How long one push may take; default 10 s.</summary>
    public TimeSpan PushTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>All things wrong with these options; empty when usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> errors = [];
        if (PushUrl is not (null or { IsAbsoluteUri: true, Scheme: "http" or "https" }))
            errors.Add($"Automation:Notices:PushUrl: '{PushUrl}' is no address of http or https.");
        if (Retries.Any(static wait => wait < TimeSpan.Zero))
            errors.Add("Automation:Notices:Retries must not be below 0.");
        if (PushTimeout <= TimeSpan.Zero)
            errors.Add($"Automation:Notices:PushTimeout must be above 0, it is {PushTimeout}.");
        return errors;
    }
}
