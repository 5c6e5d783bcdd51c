using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Supervision;

/// <summary>What the loop knows of a service it handles.</summary>
/// <param name="Definition">What it was started from.</param>
/// <param name="Runs">Whether it is being kept alive; false after a stop.</param>
internal sealed record ObservedService(ServiceDefinition Definition, bool Runs);

/// <summary>One step towards the desired state.</summary>
internal abstract record ReconcileAction(ServiceId Id)
{
    internal sealed record Start(ServiceConfig Config) : ReconcileAction(Config.Id);

    /// <summary>Its definition changed: stop the old life, start the new one.</summary>
    internal sealed record Replace(ServiceConfig Config) : ReconcileAction(Config.Id);

    /// <summary>An operator wants it stopped; it is not restarted (C-34).</summary>
    internal sealed record Stop(ServiceConfig Config) : ReconcileAction(Config.Id);

    /// <summary>It is no longer registered.</summary>
    internal sealed record Remove(ServiceId Id) : ReconcileAction(Id);
}

/// <summary>Desired against observed: a pure difference, so that any crash between two steps is mended by the next run.</summary>
internal static class Reconciler
{
    /// <summary>Removals and stops first, so that what they free can be used by what starts.</summary>
    public static List<ReconcileAction> Decide(
        DesiredServices desired,
        IReadOnlyDictionary<ServiceId, ObservedService> observed
    )
    {
        var wanted = desired.All.ToDictionary(s => s.Id);
        var actions = new List<ReconcileAction>();
        foreach (var id in observed.Keys.Where(id => !wanted.ContainsKey(id)))
            actions.Add(new ReconcileAction.Remove(id));
        foreach (var config in desired.All.Where(c => !c.Runs))
        {
            // Also a service never handled yet: its state has to say that an operator stopped it.
            if (!observed.TryGetValue(config.Id, out var seen) || seen.Runs)
                actions.Add(new ReconcileAction.Stop(config));
        }
        foreach (var config in desired.All.Where(c => c.Runs))
        {
            if (!observed.TryGetValue(config.Id, out var seen) || !seen.Runs)
                actions.Add(new ReconcileAction.Start(config));
            else if (!DesiredServices.StartSame(seen.Definition, config.Definition))
                actions.Add(new ReconcileAction.Replace(config));
        }
        return actions;
    }
}
