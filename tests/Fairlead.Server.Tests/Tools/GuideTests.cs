using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using Fairlead.Server.Tests.Gateway;
using Fairlead.Server.Tests.Tools.Guide;
using Fairlead.Server.Tools;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Tools;

/// <summary>The code in docs/guide/tools.md is code that compiles here, and runs.</summary>
public sealed partial class GuideTests
{
    private sealed class Mild : IWeather
    {
        public Task<double> ReadAsync(string city, CancellationToken cancellationToken) => Task.FromResult(21.5);
    }

    [Fact]
    public void Guide_CodeOfIt_IsCompiled()
    {
        var root = Path.GetFullPath(Path.Combine(Here(), "../../.."));
        var guide = File.ReadAllText(Path.Combine(root, "docs/guide/tools.md"));
        var compiled =
            File.ReadAllText(Path.Combine(Here(), "GuideTools.cs"))
            + File.ReadAllText(Path.Combine(root, "samples/HelloTools/Program.cs"));
        var blocks = Block().Matches(guide).Select(m => m.Groups["code"].Value).ToList();
        blocks.Count.ShouldBe(9);
        foreach (var block in blocks)
            compiled.ShouldContain(block);
    }

    [Fact]
    public async Task Guide_ToolsOfIt_Run()
    {
        await using var host = new GatewayHost(
            users: _ => new(new("u"), ["buyer"], null, "Ann"),
            tools: [new WeatherTools(new Mild()), new PlainTools(), new OrderTools()]
        );
        host.AddNativeGroup();
        await host.StartAsync();
        foreach (var tool in host.Native.All)
            tool.Use([new Stopwatch(NullLogger<Stopwatch>.Instance)]);
        var client = host.Client();
        client.DefaultRequestHeaders.Add("X-User-Token", "ann");
        (await CallAsync(client, "Temperature", """{"city":"Bergen"}""")).ShouldBe("21.5");
        (await CallAsync(client, "reverse", """{"text":"abc"}""")).ShouldBe("cba");
        // A client that can be asked nothing.
        (await CallAsync(client, "order", """{"article":"tea","card":"1"}""")).ShouldContain("does not support");
        GreetingPrompts.Greet("Ann").ShouldContain("Ann");
        ManualResources.Page("1").ShouldContain('1');
        host.Native.Policy("order")!.Rate!.Max.ShouldBe(10);
    }

    private static async Task<string> CallAsync(HttpClient client, string tool, string arguments)
    {
        var answer = await client.AskAsync(
            Wire.Modern("tools/call", $"\"name\":\"{tool}\",\"arguments\":{arguments}", name: tool)
        );
        return answer.GetProperty("result").GetProperty("content")[0].GetProperty("text").GetString()!;
    }

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    [GeneratedRegex("```csharp\n(?<code>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Block();
}
