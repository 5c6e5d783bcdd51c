using Fairlead.Server.Services.Health;
using Fairlead.Server.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Services.Supervision;

/// <summary>What every supervisor needs.</summary>
internal sealed record ServiceRoom(
    ServiceSlots Slots,
    ServiceConnector Connector,
    StoreWatcher Store,
    ServiceStore Services,
    CatalogueStore Catalogue,
    ServicesOptions Options,
    HealthBook Health,
    DependencyTurn Dependencies,
    ServiceJournal Journal,
    TimeProvider Time,
    ILogger<ServiceRoom> Logger
);

/// <summary>What supervision logs.</summary>
internal static partial class SupervisionLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Service {Service} ended: {Reason}; next try in {Pause}")]
    public static partial void Ended(ILogger logger, string service, string reason, TimeSpan pause);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The era of service {Service} could not be remembered")]
    public static partial void NotRemembered(ILogger logger, Exception failure, string service);

    [LoggerMessage(Level = LogLevel.Error, Message = "The supervisor of service {Service} failed; it goes on")]
    public static partial void SupervisorFailed(ILogger logger, Exception failure, string service);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} services did not stop within {Limit}")]
    public static partial void StopTooSlow(ILogger logger, int count, TimeSpan limit);
}
