namespace Fairlead.Server.Tools.Samples;

/// <summary>What the sample tools need from outside; section <c>Samples</c>.</summary>
internal sealed record SamplesOptions
{
    private const string Query = "{query}";

    /// <summary>
    /// Address of a search engine that answers GET with JSON, <c>{query}</c> where the words go; null is none, and
    /// <c>web_search</c> says so. Reached like services are: <c>Services:Channels:RefusePrivateAddresses</c> holds.
    /// </summary>
    public string? WebSearchUrl { get; init; }

    /// <summary>All things wrong with these options; empty when usable.</summary>
    public IReadOnlyList<string> Validate() =>
        WebSearchUrl is null
        || (
            WebSearchUrl.Contains(Query, StringComparison.Ordinal)
            && SearchAddress("x") is { Scheme: "http" or "https", UserInfo: "" }
        )
            ? []
            : [$"Samples:WebSearchUrl must be an http or https address with {Query} in it, it is {WebSearchUrl}."];

    /// <summary>Where to ask for these words; null where no engine is set.</summary>
    public Uri? SearchAddress(string words) =>
        WebSearchUrl is { } pattern
        && Uri.TryCreate(
            pattern.Replace(Query, Uri.EscapeDataString(words), StringComparison.Ordinal),
            UriKind.Absolute,
            out var url
        )
            ? url
            : null;
}
