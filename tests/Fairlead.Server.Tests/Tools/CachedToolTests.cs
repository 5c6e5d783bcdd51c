using System.ComponentModel;
using System.Text;
using System.Text.Json;
using Fairlead.Server.Tools;
using Fairlead.Toolkit;
using ModelContextProtocol.Server;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Tools;

/// <summary>How an author tests a tool with what it works with in the test's hand: source and cache (P-94).</summary>
public sealed class CachedToolTests
{
    private readonly Dictionary<string, double> cache = [];
    private readonly List<string> asked = [];
    private int stored;

    /// <summary>A tool that asks its source once for each city.</summary>
    private sealed class WeatherTools(
        Func<string, double> source,
        IReadOnlyDictionary<string, double> cache,
        Action<string, double> store
    )
    {
        [McpServerTool(Name = "temperature", ReadOnly = true)]
        [Description("The temperature of a city in degrees Celsius.")]
        public double Temperature([Description("Name of the city.")] string city)
        {
            if (cache.TryGetValue(city, out var known))
                return known;
            var read = source(city);
            store(city, read);
            return read;
        }
    }

    [Fact]
    public async Task Call_OfWhatIsNotCached_AsksTheSourceOnceAndStoresOnce()
    {
        (await CallAsync("Bergen")).ShouldBe("6");
        asked.ShouldBe(["Bergen"]);
        stored.ShouldBe(1);
        cache["Bergen"].ShouldBe(6);
    }

    [Fact]
    public async Task Call_OfWhatIsCached_NeverAsksTheSource()
    {
        cache["Bergen"] = 11.5;
        (await CallAsync("Bergen")).ShouldBe("11.5");
        asked.ShouldBeEmpty();
        stored.ShouldBe(0);
    }

    [Theory]
    [InlineData("Rome", "4")]
    [InlineData("東京", "2")]
    [InlineData("", "0")]
    public async Task Call_OfEachCity_HasItsAnswer(string city, string expected)
    {
        (await CallAsync(city)).ShouldBe(expected);
        asked.ShouldBe([city]);
    }

    private async Task<string> CallAsync(string city)
    {
        var tool = NativeTool
            .Of(
                new WeatherTools(
                    c =>
                    {
                        asked.Add(c);
                        return c.Length;
                    },
                    cache,
                    (c, value) =>
                    {
                        stored++;
                        cache[c] = value;
                    }
                )
            )
            .Single();
        var arguments = Encoding.UTF8.GetBytes($"{{\"city\":\"{city}\"}}");
        var result = await tool.RunAsync(
            arguments,
            new CallContext(EmptyProvider.Instance, cancellationToken: TestContext.Current.CancellationToken)
        );
        using var json = JsonDocument.Parse(result.Json);
        return json.RootElement.GetProperty("content")[0].GetProperty("text").GetString()!;
    }
}
