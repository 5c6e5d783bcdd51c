using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Supervision;

/// <summary>Which service needs which (S-15, S-16): pure.</summary>
internal static class DependencyGraph
{
    /// <summary>
    /// Every service after those it depends on; otherwise in the given order (S-15). What it names and is not among
    /// <paramref name="services"/> is left out. Services of a cycle come last, in the given order.
    /// </summary>
    public static List<ServiceConfig> StartOrder(IEnumerable<ServiceConfig> services)
    {
        var all = services.ToList();
        var known = all.Select(s => s.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var done = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var order = new List<ServiceConfig>(all.Count);
        var left = all;
        while (left.Count > 0)
        {
            var ready = left.Where(s => s.Definition.DependsOn.All(d => done.Contains(d) || !known.Contains(d)))
                .ToList();
            if (ready.Count == 0)
                ready = left;
            foreach (var service in ready)
            {
                order.Add(service);
                done.Add(service.Name);
            }
            left = [.. left.Except(ready)];
        }
        return order;
    }

    /// <summary>
    /// The cycle a service would be in if it depended on <paramref name="on"/>, from it back to itself; null when there
    /// is none (S-16).
    /// </summary>
    public static IReadOnlyList<string>? Cycle(
        string name,
        IEnumerable<string> on,
        Func<string, IEnumerable<string>> dependencies
    )
    {
        var path = new List<string> { name };
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        return Find(on) ? path : null;

        bool Find(IEnumerable<string> next)
        {
            foreach (var dependency in next)
            {
                path.Add(dependency);
                if (string.Equals(dependency, name, StringComparison.OrdinalIgnoreCase))
                    return true;
                if (seen.Add(dependency) && Find(dependencies(dependency)))
                    return true;
                path.RemoveAt(path.Count - 1);
            }
            return false;
        }
    }
}
