using System.Reflection;
using System.Xml.Linq;

namespace Fairlead.Architecture.Rules;

/// <summary>A project and what it names: other projects, packages, frameworks or assemblies.</summary>
internal sealed record Dependencies(string Project, IReadOnlyList<string> On)
{
    /// <summary>What a project file refers to. Shared frameworks are no dependency until an assembly uses them.</summary>
    public static Dependencies OfProject(SourceFile project) =>
        new(
            Path.GetFileNameWithoutExtension(project.Name),
            [
                .. XDocument
                    .Parse(project.Text)
                    .Descendants()
                    .Where(e => e.Name.LocalName is "ProjectReference" or "PackageReference")
                    .Select(e => (e.Name.LocalName, Include: e.Attribute("Include")?.Value ?? ""))
                    .Select(e =>
                        e.LocalName == "ProjectReference"
                            ? Path.GetFileNameWithoutExtension(e.Include.Replace('\\', '/'))
                            : e.Include
                    ),
            ]
        );

    /// <summary>What an assembly's metadata refers to, whatever its project file says.</summary>
    public static Dependencies OfAssembly(Assembly assembly) =>
        new(
            assembly.GetName().Name is "fairlead" ? "Fairlead" : assembly.GetName().Name!,
            [.. assembly.GetReferencedAssemblies().Select(r => r.Name!)]
        );
}

/// <summary>
/// Arrows between projects: Fairlead → {Server, Client, Bench}, Server → {Runtime, Toolkit} → Protocol, Bench → Toolkit,
/// Client → Protocol. A project may use whatever its arrows reach and nothing else of ours.
/// </summary>
internal static class Arrows
{
    private static readonly Dictionary<string, string[]> Direct = new()
    {
        ["Fairlead"] = ["Fairlead.Server", "Fairlead.Client", "Fairlead.Bench"],
        ["Fairlead.Server"] = ["Fairlead.Runtime", "Fairlead.Toolkit"],
        ["Fairlead.Runtime"] = ["Fairlead.Protocol"],
        ["Fairlead.Toolkit"] = ["Fairlead.Protocol"],
        ["Fairlead.Client"] = ["Fairlead.Protocol"],
        ["Fairlead.Bench"] = ["Fairlead.Toolkit"],
        ["Fairlead.Protocol"] = [],
    };

    private static readonly string[] Http = ["Microsoft.AspNetCore", "System.Net.HttpListener", "Yarp."];

    private static readonly string[] Database =
    [
        "Microsoft.EntityFrameworkCore",
        "Microsoft.Data.",
        "Npgsql",
        "SQLitePCLRaw",
        "System.Data.Common",
    ];

    private static readonly string[] Processes = ["System.Diagnostics.Process"];

    private static readonly Dictionary<string, string[]> Forbidden = new()
    {
        ["Fairlead.Protocol"] = [.. Http, .. Database, .. Processes],
        ["Fairlead.Runtime"] = [.. Http, .. Database],
        ["Fairlead.Toolkit"] = [.. Http, .. Database, .. Processes],
        ["Fairlead.Client"] = [.. Http, .. Database, .. Processes],
    };

    public static IReadOnlyList<string> Check(IEnumerable<Dependencies> projects)
    {
        var wrong = new List<string>();
        foreach (var (project, on) in projects)
        {
            if (!Direct.ContainsKey(project))
            {
                wrong.Add($"{project} is no project of the design");
                continue;
            }
            var allowed = Reached(project);
            wrong.AddRange(on.Where(d => IsOurs(d) && !allowed.Contains(d)).Select(d => $"{project} → {d}"));
            var banned = Forbidden.GetValueOrDefault(project, []);
            wrong.AddRange(
                on.Where(d => Array.Exists(banned, b => d.StartsWith(b, StringComparison.Ordinal)))
                    .Select(d => $"{project} must not know {d}")
            );
        }
        return wrong;
    }

    private static bool IsOurs(string name) =>
        string.Equals(name, "Fairlead", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("Fairlead.", StringComparison.Ordinal);

    private static HashSet<string> Reached(string project)
    {
        var reached = new HashSet<string>();
        var open = new Stack<string>(Direct[project]);
        while (open.TryPop(out var next))
        {
            if (reached.Add(next))
                Array.ForEach(Direct[next], open.Push);
        }
        return reached;
    }
}
