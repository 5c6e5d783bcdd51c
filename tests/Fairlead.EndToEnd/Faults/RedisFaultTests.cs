using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Fairlead.Client;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Faults;

/// <summary>
/// Two real gateways with one real Redis, which becomes slow, unreachable, dies and comes back empty while they are called
/// (I-30, P-45, P-16, P-89, C-03; security.md section 5): no call fails, none takes 50 ms more, each node keeps its part of
/// the limits, the figures tell it, and all of it mends itself.
/// </summary>
[Trait("Category", "slow")]
public sealed class RedisFaultTests
{
    private const double Most = 50;
    private const int Limit = 40;
    private readonly ConcurrentBag<double> times = [];
    private readonly ConcurrentBag<string> failures = [];
    private int calls;

    [Fact]
    public async Task Redis_ThatFailsInEveryWay_FailsAndSlowsNoCall()
    {
        Assert.SkipWhen(!RedisServer.IsInstalled && !RedisServer.Required, "Redis is not installed");
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = new SlowProxy(redis.Port);
        await using var one = await StartAsync(proxy);
        await using var two = await StartAsync(proxy);
        var (key, token) = await EnterAsync(one);
        var (other, _) = await EnterAsync(two);
        await Eventually.UntilAsync(
            async () =>
                await RedisHealthAsync(one) is ("healthy", { } a)
                && a.StartsWith("2 nodes", StringComparison.Ordinal)
                && await RedisHealthAsync(two) is ("healthy", { } b)
                && b.StartsWith("2 nodes", StringComparison.Ordinal),
            TimeSpan.FromSeconds(60)
        );
        using var over = new CancellationTokenSource();
        var load = Enumerable.Range(0, 4).Select(n => LoadAsync(one, key, token, n, over.Token)).ToList();
        // Twice: the first of them compile and connect.
        await CalledAsync(400);
        var calm = await WorstAsync(() => CalledAsync(400));
        await using var stalls = new Stalls();

        await FaultAsync(
            "slow (2 s)",
            () =>
            {
                proxy.Delay = TimeSpan.FromSeconds(2);
                return Task.CompletedTask;
            },
            () =>
            {
                proxy.Delay = TimeSpan.Zero;
                return Task.CompletedTask;
            }
        );
        await FaultAsync(
            "partitioned",
            () =>
            {
                proxy.IsCut = true;
                return Task.CompletedTask;
            },
            () =>
            {
                proxy.IsCut = false;
                return Task.CompletedTask;
            }
        );
        await FaultAsync("killed, and started again empty", redis.KillAsync, redis.StartAgainAsync, isLimited: true);
        // Empty as it came back, it is used again.
        await Eventually.UntilAsync(async () => await RedisAsync(one, token) == "in_use");
        await over.CancelAsync();
        await Task.WhenAll(load);
        failures.ShouldBeEmpty();
        (one.Output + one.Errors).ShouldContain("is left alone until it answers again");

        async Task FaultAsync(string name, Func<Task> begin, Func<Task> end, bool isLimited = false)
        {
            stalls.Reset();
            var worst = await WorstAsync(async () =>
            {
                await begin();
                await Eventually.UntilAsync(
                    async () => await RedisAsync(one, token) == "away",
                    TimeSpan.FromSeconds(60)
                );
                await CalledAsync(300);
                if (isLimited)
                    await LimitedAsync();
                await end();
                await Eventually.UntilAsync(
                    async () => await RedisAsync(one, token) == "in_use",
                    TimeSpan.FromSeconds(60)
                );
                await Eventually.UntilAsync(
                    async () => await RedisHealthAsync(one) is ("healthy", _),
                    TimeSpan.FromSeconds(60)
                );
                await CalledAsync(100);
            });
            TestContext.Current.TestOutputHelper!.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{name}: {calls} calls, {failures.Count} failed, slowest {worst:F1} ms (calm {calm:F1}, stalls {stalls.Worst:F1})"
                )
            );
            failures.ShouldBeEmpty();
            // Other tests and programs hold up the gateway, too: twice, before and after it waits.
            worst.ShouldBeLessThan(calm + Most + (2 * stalls.Worst));
        }

        // What nobody shares is cut in two: each node gives its half, both together no more than the limit.
        async Task LimitedAsync()
        {
            await Eventually.UntilAsync(
                async () =>
                    await RedisHealthAsync(one) is ("degraded", { } a)
                    && a.Contains("1/2 of every limit", StringComparison.Ordinal)
                    && await RedisHealthAsync(two) is ("degraded", { } b)
                    && b.Contains("1/2 of every limit", StringComparison.Ordinal),
                TimeSpan.FromSeconds(60)
            );
            (await GivenAsync(one, key)).ShouldBe(Limit / 2);
            (await GivenAsync(two, other)).ShouldBe(Limit / 2);
        }
    }

    private static Task<Product> StartAsync(SlowProxy proxy) =>
        Product.StartAsync(
            environment: new()
            {
                ["FAIRLEAD__Redis__Url"] = $"redis://127.0.0.1:{proxy.Port}",
                ["FAIRLEAD__Gateway__CallsPerMinute"] = "0",
                ["FAIRLEAD__Limits__AnonymousCalls"] = Limit.ToString(CultureInfo.InvariantCulture),
            }
        );

    private static async Task<(string Key, string Token)> EnterAsync(Product product)
    {
        using var client = new FairleadClient(new Uri(product.Url));
        var token = await client.SignInAsync("admin", Product.Password);
        var samples = (await client.Groups.FindAsync("samples"))!;
        await client.Groups.SetEnabledAsync(samples.Id, true);
        return (await client.Groups.ReadKeyAsync(samples.Id), token.Value);
    }

    private static async Task<string> RedisAsync(Product product, string token)
    {
        using var http = product.Client(token);
        var text = await http.GetStringAsync(new Uri("/api/v1/cache/stats", UriKind.Relative));
        return JsonElement.Parse(text).GetProperty("data").GetProperty("redis").GetString()!;
    }

    private static async Task<(string Status, string? Detail)> RedisHealthAsync(Product product)
    {
        using var http = product.Client(key: null);
        var redis = JsonElement
            .Parse(await http.GetStringAsync(new Uri("/health", UriKind.Relative)))
            .GetProperty("checks")
            .GetProperty("redis");
        return (
            redis.GetProperty("status").GetString()!,
            redis.TryGetProperty("detail", out var detail) ? detail.GetString() : null
        );
    }

    // How many calls of nobody in particular are let through before the limit says no.
    private static async Task<int> GivenAsync(Product product, string key)
    {
        using var http = product.Client(key);
        for (var given = 0; ; given++)
        {
            var text = await CallAsync(http, "get_cached_data", """{"key":"limit"}""", token: null);
            if (text.Contains("rate_limited", StringComparison.Ordinal))
                return given;
            given.ShouldBeLessThan(Limit * 2);
        }
    }

    private async Task LoadAsync(Product product, string key, string token, int worker, CancellationToken end)
    {
        using var http = product.Client(key);
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        for (var i = 0; !end.IsCancellationRequested; i++)
        {
            await pace.WaitForNextTickAsync(CancellationToken.None);
            var own = $"{worker}-{i / 2}";
            var begun = Stopwatch.GetTimestamp();
            try
            {
                // Each value is written once and read once.
                var text =
                    i % 2 == 0
                        ? await CallAsync(http, "set_cached_data", $$"""{"key":"{{own}}","value":{{i}}}""", token)
                        : await CallAsync(http, "get_cached_data", $$"""{"key":"{{own}}"}""", token);
                times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
                if (
                    !text.Contains("\"structuredContent\"", StringComparison.Ordinal)
                    || text.Contains("isError", StringComparison.Ordinal)
                )
                    failures.Add(text);
            }
            catch (HttpRequestException failure)
            {
                failures.Add(failure.Message);
            }
            Interlocked.Increment(ref calls);
        }
    }

    private static async Task<string> CallAsync(HttpClient http, string tool, string arguments, string? token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/mcp")
        {
            Content = new StringContent(
                """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"NAME","arguments":ARGS,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"""
                    .Replace("NAME", tool, StringComparison.Ordinal)
                    .Replace("ARGS", arguments, StringComparison.Ordinal),
                Encoding.UTF8,
                new MediaTypeHeaderValue("application/json")
            ),
        };
        request.Headers.Add("MCP-Protocol-Version", "2026-07-28");
        request.Headers.Add("Mcp-Method", "tools/call");
        request.Headers.Add("Mcp-Name", tool);
        if (token is not null)
            request.Headers.Add("X-User-Token", token);
        using var response = await http.SendAsync(request);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        return await response.Content.ReadAsStringAsync();
    }

    private async Task CalledAsync(int more)
    {
        var then = Volatile.Read(ref calls) + more;
        await Eventually.UntilAsync(() => Volatile.Read(ref calls) >= then, TimeSpan.FromSeconds(120));
    }

    private async Task<double> WorstAsync(Func<Task> during)
    {
        times.Clear();
        await during();
        return times.Max();
    }
}
