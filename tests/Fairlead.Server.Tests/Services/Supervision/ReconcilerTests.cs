using System.Collections.Immutable;
using Fairlead.Server.Services.Supervision;
using Fairlead.Server.Storage;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Supervision;

public sealed class ReconcilerTests
{
    [Fact]
    public void Decide_EnabledAndUnknown_Starts() => Decide([Service("a")], []).ShouldBe(["Start a"]);

    [Fact]
    public void Decide_Running_DoesNothing() => Decide([Service("a")], [("a", Definition(), true)]).ShouldBeEmpty();

    [Fact]
    public void Decide_SameDefinitionReloaded_DoesNothing()
    {
        var first = Definition() with
        {
            Env = ImmutableSortedDictionary<string, string>.Empty.Add("A", "1"),
            Args = ["x"],
        };
        var again = Definition() with
        {
            Env = ImmutableSortedDictionary<string, string>.Empty.Add("A", "1"),
            Args = ["x"],
        };
        Decide([Service("a") with { Definition = again with { TimeoutSeconds = 5 } }], [("a", first, true)])
            .ShouldBeEmpty();
    }

    [Theory]
    [InlineData("command")]
    [InlineData("args")]
    [InlineData("env")]
    [InlineData("cwd")]
    public void Decide_ChangedDefinition_Replaces(string field)
    {
        var definition = field switch
        {
            "command" => Definition() with { Command = "other" },
            "args" => Definition() with { Args = ["other"] },
            "env" => Definition() with { Env = ImmutableSortedDictionary<string, string>.Empty.Add("A", "2") },
            _ => Definition() with { Cwd = "/other" },
        };
        Decide([Service("a") with { Definition = definition }], [("a", Definition(), true)]).ShouldBe(["Replace a"]);
    }

    [Fact]
    public void Decide_Disabled_StopsOnceAndStaysStopped() // C-34
    {
        var off = Service("a") with { Enabled = false };
        Decide([off], [("a", Definition(), true)]).ShouldBe(["Stop a"]);
        Decide([off], []).ShouldBe(["Stop a"]);
        Decide([off], [("a", Definition(), false)]).ShouldBeEmpty();
    }

    [Fact]
    public void Decide_Enabled_StartsAgainAfterAStop() =>
        Decide([Service("a")], [("a", Definition(), false)]).ShouldBe(["Start a"]);

    [Fact]
    public void Decide_NotRegistered_RemovesBeforeAnythingStarts() =>
        Decide([Service("b")], [("a", Definition(), true)]).ShouldBe(["Remove a", "Start b"]);

    [Fact]
    public void Decide_SeveralStarts_KeepTheOrderOfRegistration() =>
        Decide(
                [
                    Service("c") with
                    {
                        Position = 3,
                    },
                    Service("a") with
                    {
                        Position = 2,
                    },
                    Service("b") with
                    {
                        Position = 1,
                    },
                ],
                []
            )
            .ShouldBe(["Start b", "Start a", "Start c"]);

    private static List<string> Decide(
        ImmutableArray<ServiceConfig> desired,
        (string Id, ServiceDefinition Definition, bool Runs)[] observed
    ) =>
        [
            .. Reconciler
                .Decide(
                    DesiredServices.From(StoreSnapshot.Empty with { Services = desired }),
                    observed.ToDictionary(o => new ServiceId(o.Id), o => new ObservedService(o.Definition, o.Runs))
                )
                .Select(a => $"{a.GetType().Name} {a.Id}"),
        ];

    private static ServiceConfig Service(string name) =>
        new()
        {
            Id = new ServiceId(name),
            Name = name,
            Enabled = true,
            Position = 1,
            Definition = Definition(),
        };

    private static ServiceDefinition Definition() => new() { Transport = ServiceTransport.Stdio, Command = "cat" };
}
