namespace Fairlead.Server.Automation.Conversations;

/// <summary>Settings of conversations.</summary>
internal sealed record ConversationOptions
{
    /// <summary>How many of its latest messages a list shows of each conversation; default 5, 0 to 100.</summary>
    public int LatestMessages { get; init; } = 5;

    /// <summary>All things wrong with these options; empty when usable.</summary>
    public IReadOnlyList<string> Validate() =>
        LatestMessages is >= 0 and <= 100
            ? []
            : [$"Automation:Conversations:LatestMessages is 0 to 100, it is {LatestMessages}."];
}
