using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd;

/// <summary>
/// P-18: as many calls as ten minutes at 20 a second are, without a pause, and nothing grows. The longer run with services
/// that leak, hang and die is <c>bench/soak.sh</c>.
/// </summary>
[Trait("Category", "slow")]
public sealed class SoakTests
{
    private const int Calls = 12_000;
    private const int Waves = 4;
    private const int AtOnce = 4;
    private const string Body =
        """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","arguments":{"numbers":[1,2]},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}""";

    [Fact]
    public async Task Calls_OfTenMinutes_LeaveNothingBehind()
    {
        await using var product = await Product.StartAsync(
            environment: new() { ["FAIRLEAD__Gateway__CallsPerMinute"] = "10000000" }
        );
        using var client = product.Client();
        // What is made once, compiled and pooled is made here.
        await WaveAsync(client);
        await WaveAsync(client);
        var (memory, handles) = Look(product.Process.Id);
        List<double> p95 = [];
        for (var wave = 0; wave < Waves; wave++)
            p95.Add(await WaveAsync(client));
        var (memoryAfter, handlesAfter) = Look(product.Process.Id);
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"memory {memory} → {memoryAfter} KiB, handles {handles} → {handlesAfter}, p95 {string.Join(", ", p95.Select(p => p.ToString("0.00", CultureInfo.InvariantCulture)))} ms"
        );
        ((double)memoryAfter / memory).ShouldBeLessThan(1.15);
        handlesAfter.ShouldBeLessThanOrEqualTo(handles + 10);
        // The best of both ends: the machine has other work, too.
        Math.Min(p95[^1], p95[^2]).ShouldBeLessThan(Math.Min(p95[0], p95[1]) * 2 + 1);
    }

    private static async Task<double> WaveAsync(HttpClient client)
    {
        var times = new ConcurrentBag<double>();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, Calls / Waves),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
            async (_, token) =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, "/mcp")
                {
                    Content = new StringContent(Body, Encoding.UTF8, new MediaTypeHeaderValue("application/json")),
                };
                request.Headers.Add("MCP-Protocol-Version", "2026-07-28");
                request.Headers.Add("Mcp-Method", "tools/call");
                request.Headers.Add("Mcp-Name", "add");
                var start = Stopwatch.GetTimestamp();
                using var response = await client.SendAsync(request, token);
                (await response.Content.ReadAsStringAsync(token)).ShouldContain("\"3\"");
                times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
        );
        return times.Order().ElementAt(times.Count * 95 / 100);
    }

    private static (long Kibibytes, int Handles) Look(int pid)
    {
        var line = File.ReadLines($"/proc/{pid}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return (
            long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture),
            Directory.GetFiles($"/proc/{pid}/fd").Length
        );
    }
}
