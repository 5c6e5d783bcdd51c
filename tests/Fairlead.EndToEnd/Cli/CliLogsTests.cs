using System.Text.Json;
using Fairlead.Cli;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

/// <summary><c>fairlead logs tail</c> (A-60).</summary>
public sealed class CliLogsTests(CliGateway gateway) : IClassFixture<CliGateway>
{
    private async Task CallAsync(int number) =>
        (await gateway.RunAsync("tools", "call", "add", "--arg", $"numbers=[{number}]")).Code.ShouldBe(ExitCode.Ok);

    [Fact]
    public async Task Tail_FollowsWhatFits_UntilCtrlC()
    {
        await using var all = CliFollower.Start(gateway, "logs", "tail");
        await using var failed = CliFollower.Start(
            gateway,
            "logs",
            "tail",
            "--status",
            "failed",
            "--tool",
            "current_time",
            "--json"
        );
        await all.ConnectedAsync(() => CallAsync(1));
        await failed.ConnectedAsync(() =>
            gateway.RunAsync("tools", "call", "current_time", "--arg", "zone=Mars/Olympus")
        );
        all.Output.ShouldMatch(
            @"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z  ok      +[0-9.]+ ms  default  tools/call  add  by fairlead$"
        );
        await all.UntilAsync("failed");
        // A tool that reports an error has no code to show.
        all.Output.ShouldMatch("current_time  by fairlead  [a-z]");

        foreach (var line in failed.Output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries))
        {
            var call = JsonElement.Parse(line);
            call.GetProperty("tool_name").GetString().ShouldBe("current_time");
            call.GetProperty("success").GetBoolean().ShouldBeFalse();
        }
        (await all.StopAsync()).ShouldBe(ExitCode.Interrupted);
        (await failed.StopAsync()).ShouldBe(ExitCode.Interrupted);
        failed.Error.ShouldBeEmpty();
    }

    [Fact]
    public async Task Tail_WithoutFollowing_GivesTheLastThatFit()
    {
        await CallAsync(1);
        await CallAsync(2);
        await CallAsync(3);
        await Fairlead.Testing.Eventually.UntilAsync(async () =>
            (await LinesAsync("--tool", "add", "--method", "tools/call", "-n", "3")).Length == 3
        );
        (await LinesAsync("--tool", "add", "-n", "2")).Length.ShouldBe(2);
        (await LinesAsync("--group", "default", "--caller", "fairlead", "--since", "5m")).ShouldNotBeEmpty();
        (await LinesAsync("--text", "ADD", "--status", "ok")).ShouldNotBeEmpty();
        foreach (
            var none in (string[][])
                [
                    ["--text", "no such text"],
                    ["--caller", "nobody"],
                    ["--user", "nobody"],
                    ["--method", "tools/nothing"],
                    ["--since", "2100-01-01T00:00Z"],
                ]
        )
            (await LinesAsync(none)).ShouldBeEmpty(string.Join(' ', none));
        (await gateway.RunAsync("logs", "tail", "--service", "nowhere")).Code.ShouldBe(ExitCode.NotFound);
        (await gateway.RunAsync("logs", "tail", "--group", "nowhere")).Code.ShouldBe(ExitCode.NotFound);

        async Task<string[]> LinesAsync(params string[] filter)
        {
            var ran = await gateway.RunAsync(["logs", "tail", "--no-follow", "--json", .. filter]);
            ran.Code.ShouldBe(ExitCode.Ok, ran.Error);
            return ran.Out.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        }
    }

    [Fact]
    public async Task Tail_GoesOnAfterARestartOfTheGateway_WithNothingLostOrRepeated()
    {
        var product = await Product.StartAsync();
        await using var tail = CliFollower.Start(product.Url, "logs", "tail", "--tool", "add", "--json");
        await tail.ConnectedAsync(async () => await product.CallAsync("add", """{"numbers":[1]}"""));
        var (data, url) = (product.Data, product.Url);
        // Logged, but perhaps not sent any more.
        await product.CallAsync("add", """{"numbers":[2]}""");
        await product.DisposeAsync();
        await tail.UntilAsync("is lost");
        await using var again = await Product.StartAsync(data: data, url: url);
        await tail.UntilAsync("Connected to");
        await again.CallAsync("add", """{"numbers":[3]}""");
        List<long> logged = [];
        using var client = new Fairlead.Client.FairleadClient(new Uri(url));
        await client.SignInAsync("admin", Product.Password, TestContext.Current.CancellationToken);
        await Fairlead.Testing.Eventually.UntilAsync(
            async () =>
            {
                logged = await client
                    .Calls.ListAsync(new() { ToolName = "add" }, TestContext.Current.CancellationToken)
                    .Select(c => c.Id)
                    // Before the tail began there may have been more calls than it shows of the past.
                    .Where(id => id >= Ids()[0])
                    .Reverse()
                    .ToListAsync(TestContext.Current.CancellationToken);
                if (tail.HasExited)
                    throw new InvalidOperationException($"It ended: {tail.Error}");
                // A call may end between the two looks: they agree in the end, or something is lost or repeated.
                return logged.Count >= 3 && Ids().SequenceEqual(logged);
            },
            TimeSpan.FromSeconds(30)
        );
        Ids().ShouldBe(logged);

        List<long> Ids() =>
            [
                .. tail
                    .Output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries)
                    .Select(l => JsonElement.Parse(l).GetProperty("id").GetInt64()),
            ];
    }

    [Theory]
    [InlineData("90s", -90)]
    [InlineData("15m", -900)]
    [InlineData("2h", -7200)]
    [InlineData("1d", -86400)]
    [InlineData("2026-01-31T11:00Z", -3600)]
    [InlineData("-1h", null)]
    [InlineData("h", null)]
    [InlineData("5", null)]
    [InlineData("99999999d", null)]
    public void Since_IsALengthOrATime(string text, int? seconds)
    {
        var now = new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);
        LogsCommands.Since(text, now).ShouldBe(seconds is { } s ? now.AddSeconds(s) : null);
    }
}
