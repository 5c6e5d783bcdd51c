using Fairlead.Server.Services;
using Fairlead.Server.Services.Api;
using Fairlead.Server.Services.Health;
using Fairlead.Server.Services.Import;
using Fairlead.Server.Services.Supervision;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Hosting;
using Fairlead.Server.Tests.Services.Channels;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services;

/// <summary>The four parts of document 002 are in the container and do their work (S-05).</summary>
public sealed class ServiceRolesTests
{
    private const string Fixture = """{"name":"fixture","command":"COMMAND"}""";
    private static readonly ImportChoices Choices = new();

    [Fact]
    public async Task Registrar_ValidatesAndInstantiates() // S-05
    {
        await using var host = await AdminHost.StartAsync();
        var registrar = host.Get<ServiceImport>();
        var wrong = registrar.Plan("""{"name":"fixture","command":"x","url":"http://y/"}""", Choices);
        wrong.Entries.Single().Problems.ShouldNotBeEmpty();
        await host.Get<ReconcileLoop>().StartAsync(default);
        var service = await RegisterAsync(host);
        await UntilAsync(host, service, ServiceStatus.Running);
        host.Get<ReconcileLoop>().Find(service.Id)!.Config.Name.ShouldBe("fixture");
        await host.Get<ReconcileLoop>().StopAsync(default);
    }

    [Fact]
    public async Task LifecycleAndHealth_StartStopRestartProbeAndRecover() // S-05
    {
        await using var host = await AdminHost.StartAsync();
        var lifecycle = host.Get<ReconcileLoop>();
        await lifecycle.StartAsync(default);
        var service = await RegisterAsync(host);
        await UntilAsync(host, service, ServiceStatus.Running);
        var slot = host.Get<ServiceSlots>().Get(service.Id);

        // Health checker: probe.
        (await host.Get<ServiceDesk>().CheckAsync(service, default)).Healthy.ShouldBeTrue();

        // Lifecycle manager: restart, stop, start.
        var first = slot.Channel;
        lifecycle.Find(service.Id)!.Restart();
        await Eventually.UntilAsync(() => slot.Channel is { } next && next != first);
        await host.Get<ServiceStore>().SetEnabledAsync(service.Id, false, default);
        await UntilAsync(host, service, ServiceStatus.Stopped);
        (await host.Get<ServiceDesk>().CheckAsync(service, default)).Healthy.ShouldBeFalse();
        await host.Get<ServiceStore>().SetEnabledAsync(service.Id, true, default);
        await UntilAsync(host, service, ServiceStatus.Running);

        // Health checker: recovery, after the pause of its policy.
        var second = slot.Channel!;
        await second.CallTextAsync("crash");
        await Eventually.UntilAsync(() => slot.State is { Phase: ServicePhase.Failed, NextTry: not null });
        host.Time.Advance(TimeSpan.FromSeconds(6));
        await Eventually.UntilAsync(() => slot.Channel is { } next && next != second);
        await lifecycle.StopAsync(default);
    }

    [Fact]
    public async Task Monitor_KnowsStatusAndPerformance() // S-05
    {
        await using var host = await AdminHost.StartAsync();
        await host.Get<ReconcileLoop>().StartAsync(default);
        var service = await RegisterAsync(host);
        await UntilAsync(host, service, ServiceStatus.Running);
        host.Get<ServiceDesk>().View(service).Status.ShouldBe("running");
        var history = host.Get<HealthBook>().Of(service.Id);
        host.Time.Advance(TimeSpan.FromSeconds(10));
        await Eventually.UntilAsync(() =>
            history.Metrics(TimeSpan.FromMinutes(5)) is { HealthyChecks: > 0, AvgMs: >= 0 }
        );
        await host.Get<ReconcileLoop>().StopAsync(default);
    }

    private static async Task<ServiceConfig> RegisterAsync(AdminHost host)
    {
        var registrar = host.Get<ServiceImport>();
        var json = Fixture.Replace("COMMAND", FixtureProcess.Command, StringComparison.Ordinal);
        return (await registrar.ImportAsync(registrar.Plan(json, Choices), default)).Require().Single();
    }

    private static Task UntilAsync(AdminHost host, ServiceConfig service, ServiceStatus status) =>
        Eventually.UntilAsync(
            () => host.Get<ServiceSlots>().Get(service.Id).State.Status == status,
            TimeSpan.FromSeconds(20)
        );
}
