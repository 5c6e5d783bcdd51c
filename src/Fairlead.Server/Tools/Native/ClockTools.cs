using System.ComponentModel;
using System.Globalization;
using Fairlead.Toolkit;
using ModelContextProtocol.Server;

namespace Fairlead.Server.Tools.Native;

/// <summary>The gateway's clock.</summary>
internal sealed class ClockTools(TimeProvider time)
{
    [McpServerTool(Name = "current_time", Title = "Current time", ReadOnly = true, OpenWorld = false)]
    [Description("Tells the current time as ISO 8601 in a time zone.")]
    public string CurrentTime([Description("IANA time zone such as Asia/Shanghai; default UTC.")] string zone = "UTC")
    {
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found))
            throw new ToolFailedException($"Unknown time zone '{zone}'. Use an IANA name such as Europe/Berlin.");
        return TimeZoneInfo
            .ConvertTime(time.GetUtcNow(), found)
            .ToString("yyyy-MM-ddTHH:mm:sszzz", CultureInfo.InvariantCulture);
    }
}
