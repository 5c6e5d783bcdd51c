using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd;

/// <summary>What an operator reads when a start goes wrong, and what a later start says.</summary>
[Trait("Category", "integration")]
public sealed class StartTests
{
    [Theory]
    [InlineData("--urls notaurl", "'notaurl' is no address")]
    [InlineData("--urls http://127.0.0.1:99999", "has a port that is not 0 to 65535")]
    [InlineData("--urls http://192.0.2.7:18999", "not one of this machine")]
    [InlineData("--urls https://127.0.0.1:18999", "HTTPS")]
    [InlineData("--urls http://127.0.0.1:18999/mcp", "has a path")]
    [InlineData("--config /no/such.json", "there is no file /no/such.json")]
    public async Task Start_WithAWrongOption_SaysSoInOneLine(string options, string said) =>
        await RefusedAsync(said, Product.NewData(), options.Split(' '));

    [Theory]
    [InlineData(
        """{"Gateway":{"CallsPerMinute":5}}""",
        "'Gateway' is no setting here; all settings are inside \"Fairlead\""
    )]
    [InlineData("{\n  \"Fairlead\": {,\n}", "is not valid JSON at line 2, position 16")]
    [InlineData("[]", "must hold an object")]
    [InlineData(
        """{"Fairlead":{"Gatway":{}}}""",
        "Fairlead:Gatway is no setting. In Fairlead there are: Automation, Cache, CallLog,"
    )]
    [InlineData(
        """{"Fairlead":{"Gateway":{"PageSiz":5}}}""",
        "Fairlead:Gateway:PageSiz is no setting. In Fairlead:Gateway"
    )]
    [InlineData("""{"Fairlead":{"Gateway":{"PageSize":"x"}}}""", "'x' is no value for Fairlead:Gateway:PageSize")]
    [InlineData("""{"Fairlead":{"Gateway":{"TrustedProxies":["nginx"]}}}""", "'nginx' is no address (10.0.0.7)")]
    [InlineData("""{"Fairlead":{"Gateway":5}}""", "Fairlead:Gateway is a section")]
    public async Task Start_WithAWrongFile_NamesTheKeyOrThePlace(string text, string said)
    {
        var data = Product.NewData();
        var file = Path.Combine(data, "settings.json");
        await File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
        await RefusedAsync(said, data, ["--config", file]);
    }

    // A-45: behind a proxy the address to listen on is of no use to a client.
    [Fact]
    public async Task Start_WithAPublicAddress_PrintsItForClients()
    {
        await using var product = await Product.StartAsync(
            environment: new() { ["MCP_SERVER_BASE_URL"] = "https://example.org/tools/" }
        );
        await Eventually.UntilAsync(() => product.Output.Contains("config.toml", StringComparison.Ordinal));
        product.Output.ShouldContain($"Fairlead is ready at {product.Url}");
        product.Output.ShouldContain("MCP endpoint   https://example.org/tools/mcp");
        product.Output.ShouldContain("--transport http fairlead https://example.org/tools/mcp --header");
        product.Output.ShouldNotContain($"{product.Url}/mcp");
    }

    // C-06: a variable that is there and empty is a mistake of the deployment, under either name.
    [Theory]
    [InlineData("JWT_SECRET")]
    [InlineData("JWT_SECRET_KEY")]
    public async Task Start_WithAnEmptySecret_IsRefused(string name) =>
        await RefusedAsync("is set and empty", Product.NewData(), [], new() { [name] = "" });

    // P-15: without a file the defaults hold, and that is told; with one, how much is in it.
    [Fact]
    public async Task Start_SaysWhereItsSettingsComeFrom()
    {
        await using (var bare = await Product.StartAsync())
            bare.Errors.ShouldContain("No --config file: the defaults hold");
        var file = Path.Combine(Product.NewData(), "config.json");
        await File.WriteAllTextAsync(
            file,
            """{"Fairlead":{"Gateway":{"CallsPerMinute":700,"TrustedProxies":["127.0.0.1"]},"Cache":{"L2":1800}}}""",
            TestContext.Current.CancellationToken
        );
        await using var told = await Product.StartAsync(config: file);
        told.Errors.ShouldContain($"{file} has 3 settings");
        told.Errors.ShouldNotContain("No --config file");
    }

    [Fact] // P-98, P-103
    public async Task Start_WithALogLevelThatIsNone_NamesThoseThereAre() =>
        await RefusedAsync(
            "LOG_LEVEL is DEBUG, INFO, WARNING, ERROR or CRITICAL, not 'LOUD'",
            Product.NewData(),
            [],
            new() { ["LOG_LEVEL"] = "loud" }
        );

    // C-06: both names are taken, and tokens are signed with what they give.
    [Theory]
    [InlineData("JWT_SECRET")]
    [InlineData("JWT_SECRET_KEY")]
    public async Task Start_WithASecret_SignsWithIt(string name)
    {
        var secret = new string('s', 40);
        await using var product = await Product.StartAsync(environment: new() { [name] = secret });
        using var client = product.Client(null);
        using var content = new StringContent(
            $$"""{"username":"admin","password":"{{Product.Password}}"}""",
            Encoding.UTF8,
            "application/json"
        );
        using var answer = await client.PostAsync(new Uri("/api/v1/auth/login", UriKind.Relative), content);
        var body = JsonElement.Parse(await answer.Content.ReadAsStringAsync());
        var token = body.GetProperty("data").GetProperty("access_token").GetString()!;
        var signed = token[..token.LastIndexOf('.')];
        Base64Url
            .EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(signed)))
            .ShouldBe(token[(signed.Length + 1)..]);
        (product.Output + product.Errors).ShouldNotContain(secret);
    }

    // C-06: on a developer's machine it starts, and says what its tokens are worth.
    [Fact]
    public async Task Start_WithAnEmptySecretInDevelopment_Warns()
    {
        await using var product = await Product.StartAsync(
            environment: new() { ["JWT_SECRET"] = "", ["DOTNET_ENVIRONMENT"] = "Development" }
        );
        await Eventually.UntilAsync(() => product.Errors.Contains("JWT_SECRET is empty", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Start_OnWhatIsNoDatabase_SaysSo()
    {
        var data = Product.NewData();
        await File.WriteAllTextAsync(
            Path.Combine(data, "fairlead.db"),
            new string('x', 5000),
            TestContext.Current.CancellationToken
        );
        // Its key is there, or that would be what is missing.
        await File.WriteAllTextAsync(
            Path.Combine(data, "keys"),
            Convert.ToBase64String(new byte[32]),
            TestContext.Current.CancellationToken
        );
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(Path.Combine(data, "keys"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await RefusedAsync("fairlead.db cannot be used: SQLite Error 26: 'file is not a database'", data, []);
    }

    [Fact]
    public async Task Start_OnAFolderThatCannotBeMade_SaysSo() =>
        await RefusedAsync("The data folder /proc/nothing/data cannot be written", "/proc/nothing/data", []);

    [Fact]
    public async Task Start_OnAFolderInUse_IsRefused_AndOnceItIsFreeNot()
    {
        await using var first = await Product.StartAsync();
        await RefusedAsync("Another gateway runs on the data folder", first.Data, []);
        Product.Kill(first.Process.Id, "KILL");
        await first.Process.WaitForExitAsync(TestContext.Current.CancellationToken);
        await using var second = await Product.StartAsync(data: first.Data);
        (await second.CallAsync("add", """{"numbers":[1]}""")).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Start_WithoutTheKeysOfAStore_MakesNone()
    {
        await using var first = await Product.StartAsync();
        (await first.TerminateAsync()).ShouldBe(0);
        var keys = Path.Combine(first.Data, "keys");
        File.Delete(keys);
        await RefusedAsync("restore it from a backup", first.Data, []);
        File.Exists(keys).ShouldBeFalse();
    }

    [Fact]
    public async Task LaterStart_SaysItIsReady_AndWhatOfAFileIsNotThere()
    {
        await using var first = await Product.StartAsync("\"old\":" + Product.Fixture());
        (await first.TerminateAsync()).ShouldBe(0);
        await using (var same = await Product.StartAsync("\"old\":" + Product.Fixture(), first.Data))
        {
            (await same.TerminateAsync()).ShouldBe(0);
            same.Output.ShouldStartWith($"Fairlead is ready at {same.Url} ");
            same.Errors.ShouldNotContain("not imported");
        }
        await using (
            var more = await Product.StartAsync($"\"old\":{Product.Fixture()},\"svc\":{Product.Fixture()}", first.Data)
        )
        {
            await Eventually.UntilAsync(() => more.Errors.Contains("svc of it is not there", StringComparison.Ordinal));
            (await more.TerminateAsync()).ShouldBe(0);
        }
        await using (var second = await Product.StartAsync("\"svc\":" + Product.Fixture(), first.Data))
        {
            await Eventually.UntilAsync(() => second.Errors.Contains("was not imported", StringComparison.Ordinal));
            second.Errors.ShouldContain($"services import {Path.Combine(first.Data, "mcp.json")} --group default");
            (await second.TerminateAsync()).ShouldBe(0);
        }
        await using var third = await Product.StartAsync("\"svc\":{", first.Data);
        await Eventually.UntilAsync(() => third.Errors.Contains("and could not be:", StringComparison.Ordinal));
    }

    // The way back in: on a store in use and on one that is not; tokens and guesses of the old password are of no use.
    [Fact]
    public async Task SetPassword_OnAStoreInUseOrNot_LetsTheNewOneIn()
    {
        await using var product = await Product.StartAsync();
        (await RunAsync("another long one\n", "users", "set-password", "admin", "--data", product.Data)).ShouldBe(
            (0, "The password of admin was changed.")
        );
        (await SignInAsync(product, Product.Password)).ShouldBe(HttpStatusCode.Unauthorized);
        (await SignInAsync(product, "another long one")).ShouldBe(HttpStatusCode.OK);
        (await product.TerminateAsync()).ShouldBe(0);

        (await RunAsync("a third long one\n", "users", "set-password", "admin", "--data", product.Data)).Code.ShouldBe(
            0
        );
        (await RunAsync("short\n", "users", "set-password", "admin", "--data", product.Data)).Text.ShouldContain(
            "8 to 256 characters"
        );
        (await RunAsync("a third long one\n", "users", "set-password", "nobody", "--data", product.Data)).ShouldBe(
            (1, "fairlead: There is no user named nobody.")
        );
        (
            await RunAsync("a third long one\n", "users", "set-password", "admin", "--data", Product.NewData())
        ).Text.ShouldContain("There is no store in");
        await using var again = await Product.StartAsync(data: product.Data);
        (await SignInAsync(again, "a third long one")).ShouldBe(HttpStatusCode.OK);
        again.Errors.ShouldNotContain("a third long one");
    }

    private static async Task<HttpStatusCode> SignInAsync(Product product, string password)
    {
        using var client = product.Client(null);
        using var content = new StringContent(
            $$"""{"username":"admin","password":"{{password}}"}""",
            System.Text.Encoding.UTF8,
            "application/json"
        );
        using var answer = await client.PostAsync(new Uri("/api/v1/auth/login", UriKind.Relative), content);
        return answer.StatusCode;
    }

    private static async Task RefusedAsync(
        string said,
        string data,
        string[] options,
        Dictionary<string, string>? environment = null
    )
    {
        string[] urls = options.Contains("--urls") ? [] : ["--urls", "http://127.0.0.1:0"];
        var (code, text) = await RunAsync(null, environment, ["serve", "--data", data, .. urls, .. options]);
        code.ShouldBe(1, text);
        text.ShouldContain(said);
        text.Split('\n').Where(l => l.StartsWith("fairlead serve:", StringComparison.Ordinal)).ShouldHaveSingleItem();
        text.ShouldNotContain("   at ");
        text.ShouldNotContain("should not happen");
    }

    private static Task<(int Code, string Text)> RunAsync(string? input, params string[] arguments) =>
        RunAsync(input, null, arguments);

    private static async Task<(int Code, string Text)> RunAsync(
        string? input,
        Dictionary<string, string>? environment,
        string[] arguments
    )
    {
        var info = new ProcessStartInfo("dotnet", [Product.Program, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var (name, value) in environment ?? [])
            info.Environment[name] = value;
        using var process = Process.Start(info)!;
        if (input is not null)
            await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        // One that starts where it should not would never end.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        await using var stop = limit.Token.Register(() => process.Kill(entireProcessTree: true));
        var errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, errors.Trim());
    }
}
