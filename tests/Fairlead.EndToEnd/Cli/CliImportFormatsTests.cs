using Fairlead.Cli;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

/// <summary>A file of every client is imported by its name or content alone, and its services run (S-03).</summary>
[Trait("Category", "integration")]
public sealed class CliImportFormatsTests(CliGateway gateway) : IClassFixture<CliGateway>
{
    // PROGRAM, HTTP and SSE stand for services of this machine.
    [Theory]
    [InlineData(
        "claude-desktop",
        "claude_desktop_config.json",
        """
            { "mcpServers": { "desktop": { "command": "PROGRAM", "args": [], "env": { "API_KEY": "sk-canary-0123456789abcdef0123456789" } },
              "bridge": { "command": "npx", "args": ["-y", "mcp-remote", "HTTP"] } } }
            """,
        "desktop stdio",
        "bridge auto"
    )]
    [InlineData(
        "claude-code",
        ".mcp.json",
        """
            { "mcpServers": { "code": { "type": "stdio", "command": "PROGRAM", "env": { "TEAM": "${TEAM:-docs}" } },
              "code-http": { "type": "http", "url": "HTTP" } } }
            """,
        "code stdio",
        "code-http streamable-http"
    )]
    [InlineData(
        "cursor",
        ".cursor/mcp.json",
        """
            { "mcpServers": { "cursor": { "command": "PROGRAM", "env": { "CACHE": "${userHome}/.cache" } }, "cursor-url": { "url": "SSE" } } }
            """,
        "cursor stdio",
        "cursor-url auto"
    )]
    [InlineData(
        "vscode",
        ".vscode/mcp.json",
        """
            { // asked for once
              "inputs": [ { "type": "promptString", "id": "api-key", "description": "Key of the notes", "password": true }, ],
              "servers": { "vs": { "type": "stdio", "command": "PROGRAM", "env": { "API_KEY": "${input:api-key}" } }, "vs-http": { "type": "http", "url": "HTTP" } } }
            """,
        "vs stdio",
        "vs-http auto"
    )]
    [InlineData(
        "windsurf",
        "mcp_config.json",
        """{ "mcpServers": { "surf": { "command": "PROGRAM" }, "surf-url": { "serverUrl": "HTTP" } } }""",
        "surf stdio",
        "surf-url streamable-http"
    )]
    [InlineData(
        "cline",
        "cline_mcp_settings.json",
        """
            { "mcpServers": { "cline": { "command": "PROGRAM", "timeout": 60, "autoApprove": ["echo"], "disabled": false },
              "cline-http": { "type": "streamableHttp", "url": "HTTP" }, "cline-url": { "url": "SSE" } } }
            """,
        "cline stdio",
        "cline-http streamable-http",
        "cline-url sse"
    )]
    [InlineData(
        "gemini",
        ".gemini/settings.json",
        """
            { "theme": "dark", "mcpServers": { "gem": { "command": "PROGRAM", "timeout": 15000 }, "gem-http": { "httpUrl": "HTTP" }, "gem-url": { "url": "SSE" } } }
            """,
        "gem stdio",
        "gem-http streamable-http",
        "gem-url sse"
    )]
    [InlineData(
        "codex",
        ".codex/config.toml",
        """
            model = "any"
            [mcp_servers.codex]
            command = "PROGRAM"
            env_vars = ["LANG"]
            [mcp_servers.codex-http]
            url = "HTTP"
            tool_timeout_sec = 30
            """,
        "codex stdio",
        "codex-http streamable-http"
    )]
    [InlineData(
        "dify",
        "plugin.json",
        """
            { "dify": { "transport": "streamable_http", "url": "HTTP", "headers": {}, "timeout": 50, "sse_read_timeout": 50 },
              "dify-sse": { "transport": "sse", "url": "SSE", "headers": {}, "timeout": 50, "sse_read_timeout": 50 } }
            """,
        "dify streamable-http",
        "dify-sse sse"
    )]
    [InlineData(
        "mcpstore",
        "list.json",
        """[ { "name": "listed", "command": "PROGRAM" }, { "name": "listed-url", "url": "HTTP", "token": "canary-token" } ]""",
        "listed stdio",
        "listed-url streamable-http"
    )]
    [InlineData(
        "mcpstore",
        "one.json",
        """{ "name": "alone", "command": "PROGRAM", "keep_alive": true }""",
        "alone stdio"
    )]
    [InlineData(
        "mcpstore",
        "map.json",
        """{ "mapped": { "command": "PROGRAM" }, "mapped-url": { "url": "SSE", "api_key": "canary-key" } }""",
        "mapped stdio",
        "mapped-url sse"
    )]
    [InlineData(
        "server-json",
        "server.json",
        """
            { "name": "org.example/far", "description": "Far away", "version": "1.0.0",
              "remotes": [ { "type": "sse", "url": "SSE" }, { "type": "streamable-http", "url": "HTTP" } ] }
            """,
        "far sse"
    )]
    public async Task File_OfAClient_IsRecognisedAndItsServicesRun(
        string format,
        string name,
        string content,
        params string[] services
    )
    {
        await using var http = await FixtureProcess.StartHttpAsync();
        await using var sse = await FixtureProcess.StartSseAsync();
        var path = Path.Combine(Directory.CreateTempSubdirectory("fairlead-format-").FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllTextAsync(
            path,
            content
                .Replace("PROGRAM", FixtureProcess.Command, StringComparison.Ordinal)
                .Replace("HTTP", http.Address.AbsoluteUri, StringComparison.Ordinal)
                .Replace("SSE", sse.Address.AbsoluteUri, StringComparison.Ordinal),
            TestContext.Current.CancellationToken
        );
        string[] values = format == "vscode" ? ["--values", "-"] : [];

        var plan = await RunAsync(["services", "import", path, "--dry-run", "--json", .. values]);
        plan.Code.ShouldBe(ExitCode.Ok, plan.Error);
        plan.Out.ShouldContain($"\"format\": \"{format}\"");

        var done = await RunAsync(["services", "import", path, .. values]);
        done.Code.ShouldBe(ExitCode.Ok, done.Error);
        (done.Out + done.Error).ShouldNotContain("canary");
        foreach (var service in services)
            done.Out.ShouldMatch($@"added +{service.Replace(" ", " +running +", StringComparison.Ordinal)} +[1-9]");

        // The same again changes nothing.
        var again = await RunAsync(["services", "import", path, .. values]);
        again
            .Out.Split('\n')
            .Count(line => line.StartsWith("unchanged", StringComparison.Ordinal))
            .ShouldBe(services.Length);
        await RunAsync("services", "remove", "--all", "--yes");
    }

    [Fact]
    public async Task File_ThatIsHostile_IsRefusedByItsFieldAndNothingIsImported()
    {
        var ran = await gateway.RunAsync(
            """
            { "mcpServers": { "good": { "command": "node", "args": ["x.js"] },
              "evil": { "command": "node", "args": ["x.js"], "env": { "A\u0000B": "x" } } } }
            """,
            [("FAIRLEAD_ADMIN_PASSWORD", CliGateway.Password)],
            "services",
            "import",
            "-"
        );
        ran.Code.ShouldBe(ExitCode.WrongUsage);
        ran.Error.ShouldContain("evil: env.");
        ran.Error.ShouldContain("Nothing was imported");
        (await gateway.RunAsync("services", "list", "--json")).Out.ShouldNotContain("\"good\"");
    }

    private Task<Ran> RunAsync(params string[] args) =>
        gateway.RunAsync(
            """{"api-key":"sk-canary-0123456789abcdef0123456789"}""",
            [("FAIRLEAD_ADMIN_PASSWORD", CliGateway.Password)],
            args
        );
}
