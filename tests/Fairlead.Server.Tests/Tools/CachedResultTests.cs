#pragma warning disable VSTHRD200 // The name of a tool is that of its method.
using System.Text;
using System.Text.Json;
using Fairlead.Server.Caching;
using Fairlead.Server.Tests.Caching;
using Fairlead.Server.Tools;
using Fairlead.Testing;
using Fairlead.Toolkit;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Tools;

/// <summary>Results of tools marked <c>[Cached]</c> (P-36).</summary>
public sealed class CachedResultTests
{
    private readonly FakeTimeProvider time = new();
    private readonly Tools tools = new();

    private sealed class Tools
    {
        public int Runs { get; private set; }

        [FairleadTool(Name = "mine"), Cached(60)]
        public string Mine(string city) => $"{city} {++Runs}";

        [FairleadTool(Name = "everybodys"), Cached(60, ResultScope.Public)]
        public string Everybodys(string city) => $"{city} {++Runs}";

        [FairleadTool(Name = "fails"), Cached(60)]
        public string Fails() => throw new ToolFailedException($"failure {++Runs}");

        [FairleadTool(Name = "plain")]
        public string Plain(string city) => $"{city} {++Runs}";

        [FairleadTool(Name = "admins"), Cached(60, ResultScope.Public), RequireRole("admin")]
        public string Admins() => $"secret {++Runs}";
    }

    [Fact]
    public async Task Result_IsKeptForItsTime_ByItsArguments()
    {
        await using var node = await CacheNode.StartAsync(time: time);
        (await CallAsync(node, "mine", """{"city":"Rome"}""")).ShouldBe("Rome 1");
        (await CallAsync(node, "mine", """{ "city" : "Rome" }""")).ShouldBe("Rome 1");
        (await CallAsync(node, "mine", """{"city":"Bergen"}""")).ShouldBe("Bergen 2");
        time.Advance(TimeSpan.FromSeconds(120));
        (await CallAsync(node, "mine", """{"city":"Rome"}""")).ShouldBe("Rome 3");
    }

    [Fact]
    public async Task Result_OfOneCaller_IsNotAnothers()
    {
        await using var node = await CacheNode.StartAsync(time: time);
        const string rome = """{"city":"Rome"}""";
        (await CallAsync(node, "mine", rome, user: "ann")).ShouldBe("Rome 1");
        (await CallAsync(node, "mine", rome, user: "bob")).ShouldBe("Rome 2");
        (await CallAsync(node, "mine", rome, group: "a")).ShouldBe("Rome 3");
        (await CallAsync(node, "mine", rome, group: "b")).ShouldBe("Rome 4");
        (await CallAsync(node, "mine", rome, user: "ann", group: "b")).ShouldBe("Rome 1");
        (await CallAsync(node, "everybodys", rome, user: "ann")).ShouldBe("Rome 5");
        (await CallAsync(node, "everybodys", rome, user: "bob")).ShouldBe("Rome 5");
    }

    // Marked tools alone, and never a failure.
    [Fact]
    public async Task Result_OfAFailureOrAnUnmarkedTool_IsNotKept()
    {
        await using var node = await CacheNode.StartAsync(time: time);
        (await CallAsync(node, "fails", "{}")).ShouldBe("failure 1");
        (await CallAsync(node, "fails", "{}")).ShouldBe("failure 2");
        (await CallAsync(node, "mine", "{}")).ShouldContain("city");
        (await CallAsync(node, "plain", """{"city":"Rome"}""")).ShouldBe("Rome 3");
        (await CallAsync(node, "plain", """{"city":"Rome"}""")).ShouldBe("Rome 4");
    }

    [Fact]
    public async Task Result_OfAGuardedTool_IsGivenToNobodyWithoutTheRole()
    {
        await using var node = await CacheNode.StartAsync(time: time);
        (await CallAsync(node, "admins", "{}", user: "ann", role: "admin")).ShouldBe("secret 1");
        var tool = Tool(node, "admins");
        (await tool.RunAsync(default, Context("bob", "customer", null))).IsRefusal.ShouldBeTrue();
    }

    private NativeTool Tool(CacheNode node, string name)
    {
        var tool = NativeTool.Of(tools, time: time).Single(t => t.Name == name);
        tool.Results = node.Get<ToolResultCache>();
        return tool;
    }

    private async Task<string> CallAsync(
        CacheNode node,
        string name,
        string arguments,
        string? user = null,
        string role = "customer",
        string? group = null
    )
    {
        var result = await Tool(node, name).RunAsync(Encoding.UTF8.GetBytes(arguments), Context(user, role, group));
        return JsonElement.Parse(result.Json.Span).GetProperty("content")[0].GetProperty("text").GetString()!;
    }

    private CallContext Context(string? user, string role, string? group) =>
        new(EmptyProvider.Instance, time)
        {
            User = user is null ? null : new CallUser(user, user, [role], null),
            Group = group,
        };
}
