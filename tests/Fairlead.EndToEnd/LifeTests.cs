using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd;

/// <summary>The product's life as its operator sees it: start, second start, stop, kill -9.</summary>
public sealed class LifeTests
{
    private const string Mark = "E2E_MARK";

    private static string Service(string mark, params string[] options) =>
        $"\"svc\":{Product.Fixture(options)[..^1]},\"env\":{{\"{Mark}\":\"{mark}\"}}}}";

    [Fact]
    public async Task FirstStart_PrintsSecretsOnce_AndTheyWork()
    {
        var data = Product.NewData();
        string key;
        await using (var first = await Product.StartAsync(data: data, givenSecrets: false))
        {
            await Eventually.UntilAsync(() => first.Output.Contains("Password", StringComparison.Ordinal));
            key = first
                .Output.Split('\n')
                .Single(l => l.Contains("Group key", StringComparison.Ordinal))
                .Trim()
                .Split(' ')[^1];
            first.Output.ShouldContain($"{first.Url}/mcp");
            (await first.CallAsync("add", """{"numbers":[1,2]}""", key)).Status.ShouldBe(HttpStatusCode.OK);
            (await first.CallAsync("add", """{"numbers":[1,2]}""", key[..^1] + "-")).Status.ShouldBe(
                HttpStatusCode.Unauthorized
            );
            (await first.TerminateAsync()).ShouldBe(0);
        }
        await using var second = await Product.StartAsync(data: data, givenSecrets: false);
        (await second.CallAsync("add", """{"numbers":[1,2]}""", key)).Status.ShouldBe(HttpStatusCode.OK);
        second.Output.ShouldNotContain("mcp_key_");
        second.Output.ShouldNotContain("Password");
        second.Errors.ShouldNotContain(key);
    }

    [Theory]
    [InlineData("FAIRLEAD_DEFAULT_KEY", "mcp_key_short", "FAIRLEAD_DEFAULT_KEY")]
    [InlineData("FAIRLEAD_ADMIN_PASSWORD", "short", "FAIRLEAD_ADMIN_PASSWORD")]
    [InlineData("FAIRLEAD__Gateway__CallsPerMinut", "5", "CallsPerMinut")]
    public async Task Start_WithAWrongSetting_SaysWhichAndExits1(string variable, string value, string named)
    {
        var info = new ProcessStartInfo(
            "dotnet",
            [Product.Program, "serve", "--urls", "http://127.0.0.1:0", "--data", Product.NewData()]
        )
        {
            UseShellExecute = false,
            RedirectStandardError = true,
        };
        info.Environment[variable] = value;
        using var process = Process.Start(info)!;
        var errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        process.ExitCode.ShouldBe(1);
        errors.ShouldContain(named);
        errors.ShouldNotContain("   at ");
    }

    // The secrets of a start that failed after they were made are not lost, and it fails in one line.
    [Fact]
    public async Task FirstStart_WithThePortTaken_ShowsItsSecretsAtTheNext()
    {
        var data = Product.NewData();
        using var taken = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var (code, errors) = await FailAsync(data, $"http://{taken.LocalEndpoint}");
        code.ShouldBe(1);
        var line = errors.Trim().Split('\n').ShouldHaveSingleItem();
        line.ShouldContain("address already in use");
        line.ShouldContain("--urls");
        line.ShouldContain("fairlead doctor");

        await using var second = await Product.StartAsync(data: data, givenSecrets: false);
        await Eventually.UntilAsync(() => second.Output.Contains("Password", StringComparison.Ordinal));
        var password = second
            .Output.Split('\n')
            .Single(l => l.Contains("Password  ", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        using var admin = await AdminAsync(second, password);
        (
            await admin.GetAsync(new Uri("/api/v1/mcp/groups", UriKind.Relative), TestContext.Current.CancellationToken)
        ).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("Host=127.0.0.1;Port=1;Username=x", "127.0.0.1:1", "database runs")]
    [InlineData("Host=no-such-host.invalid;Username=x", "no-such-host.invalid:5432", "database runs")]
    [InlineData("Hots=127.0.0.1", "Hots", "ConnectionString")]
    public async Task Start_WithoutItsDatabase_SaysWhatToDoInOneLine(string connection, string named, string advice)
    {
        var data = Product.NewData();
        await File.WriteAllTextAsync(
            Path.Combine(data, "master"),
            Convert.ToBase64String(new byte[32]),
            TestContext.Current.CancellationToken
        );
        var (code, errors) = await FailAsync(
            data,
            "http://127.0.0.1:0",
            ("FAIRLEAD__Storage__Provider", "Postgres"),
            ("FAIRLEAD__Storage__ConnectionString", connection),
            ("FAIRLEAD_MASTER_KEY_FILE", Path.Combine(data, "master"))
        );
        code.ShouldBe(1);
        var line = errors.Trim().Split('\n').ShouldHaveSingleItem();
        line.ShouldStartWith("fairlead serve: ");
        line.ShouldContain(named);
        line.ShouldContain(advice);
    }

    [Fact]
    public void Failure_ThatAnOperatorCanMend_IsOneLine()
    {
        foreach (
            var failure in new Exception[]
            {
                new UnauthorizedAccessException("Access to '/x' is denied.\nMore"),
                new FormatException("Invalid url: 'x'"),
                new TimeoutException("The operation has timed out"),
                new System.Net.Sockets.SocketException(111),
            }
        )
            Serve.StartFailure.Explain(failure).ShouldNotBeNull().ShouldNotContain("\n");
        // A mistake of ours keeps its trace.
        Serve.StartFailure.Explain(new InvalidOperationException("odd")).ShouldBeNull();
    }

    private static async Task<(int Code, string Errors)> FailAsync(
        string data,
        string url,
        params (string Name, string Value)[] variables
    )
    {
        var info = new ProcessStartInfo("dotnet", [Product.Program, "serve", "--urls", url, "--data", data])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        foreach (var (name, value) in variables)
            info.Environment[name] = value;
        using var process = Process.Start(info)!;
        var errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (
            process.ExitCode,
            string.Join(
                '\n',
                errors
                    .Split('\n')
                    .Where(l =>
                        !l.Contains(" info: ", StringComparison.Ordinal)
                        && !l.Contains(" warn: ", StringComparison.Ordinal)
                    )
            )
        );
    }

    // P-05: a call in flight ends, children end, state is in its file, the end is told, exit 0.
    [Fact]
    public async Task Term_DuringACall_LetsItEndAndEndsTheChildren()
    {
        var mark =
            Guid.CreateVersion7(DateTimeOffset.UnixEpoch).ToString()
            + nameof(Term_DuringACall_LetsItEndAndEndsTheChildren);
        await using var product = await Product.StartAsync(Service(mark));
        await product.ServicesRunAsync();
        var call = product.CallAsync("slow", """{"ms":1500}""");
        await Eventually.UntilAsync(async () =>
            (await product.CallAsync("counts")).Body.ToString().Contains("others=1;", StringComparison.Ordinal)
        );
        var stopping = product.TerminateAsync();
        (await call).Body.ToString().ShouldContain("\"done\"");
        (await stopping).ShouldBe(0);
        Product.WithText(mark).ShouldBeEmpty();
        File.Exists(Path.Combine(product.Data, "server_state.json")).ShouldBeTrue();
        product.Errors.ShouldContain("Final statistics: up 0d");
        // The database, the last of what was taken, is given back.
        product.Errors.ShouldContain("Down: database");
    }

    // Done when 3: kill -9 of a service mid-call.
    [Fact]
    public async Task Kill9_OfAService_FailsItsCallsWithinASecond_AndItComesBack()
    {
        var mark =
            Guid.CreateVersion7(DateTimeOffset.UnixEpoch).ToString()
            + nameof(Kill9_OfAService_FailsItsCallsWithinASecond_AndItComesBack);
        await using var product = await Product.StartAsync(
            Service(mark) + ",\"other\":" + Product.Fixture("--era", "modern", "--tools", "1")
        );
        await product.ServicesRunAsync();
        var call = product.CallAsync("slow", """{"ms":20000}""");
        var other = product.CallAsync("other_slow", """{"ms":3000}""");
        var (_, where) = await product.CallAsync("pid");
        var pid = int.Parse(where.GetProperty("result").GetProperty("content")[0].GetProperty("text").GetString()!);
        var watch = Stopwatch.StartNew();
        Product.Kill(pid, "KILL");
        var error = (await call).Body.GetProperty("error");
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(1));
        error.GetProperty("code").GetInt32().ShouldBe(-31001);
        error.GetProperty("data").GetProperty("outcome").GetString().ShouldBe("unknown");
        (await other).Body.TryGetProperty("result", out _).ShouldBeTrue();
        await Eventually.UntilAsync(
            async () => (await product.CallAsync("echo", """{"text":"back"}""")).Body.TryGetProperty("result", out _),
            TimeSpan.FromSeconds(30)
        );
    }

    // Done when 3: kill -9 of the gateway; the guardian ends every service process within 5 s, and no acknowledged
    // write is lost.
    [Fact]
    public async Task Kill9_OfTheGateway_LeavesNoServiceAndLosesNoWrite()
    {
        var mark =
            Guid.CreateVersion7(DateTimeOffset.UnixEpoch).ToString()
            + nameof(Kill9_OfTheGateway_LeavesNoServiceAndLosesNoWrite);
        var data = Product.NewData();
        await using var product = await Product.StartAsync(Service(mark, "--ignore-stdin-end"), data);
        await product.ServicesRunAsync();
        Product.WithText(mark).ShouldNotBeEmpty();
        using var admin = await AdminAsync(product);
        for (var i = 0; i < 5; i++)
        {
            using var made = await admin.PostAsync(
                new Uri("/api/v1/mcp/groups", UriKind.Relative),
                new StringContent($$"""{"name":"g{{i}}"}""", System.Text.Encoding.UTF8, "application/json"),
                TestContext.Current.CancellationToken
            );
            made.IsSuccessStatusCode.ShouldBeTrue();
        }
        Product.Kill(product.Process.Id, "KILL");
        await Eventually.UntilAsync(() => Product.WithText(mark).Count == 0, TimeSpan.FromSeconds(5));
        await using var again = await Product.StartAsync(data: data);
        using var after = await AdminAsync(again);
        var groups = await after.GetStringAsync(
            new Uri("/api/v1/mcp/groups?page_size=100", UriKind.Relative),
            TestContext.Current.CancellationToken
        );
        for (var i = 0; i < 5; i++)
            groups.ShouldContain($"\"g{i}\"");
    }

    internal static async Task<HttpClient> AdminAsync(Product product, string password = Product.Password)
    {
        var client = product.Client(null);
        using var response = await client.PostAsync(
            new Uri("/api/v1/auth/login", UriKind.Relative),
            new StringContent(
                $$"""{"username":"admin","password":"{{password}}"}""",
                System.Text.Encoding.UTF8,
                "application/json"
            )
        );
        var text = await response.Content.ReadAsStringAsync();
        response.IsSuccessStatusCode.ShouldBeTrue(text);
        var token = JsonDocument.Parse(text).RootElement.GetProperty("data").GetProperty("access_token").GetString();
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return client;
    }
}
