using Fairlead.Server.Services.Supervision;
using Fairlead.Server.Storage;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Supervision;

/// <summary>S-15, S-16: order and cycles.</summary>
public sealed class DependencyGraphTests
{
    private static readonly Dictionary<string, string[]> Example = new()
    {
        ["web"] = ["api"],
        ["api"] = ["database", "auth"],
        ["auth"] = ["database"],
        ["database"] = [],
    };

    [Fact]
    public void StartOrder_Example_PutsDependenciesFirst() // S-15
        =>
        DependencyGraph
            .StartOrder(Example.Select(e => Service(e.Key, e.Value)))
            .Select(s => s.Name)
            .ShouldBe(["database", "auth", "api", "web"]);

    [Fact]
    public void StartOrder_OfSome_IgnoresWhatIsNotAmongThem() =>
        DependencyGraph
            .StartOrder([Service("web", ["api"]), Service("auth", ["database"])])
            .Select(s => s.Name)
            .ShouldBe(["web", "auth"]);

    [Fact]
    public void Cycle_Closed_NamesIt() // S-16
        =>
        DependencyGraph
            .Cycle("database", ["web"], name => Example[name])
            .ShouldBe(["database", "web", "api", "database"]);

    [Fact]
    public void Cycle_OnItself_NamesIt() => DependencyGraph.Cycle("a", ["a"], _ => []).ShouldBe(["a", "a"]);

    [Fact]
    public void Cycle_None_IsNull()
    {
        DependencyGraph.Cycle("new", ["web", "auth"], name => Example[name]).ShouldBeNull();
        // A cycle somewhere else is not this one's, and must not be walked for ever.
        DependencyGraph.Cycle("c", ["x"], name => name == "x" ? ["y"] : ["x"]).ShouldBeNull();
    }

    private static ServiceConfig Service(string name, string[] dependsOn) =>
        new()
        {
            Id = new ServiceId(name),
            Name = name,
            Enabled = true,
            Position = 0,
            Definition = new ServiceDefinition { Transport = ServiceTransport.Stdio, DependsOn = [.. dependsOn] },
        };
}
