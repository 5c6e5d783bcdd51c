using System.Globalization;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Hosting.Limits;

namespace Fairlead.Server.Gateway.Policies;

/// <summary>
/// <c>tools/call</c> a minute with a group's key (C-03); an old key in its grace period counts with the new one. A whole
/// minute's calls may come at once.
/// </summary>
internal sealed class KeyRate
{
    private readonly GatewayOptions options;
    private readonly SharedLimits limits;
    private readonly AllowanceTable groups;

    public KeyRate(GatewayOptions options, SharedLimits limits, TimeProvider time)
    {
        (this.options, this.limits) = (options, limits);
        groups = limits.Limit(
            "keys",
            (key, _) =>
            {
                var perMinute = int.Parse(key.AsSpan(key.LastIndexOf('/') + 1), CultureInfo.InvariantCulture);
                return new TokenBucket(perMinute, perMinute, time.TimestampFrequency);
            }
        );
    }

    /// <summary>Calls a minute that a group's key may make; 0 or less is as many as it likes.</summary>
    public int Of(GroupRoute group) => group.Config.CallsPerMinute ?? options.CallsPerMinute;

    /// <summary>Takes one call; null where there is no limit.</summary>
    public Permit? Take(GroupRoute group) =>
        Of(group) is > 0 and var rate ? limits.Take(groups, group.Traffic.AllowanceKey(rate)) : null;
}
