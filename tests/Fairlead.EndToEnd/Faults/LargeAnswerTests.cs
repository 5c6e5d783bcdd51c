using System.Globalization;
using Fairlead.Client;
using Fairlead.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Faults;

/// <summary>
/// Services that answer with 100 MB: over standard streams, over HTTP, and an HTTP API behind a tool (I-30, P-18;
/// security.md section 5): a clear error, bounded memory, and the next call goes on.
/// </summary>
[Trait("Category", "slow")]
public sealed class LargeAnswerTests
{
    private const int Hundred = 100 * 1024 * 1024;
    private const int MostMegabytes = 50;

    [Fact]
    public async Task Answer_Of100Megabytes_IsRefusedAndCostsLittleMemory()
    {
        await using var http = await FixtureProcess.StartHttpAsync();
        await using var api = await ApiAsync();
        await using var product = await Product.StartAsync(
            $"\"pipe\":{Product.Fixture()},\"web\":{{\"url\":\"{http.Address}\"}}",
            environment: new()
            {
                ["FAIRLEAD__Services__Channels__RefusePrivateAddresses"] = "false",
                ["FAIRLEAD__Services__Launch__Unrestricted"] = "true",
                // It is asked again and again until a service is back.
                ["FAIRLEAD__Gateway__CallsPerMinute"] = "1000000",
            }
        );
        await product.ServicesRunAsync();
        using var client = new FairleadClient(new Uri(product.Url));
        await client.SignInAsync("admin", Product.Password);
        await AddApiAsync(product, client, api.Urls.First());
        var names = await NamesAsync(client);

        foreach (var (kind, big, echo) in names)
        {
            await Eventually.UntilAsync(async () => await GoesOnAsync(product, echo), TimeSpan.FromSeconds(60));
            var before = ResetPeak(product.Process.Id);
            var (_, answer) = await product.CallAsync(big, $$"""{"bytes":{{Hundred}}}""");
            var peak = Peak(product.Process.Id) - before;
            TestContext.Current.TestOutputHelper!.WriteLine(
                $"{kind}: {answer.GetRawText()[..200]}, peak +{peak / 1024} MiB"
            );
            if (kind == "api")
            {
                answer.GetProperty("result").GetProperty("isError").GetBoolean().ShouldBeTrue();
                var said = answer.GetProperty("result").GetProperty("structuredContent");
                said.GetProperty("error_type").GetString().ShouldBe("too_large");
                said.GetProperty("error").GetString().ShouldBe("The answer is larger than 1048576 bytes.");
            }
            else
            {
                var error = answer.GetProperty("error");
                error.GetProperty("code").GetInt32().ShouldBe(-31004);
                error.GetProperty("data").GetProperty("reason").GetString().ShouldBe("upstream_response_too_large");
                error.GetProperty("data").GetProperty("outcome").GetString().ShouldBe("unknown");
            }
            peak.ShouldBeLessThan(MostMegabytes * 1024);
            // A process that did so is ended and started again; the others go on at once.
            await Eventually.UntilAsync(async () => await GoesOnAsync(product, echo), TimeSpan.FromSeconds(60));
        }
    }

    private static async Task<bool> GoesOnAsync(Product product, string echo)
    {
        var (_, answer) = await product.CallAsync(echo, """{"text":"on"}""");
        return answer.TryGetProperty("result", out var result)
            && result.GetRawText().Contains("on", StringComparison.Ordinal)
            && !result.TryGetProperty("isError", out _);
    }

    private static async Task AddApiAsync(Product product, FairleadClient client, string url)
    {
        var imported = await client.Services.ImportOpenApiAsync(
            new OpenApiDraft
            {
                Name = "api",
                Url = url,
                AllowPrivate = true,
                Document =
                    """{"openapi":"3.1.0","paths":{"/big":{"get":{"operationId":"api_big","parameters":[{"name":"bytes","in":"query","schema":{"type":"integer"}}]}},"/echo":{"get":{"operationId":"api_echo","parameters":[{"name":"text","in":"query","schema":{"type":"string"}}]}}}}""",
            }
        );
        imported.Tools.Count.ShouldBe(2);
        var group = (await client.Groups.FindAsync("default"))!;
        await client.Groups.PublishAsync(group.Id, "api");
        await Eventually.UntilAsync(async () => await GoesOnAsync(product, "api_echo"), TimeSpan.FromSeconds(30));
    }

    // Names are given by the gateway where two services have the same.
    private static async Task<List<(string Kind, string Big, string Echo)>> NamesAsync(FairleadClient client)
    {
        var group = (await client.Groups.FindAsync("default"))!;
        var tools = new List<(string Service, string Name)>();
        await foreach (var tool in client.Tools.ListAsync(group.Id))
            tools.Add((tool.ServiceName ?? "", tool.ToolName));
        return
        [
            .. new[] { "pipe", "web", "api" }.Select(s =>
                (
                    s,
                    tools.First(t => t.Service == s && t.Name.EndsWith("big", StringComparison.Ordinal)).Name,
                    tools.First(t => t.Service == s && t.Name.EndsWith("echo", StringComparison.Ordinal)).Name
                )
            ),
        ];
    }

    private static async Task<WebApplication> ApiAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapGet("/echo", (string text) => text);
        // In pieces and without a length, as long as somebody reads.
        app.MapGet(
            "/big",
            async (int bytes, Microsoft.AspNetCore.Http.HttpContext context) =>
            {
                context.Response.ContentType = "text/plain";
                var piece = new byte[64 * 1024];
                piece.AsSpan().Fill((byte)'x');
                for (var sent = 0; sent < bytes; sent += piece.Length)
                    await context.Response.Body.WriteAsync(piece, context.RequestAborted);
            }
        );
        await app.StartAsync();
        return app;
    }

    // The kernel's high-water mark, from now on.
    private static long ResetPeak(int pid)
    {
        File.WriteAllText($"/proc/{pid}/clear_refs", "5");
        return Peak(pid);
    }

    private static long Peak(int pid) =>
        long.Parse(
            File.ReadLines($"/proc/{pid}/status")
                .First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture
        );
}
