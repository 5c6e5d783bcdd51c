using System.Collections.Immutable;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Supervision;

/// <summary>What should be, by intent alone: every registered service, in order of registration.</summary>
internal sealed record DesiredServices(ImmutableArray<ServiceConfig> All)
{
    public static DesiredServices From(StoreSnapshot snapshot) =>
        new([.. snapshot.Services.OrderBy(s => s.Position).ThenBy(s => s.Id.Value, StringComparer.Ordinal)]);

    /// <summary>
    /// Whether two definitions start the same thing. Records compare their collections by reference, and a reloaded
    /// snapshot is all new references; what only concerns calls (the deadline), the next start (dependencies, the
    /// policy of restarts) or export needs no restart. A secret it uses that changed does.
    /// </summary>
    public static bool StartSame(ServiceDefinition a, ServiceDefinition b) =>
        a.Transport == b.Transport
        && a.Command == b.Command
        && a.SecretStamp == b.SecretStamp
        && a.Cwd == b.Cwd
        && (a.MaxMemoryMb, a.Nice) == (b.MaxMemoryMb, b.Nice)
        && (a.Lazy, a.IdleSeconds) == (b.Lazy, b.IdleSeconds)
        && (a.Url, a.AllowPrivate) == (b.Url, b.AllowPrivate)
        && a.Args.AsSpan().SequenceEqual(b.Args.AsSpan())
        && a.Env.SequenceEqual(b.Env)
        && a.Headers.SequenceEqual(b.Headers);
}
