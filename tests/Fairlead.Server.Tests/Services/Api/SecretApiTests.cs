using System.Text.Json;
using Fairlead.Server.Services.Supervision;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Secrets;
using Fairlead.Server.Telemetry;
using Fairlead.Server.Tests.Hosting;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Api;

/// <summary>Secrets of services are kept apart, used at the start, and never given back.</summary>
public sealed class SecretApiTests
{
    private const string Secrets = "/api/v1/secrets";
    private const string Services = "/api/v1/services";

    [Fact]
    public async Task Import_WithSecrets_MovesThemToTheStoreAndShowsThemNowhere()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        var file = JsonSerializer.Serialize(
            new
            {
                content = """
                {"mcpServers":{"a":{"command":"cat","args":["--api-key","canary-arg","postgres://u:canary-dsn@h/d","--port","80"],
                "env":{"GITHUB_TOKEN":"canary-env","PLAIN":"info","SHAPE":"ghp_canary123456"},"oauth":{"clientSecret":"canary-kept"}},
                "w":{"type":"http","url":"https://h/mcp?key=canaryquery","headers":{"Authorization":"Bearer canary-header","X-Region":"eu"}}}}
                """,
            }
        );
        var dry = await host.PostAsync($"{Services}/import", file[..^1] + ",\"dry_run\":true}");
        var done = await host.PostAsync($"{Services}/import", file);
        done.Status.ShouldBe(200, done.Text);
        var list = await host.GetAsync(Secrets);
        var exported = await host.GetAsync($"{Services}/export?format=claude-code");
        foreach (
            var answer in new[]
            {
                dry,
                done,
                list,
                exported,
                await host.GetAsync($"{Services}/a"),
                await host.GetAsync($"{Services}/w"),
            }
        )
            answer.Text.ShouldNotContain("canary", Case.Insensitive);
        list.Data.EnumerateArray()
            .Select(s => (s.GetProperty("name").GetString(), s.GetProperty("used_by")[0].GetString()))
            .ShouldBe([
                ("a.GITHUB_TOKEN", "a"),
                ("a.SHAPE", "a"),
                ("a.api-key", "a"),
                ("a.arg2", "a"),
                ("a.oauth.clientSecret", "a"),
                ("w.Authorization", "w"),
                ("w.key", "w"),
            ]);
        var a = host.Now.Services[0].Definition;
        a.Args.ShouldBe(["--api-key", "${secret:a.api-key}", "${secret:a.arg2}", "--port", "80"]);
        a.Env["PLAIN"].ShouldBe("info");
        host.Now.Services[1].Definition.Headers["Authorization"].ShouldBe("Bearer ${secret:w.Authorization}");
        host.Get<SecretStore>().Find("a.GITHUB_TOKEN").ShouldBe("canary-env");

        // The same again changes nothing; another value of a secret does.
        (await ActionsAsync(host, file)).ShouldBe(["unchanged", "unchanged"]);
        (await ActionsAsync(host, file.Replace("canary-env", "canary-new"))).ShouldBe(["conflict", "unchanged"]);

        var (rows, _) = await host.Get<AuditLog>()
            .ReadAsync(new AuditQuery(null, null, null, null, null), 0, 100, default);
        string.Concat(rows.Select(r => r.Record.Details)).ShouldNotContain("canary", Case.Insensitive);
        foreach (var stored in Directory.GetFiles(host.Folder.Path, "fairlead.db*"))
            (await File.ReadAllTextAsync(stored)).ShouldNotContain("canary", Case.Insensitive);
    }

    [Fact]
    public async Task Secret_SetListedRemoved_IsAuditedAndNeverShown()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        (await host.PutAsync($"{Secrets}/k", """{"value":"canary-one"}""")).Text.ShouldNotContain("canary");
        await host.PostAsync(Services, """{"name":"s","command":"cat","env":{"K":"${secret:k}"},"enabled":false}""");
        var used = await host.DeleteAsync($"{Secrets}/k");
        (used.Status, used.Code).ShouldBe((409, "CONFLICT"));
        used.Text.ShouldContain("used by s");
        await host.DeleteAsync($"{Services}/s");
        (await host.DeleteAsync($"{Secrets}/k")).Status.ShouldBe(200);
        (await host.DeleteAsync($"{Secrets}/k")).Code.ShouldBe("NOT_FOUND");
        (await host.GetAsync(Secrets)).Data.GetArrayLength().ShouldBe(0);
        var (rows, _) = await host.Get<AuditLog>()
            .ReadAsync(new AuditQuery(null, null, null, null, null), 0, 100, default);
        rows.Select(r => r.Record.Action).ShouldContain("secrets.set");
        rows.Select(r => r.Record.Action).ShouldContain("secrets.delete");
        string.Concat(rows.Select(r => r.Record.Details + r.Record.Resource)).ShouldNotContain("canary");
    }

    [Theory]
    [InlineData("a%20b", """{"value":"x"}""", "name")]
    [InlineData("k", """{"value":""}""", "value")]
    [InlineData("k", "{}", "value")]
    [InlineData("k", """{"value":"a\u0000"}""", "value")]
    public async Task Set_Wrong_NamesTheField(string name, string body, string field)
    {
        await using AdminHost host = await AdminHost.StartAsync();
        var answer = await host.PutAsync($"{Secrets}/{name}", body);
        (answer.Status, answer.Field).ShouldBe((400, field));
        host.Now.Secrets.ShouldBeEmpty();
    }

    // A value moved to another row by somebody with the database in hand does not open.
    [Fact]
    public async Task Secret_InAnotherRow_DoesNotOpen()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        await host.PutAsync($"{Secrets}/one", """{"value":"first"}""");
        await host.PutAsync($"{Secrets}/two", """{"value":"second"}""");
        await host.Get<StoreWriter>()
            .ChangeAsync(
                db =>
                {
                    var rows = db.Secrets.OrderBy(s => s.Name).ToList();
                    rows[1].Value = rows[0].Value;
                    return Task.FromResult(0);
                },
                default
            );
        host.Get<SecretStore>().Find("one").ShouldBe("first");
        Should.Throw<StoreException>(() => host.Get<SecretStore>().Find("two"));
    }

    [Fact]
    public async Task Service_WhoseSecretChanges_IsStartedAgainWithTheNewOne()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        var loop = host.Get<ReconcileLoop>();
        await loop.StartAsync(default);
        await host.PostAsync(
            Services,
            JsonSerializer.Serialize(
                new
                {
                    name = "fix",
                    command = FixtureProcess.Command,
                    args = new[] { "--stderr", "token is ${secret:fix.token} of old" },
                }
            )
        );
        await Eventually.UntilAsync(async () =>
            (await host.GetAsync($"{Services}/fix")).Text.Contains("secret:fix.token", StringComparison.Ordinal)
            && (await host.GetAsync($"{Services}/fix")).Data.GetProperty("status").GetString() == "error"
        );
        (await host.PutAsync($"{Secrets}/fix.token", """{"value":"canary-first"}""")).Status.ShouldBe(200);
        (await host.GetAsync($"{Services}/fix/wait")).Status.ShouldBe(200);
        var before = (await host.GetAsync($"{Services}/fix")).Data;
        before
            .GetProperty("last_error_lines")
            .EnumerateArray()
            .Select(l => l.GetString())
            .ShouldContain("token is *** of old");
        host.Time.Advance(TimeSpan.FromSeconds(1));
        (await host.PutAsync($"{Secrets}/fix.token", """{"value":"canary-second"}""")).Status.ShouldBe(200);
        await Eventually.UntilAsync(async () =>
        {
            var now = (await host.GetAsync($"{Services}/fix")).Data;
            return now.GetProperty("status").GetString() == "running"
                && now.GetProperty("since").GetString() != before.GetProperty("since").GetString();
        });
        // The same value again is no change.
        var epoch = host.Now.Epoch;
        await host.PutAsync($"{Secrets}/fix.token", """{"value":"canary-second"}""");
        host.Now.Epoch.ShouldBe(epoch);
        await loop.StopAsync(default);
    }

    private static async Task<IEnumerable<string?>> ActionsAsync(AdminHost host, string body)
    {
        var answer = await host.PostAsync($"{Services}/import", body[..^1] + ",\"dry_run\":true}");
        return answer.Data.GetProperty("services").EnumerateArray().Select(s => s.GetProperty("action").GetString());
    }
}
