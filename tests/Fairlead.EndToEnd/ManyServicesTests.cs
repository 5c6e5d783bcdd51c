using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd;

/// <summary>A hundred services at a cold start, some dead and some hanging: nobody waits for any of them.</summary>
[Trait("Category", "slow")]
public sealed class ManyServicesTests(ITestOutputHelper output)
{
    private const int Good = 80;
    private const int Dead = 10;
    private const int Hanging = 10;

    // Small, so that a hundred of them fit on any machine: a shell that knows four requests.
    private const string Script = """
        while IFS= read -r line; do
          id=${line#*'"id":'}
          id=${id%%[,\}]*}
          case $line in
            *'"initialize"'*) result='{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}' ;;
            *'"tools/list"'*) result='{"tools":[{"name":"tool_'$1'","inputSchema":{"type":"object"}}]}' ;;
            *'"ping"'*) result='{}' ;;
            *'"server/discover"'*)
              printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"unknown"}}\n' "$id"
              continue ;;
            *) continue ;;
          esac
          printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$result"
        done
        """;

    [Fact]
    public async Task List_WhileAHundredStart_AnswersAtOnceWithWhatIsReadyAndGrows()
    {
        var services = new List<string>();
        for (var i = 0; i < Hanging; i++)
            services.Add(Service($"hangs{i}", "while read -r line; do :; done", "x"));
        for (var i = 0; i < Dead; i++)
            services.Add(Service($"dead{i}", "exit 1", "x"));
        for (var i = 0; i < Good; i++)
            services.Add(Service($"good{i}", Script, $"{i}"));
        await using var product = await Product.StartAsync(string.Join(',', services));
        using var client = product.Client();
        var since = Stopwatch.StartNew();
        var times = new List<double>();
        var counts = new List<int>();
        await Eventually.UntilAsync(
            async () =>
            {
                var watch = Stopwatch.StartNew();
                var count = await CountAsync(client);
                times.Add(watch.Elapsed.TotalMilliseconds);
                counts.Add(count);
                return count >= Good;
            },
            TimeSpan.FromSeconds(60)
        );
        times.Sort();
        output.WriteLine(
            $"{Good} of {services.Count} ready after {since.Elapsed.TotalSeconds:0.0} s; {times.Count} lists, median {times[times.Count / 2]:0.0} ms, nine of ten within {times[times.Count * 9 / 10]:0.0} ms, slowest {times[^1]:0.0} ms; {counts.Distinct().Count()} lengths from {counts[0]} on"
        );
        counts.Order().SequenceEqual(counts).ShouldBeTrue("a list only grows");
        counts.Distinct().Count().ShouldBeGreaterThan(2, "it grows by itself, not at once in the end");
        // Not the slowest: two cores start a hundred programs meanwhile.
        times[times.Count * 9 / 10].ShouldBeLessThan(20);
    }

    private static string Service(string name, string script, string argument) =>
        $"\"{name}\":{{\"command\":\"sh\",\"args\":[\"-c\",{JsonSerializer.Serialize(script)},\"sh\",\"{argument}\"]}}";

    private static async Task<int> CountAsync(HttpClient client)
    {
        const string body =
            """{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}""";
        using var request = new HttpRequestMessage(HttpMethod.Post, "/mcp")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("MCP-Protocol-Version", "2026-07-28");
        request.Headers.Add("Mcp-Method", "tools/list");
        using var answer = await client.SendAsync(request);
        answer.EnsureSuccessStatusCode();
        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return document
            .RootElement.GetProperty("result")
            .GetProperty("tools")
            .EnumerateArray()
            .Count(t => t.GetProperty("name").GetString()!.Contains("tool_", StringComparison.Ordinal));
    }
}
