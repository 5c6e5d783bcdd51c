using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Fairlead.Profile;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

/// <summary><c>fairlead profile</c> beside a gateway that works (P-98).</summary>
[Trait("Category", "slow")]
public sealed class ProfileTests
{
    private const string Initialize =
        """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}""";

    [Fact]
    public async Task Profile_OfABusyGateway_TellsTenSlowestMethodsAndTenGrowingTypes()
    {
        var token = TestContext.Current.CancellationToken;
        await using var product = await Product.StartAsync(
            environment: new() { ["FAIRLEAD__Gateway__CallsPerMinute"] = "10000000" }
        );
        using var client = product.Client();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(token);
        // Each handshake opens a session that stays: that is what grows.
        var sessions = 0;
        var working = Task.Run(
            async () =>
            {
                while (!enough.IsCancellationRequested)
                {
                    using var request = new HttpRequestMessage(HttpMethod.Post, "/mcp")
                    {
                        Content = new StringContent(Initialize, System.Text.Encoding.UTF8, "application/json"),
                    };
                    using var response = await client.SendAsync(request, token);
                    response.EnsureSuccessStatusCode();
                    if (++sessions >= 400)
                        await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, token);
                }
            },
            token
        );
        var (code, output) = await FairleadAsync(
            "profile",
            "--pid",
            product.Process.Id.ToString(CultureInfo.InvariantCulture),
            "--seconds",
            "3",
            "--json"
        );
        await enough.CancelAsync();
        await working;
        code.ShouldBe(0, output);
        var seen = JsonDocument.Parse(output).RootElement;
        seen.GetProperty("samples").GetInt32().ShouldBeGreaterThan(0);
        var slowest = seen.GetProperty("slowest").EnumerateArray().ToList();
        slowest.Count.ShouldBe(10);
        var shares = slowest.Select(m => m.GetProperty("own").GetDouble()).ToList();
        shares.ShouldBe(shares.OrderDescending());
        slowest.ShouldAllBe(m => m.GetProperty("with_callees").GetDouble() >= m.GetProperty("own").GetDouble());
        slowest.ShouldAllBe(m => m.GetProperty("name").GetString()!.Contains('('));
        var growth = seen.GetProperty("growth").EnumerateArray().ToList();
        growth.Count.ShouldBe(10);
        var more = growth.Select(t => t.GetProperty("bytes_more").GetInt64()).ToList();
        more.ShouldBe(more.OrderDescending());
        seen.GetProperty("heap_bytes_more").GetInt64().ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Growth_BetweenTwoLooks_IsMostBytesFirstAndOnlyWhatGrew()
    {
        var before = Enumerable
            .Range(0, 12)
            .ToDictionary(i => $"T{i:00}", _ => new HeapShare(10, 1000), StringComparer.Ordinal);
        var after = before.ToDictionary(
            t => t.Key,
            t => new HeapShare(20, 1000 + int.Parse(t.Key[1..], CultureInfo.InvariantCulture) * 10),
            StringComparer.Ordinal
        );
        after["New"] = new HeapShare(1, 5000);
        var grown = HeapTypes.Growth(before, after, 10);
        grown.Select(t => t.Type).ShouldBe(["New", "T11", "T10", "T09", "T08", "T07", "T06", "T05", "T04", "T03"]);
        grown[0].ShouldBe(new GrownType("New", 1, 5000, 1, 5000));
        grown[1].ShouldBe(new GrownType("T11", 10, 110, 20, 1110));
        HeapTypes.Growth(after, after, 10).ShouldBeEmpty();
    }

    [Fact]
    public async Task Profile_OfWhatIsNoDotNetProcess_SaysWhatItMustBe()
    {
        using var other = Process.Start("sleep", "60");
        try
        {
            var (code, output) = await FairleadAsync(
                "profile",
                "--pid",
                other.Id.ToString(CultureInfo.InvariantCulture)
            );
            code.ShouldBe(1);
            output.ShouldContain($"Process {other.Id} cannot be watched");
            output.ShouldContain("It must be a running .NET process of the same user");
        }
        finally
        {
            other.Kill();
        }
    }

    private static async Task<(int Code, string Output)> FairleadAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Product.Program, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, process.ExitCode == 0 ? output : output + await error);
    }
}
