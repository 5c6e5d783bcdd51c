namespace Fairlead.Architecture.Rules;

/// <summary>
/// Folders of <c>Fairlead.Server</c> are the rooms of the design, each opened by <c>{Room}Feature.cs</c>, with at most
/// one level of folders inside.
/// </summary>
internal static class Rooms
{
    public const string Server = "src/Fairlead.Server/";

    private static readonly HashSet<string> Known =
    [
        "Hosting",
        "Configuration",
        "Identity",
        "Gateway",
        "Services",
        "Groups",
        "Tools",
        "Caching",
        "State",
        "Automation",
        "Insight",
        "Telemetry",
        "Live",
        "Storage",
        "Console",
    ];

    /// <param name="files">C# files of the tree.</param>
    /// <param name="unopened">Rooms that need no feature file of their own name.</param>
    public static IReadOnlyList<string> Check(IEnumerable<SourceFile> files, IReadOnlySet<string> unopened)
    {
        var wrong = new List<string>();
        var inside = files.Where(f => f.Path.StartsWith(Server, StringComparison.Ordinal)).ToList();
        var rooms = inside.Select(f => f.Path[Server.Length..].Split('/')).Where(p => p.Length > 1).ToList();
        foreach (var room in rooms.Select(p => p[0]).Distinct())
        {
            if (!Known.Contains(room))
                wrong.Add($"{room} is no room of the design");
            else if (!unopened.Contains(room) && !inside.Exists(f => f.Path == $"{Server}{room}/{room}Feature.cs"))
                wrong.Add($"{room} does not open with {room}Feature.cs");
        }
        wrong.AddRange(rooms.Where(p => p.Length > 3).Select(p => $"{string.Join('/', p)} is below two folder levels"));
        return wrong;
    }
}
