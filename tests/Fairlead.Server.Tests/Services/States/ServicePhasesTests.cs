using System.Text.Json;
using Fairlead.Server.Services;
using Fairlead.Server.Storage;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.States;

/// <summary>S-06, S-07, C-07: the states and the only steps between them.</summary>
public sealed class ServicePhasesTests
{
    // S-07, and the two of docs/adr/0009: an operator's stop of what starts or has failed.
    private static readonly HashSet<(ServiceStatus, ServiceStatus)> Edges =
    [
        (ServiceStatus.NotStarted, ServiceStatus.Starting),
        (ServiceStatus.Starting, ServiceStatus.Running),
        (ServiceStatus.Starting, ServiceStatus.Error),
        (ServiceStatus.Running, ServiceStatus.Stopping),
        (ServiceStatus.Running, ServiceStatus.Error),
        (ServiceStatus.Stopping, ServiceStatus.Stopped),
        (ServiceStatus.Stopping, ServiceStatus.Error),
        (ServiceStatus.Error, ServiceStatus.Starting),
        (ServiceStatus.Stopped, ServiceStatus.Starting),
        (ServiceStatus.Starting, ServiceStatus.Stopping),
        (ServiceStatus.Error, ServiceStatus.Stopping),
    ];

    [Fact]
    public void Status_Names_AreTheDocumentedOnes() => // S-06
        Enum.GetValues<ServiceStatus>()
            .Select(s => JsonNamingPolicy.SnakeCaseLower.ConvertName(s.ToString()))
            .ShouldBe(["not_started", "starting", "running", "stopping", "stopped", "error", "unknown"]);

    [Fact]
    public void Health_Names_AreTheDocumentedOnes() => // C-07
        Enum.GetValues<ServiceHealth>()
            .Select(s => JsonNamingPolicy.SnakeCaseLower.ConvertName(s.ToString()))
            .ShouldBe(["init", "startup", "ready", "healthy", "degraded", "circuit_open", "half_open", "disconnected"]);

    [Theory]
    [InlineData("Init", "NotStarted")]
    [InlineData("Startup", "Starting")]
    [InlineData("Ready", "Running")]
    [InlineData("Healthy", "Running")]
    [InlineData("Degraded", "Running")]
    [InlineData("CircuitOpen", "Error")]
    [InlineData("HalfOpen", "Starting")]
    [InlineData("Stopping", "Stopping")]
    [InlineData("Stopped", "Stopped")]
    [InlineData("Failed", "Error")]
    public void Status_OfEachPhase_IsTheProjection(string phase, string status) => // C-07
        Enum.Parse<ServicePhase>(phase).Status().ToString().ShouldBe(status);

    [Fact]
    public void Walks_OfAnyLength_TakeDocumentedEdgesOnly() // S-07
    {
        var random = new Random(7);
        var seen = new HashSet<(ServiceStatus, ServiceStatus)>();
        for (var walk = 0; walk < 500; walk++)
        {
            var slot = NewSlot();
            for (var step = 0; step < 40; step++)
            {
                var from = slot.State.Phase;
                var to = (ServicePhase)random.Next(Enum.GetValues<ServicePhase>().Length);
                try
                {
                    slot.Set(State(to));
                }
                catch (InvalidOperationException)
                {
                    slot.State.Phase.ShouldBe(from);
                    continue;
                }
                if (from.Status() != to.Status())
                    seen.Add((from.Status(), to.Status()));
            }
        }
        seen.ShouldBe(Edges, ignoreOrder: true);
    }

    [Fact]
    public void TrySet_StateMovedOnMeanwhile_ChangesNothing()
    {
        var slot = NewSlot();
        var before = slot.State;
        slot.Set(State(ServicePhase.Startup));
        slot.TrySet(before, State(ServicePhase.Startup)).ShouldBeFalse();
        slot.TrySet(slot.State, State(ServicePhase.Ready)).ShouldBeTrue();
    }

    private static ServiceSlot NewSlot() => new(new ServiceId("s"), State(ServicePhase.Init), new FakeTimeProvider());

    private static ServiceState State(ServicePhase phase) => new(phase, "", default);
}
