using System.Runtime.CompilerServices;
using Fairlead.Serve;

namespace Fairlead.Doctor.Checks;

/// <summary>Settings that work and are unsafe: who may reach the gateway, and what is not limited.</summary>
internal sealed class ExposureCheck : ICheck
{
    public string Name => "exposure";

    public async IAsyncEnumerable<Finding> RunAsync(
        Site site,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        await Task.CompletedTask;
        var gateway = site.Options.Gateway;
        var open = ListenPoint.All(site.Settings.Urls).Where(p => !p.IsLoopback).ToList();
        foreach (var point in open)
            yield return new(
                Severity.Warning,
                Name,
                point.Url,
                "keys and tokens travel unencrypted to whoever can reach this address",
                $"listen on loopback behind a proxy with TLS: fairlead serve --urls http://127.0.0.1:{point.Port}"
            );
        if (open.Count > 0 && gateway.AllowedHosts.Count == 0)
            yield return new(
                Severity.Warning,
                Name,
                "Gateway:AllowedHosts",
                "it is empty, so whoever calls by another name than localhost gets 403",
                "name the host clients use: export FAIRLEAD__Gateway__AllowedHosts__0=gateway.example.org"
            );
        if (gateway.AllowedHosts.Contains("*"))
            yield return new(
                Severity.Warning,
                Name,
                "Gateway:AllowedHosts",
                "'*' lets a foreign web page reach the gateway through a browser (DNS rebinding)",
                "name the hosts clients use instead of '*'"
            );
        foreach (var network in gateway.TrustedProxies.Where(n => n.EndsWith("/0", StringComparison.Ordinal)))
            yield return new(
                Severity.Warning,
                Name,
                "Gateway:TrustedProxies",
                $"{network} believes what any client says about its own address",
                "name the addresses of the proxies in front of the gateway"
            );
        foreach (
            var (setting, limit) in ((string, int)[])
                [("CallsPerMinute", gateway.CallsPerMinute), ("ConcurrentCalls", gateway.ConcurrentCalls)]
        )
            if (limit == 0)
                yield return new(
                    Severity.Warning,
                    Name,
                    $"Gateway:{setting}",
                    "0 lifts the limit for every key",
                    $"set a limit, or lift it for single groups: export FAIRLEAD__Gateway__{setting}=600"
                );
    }
}
