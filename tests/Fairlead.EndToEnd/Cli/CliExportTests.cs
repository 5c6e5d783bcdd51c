using System.Net.Http.Headers;
using System.Text.Json;
using Fairlead.Cli;
using Fairlead.Client;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

/// <summary><c>fairlead export client-config</c>: what it prints works as it stands .</summary>
[Trait("Category", "integration")]
public sealed class CliExportTests(CliGateway gateway) : IClassFixture<CliGateway>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // The agent document of A-15: named groups, each with transport, address and header.
    [Fact]
    public async Task DifyPlugin_OfSeveralGroups_IsTheDocumentAndWorks()
    {
        string[] names = ["system_tools", "medical_tools", "consultation_tools", "project_tools"];
        foreach (var name in names)
            await gateway.Client.Groups.CreateAsync(
                new GroupDraft
                {
                    Name = name,
                    ServerCode = name,
                    PublishNative = true,
                },
                Token
            );
        var ran = await gateway.RunAsync([
            "export",
            "client-config",
            "dify-sse",
            "--with-key",
            .. names.SelectMany(n => new[] { "--group", n }),
        ]);
        ran.Code.ShouldBe(ExitCode.Ok, ran.Error);
        var document = JsonElement.Parse(ran.Out);
        document.EnumerateObject().Select(p => p.Name).ShouldBe(names);
        using var http = new HttpClient();
        foreach (var entry in document.EnumerateObject().Select(p => p.Value))
        {
            entry.GetProperty("transport").GetString().ShouldBe("sse");
            var bearer = entry.GetProperty("headers").GetProperty("Authorization").GetString()!;
            bearer.ShouldMatch("^Bearer mcp_key_[A-Za-z0-9_-]{43}$");
            using var request = new HttpRequestMessage(HttpMethod.Get, entry.GetProperty("url").GetString());
            request.Headers.Authorization = AuthenticationHeaderValue.Parse(bearer);
            request.Headers.Accept.ParseAdd("text/event-stream");
            using var stream = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
            using var reader = new StreamReader(await stream.Content.ReadAsStreamAsync(Token));
            (await reader.ReadLineAsync(Token)).ShouldBe("event: endpoint");
        }
    }

    [Theory]
    [InlineData("claude-code", "mcpServers", "url")]
    [InlineData("claude-desktop", "mcpServers", "command")]
    [InlineData("cline", "mcpServers", "url")]
    [InlineData("cursor", "mcpServers", "url")]
    [InlineData("gemini", "mcpServers", "httpUrl")]
    [InlineData("vscode", "servers", "url")]
    [InlineData("windsurf", "mcpServers", "serverUrl")]
    public async Task Config_OfEachClient_HasItsFormAndNoKeyUnlessAsked(string client, string root, string member)
    {
        var plain = await gateway.RunAsync("export", "client-config", client);
        plain.Code.ShouldBe(ExitCode.Ok, plain.Error);
        plain.Out.ShouldNotContain(CliGateway.Key);
        JsonElement
            .Parse(plain.Out)
            .GetProperty(root)
            .GetProperty("default")
            .TryGetProperty(member, out _)
            .ShouldBeTrue();

        var keyed = await gateway.RunAsync("export", "client-config", client, "--with-key");
        keyed.Out.ShouldContain(CliGateway.Key);
        var value = JsonElement
            .Parse(keyed.Out)
            .GetProperty(root)
            .GetProperty("default")
            .GetProperty(member)
            .GetString();
        // Another program that has ours in it, dotnet for instance, is not what a client is to start.
        if (member == "command")
            value.ShouldBe("fairlead");
        else
            value.ShouldEndWith("/default/mcp");
    }

    // Behind a proxy, also below a path of it.
    [Theory]
    [InlineData("cursor", "https://example.org/tools/default/mcp")]
    [InlineData("dify", "https://example.org/tools/mcp")]
    [InlineData("codex", "https://example.org/tools/default/mcp")]
    [InlineData("claude-desktop", "https://example.org/tools")]
    public async Task Config_ForAnotherAddress_HasIt(string client, string address)
    {
        var ran = await gateway.RunAsync("export", "client-config", client, "--url", "https://example.org/tools/");
        ran.Code.ShouldBe(ExitCode.Ok, ran.Error);
        ran.Out.ShouldContain($"\"{address}");
        ran.Out.ShouldNotContain("127.0.0.1");
    }

    [Theory]
    [InlineData("example.org")]
    [InlineData("file:///etc")]
    public async Task Url_ThatIsNone_IsWrongUsage(string url)
    {
        var ran = await gateway.RunAsync("export", "client-config", "cursor", "--url", url);
        ran.Code.ShouldBe(ExitCode.WrongUsage);
        ran.Error.ShouldContain(url);
    }

    [Fact]
    public async Task Codex_IsToml()
    {
        var ran = await gateway.RunAsync("export", "client-config", "codex");
        ran.Out.ShouldStartWith("[mcp_servers.default]");
        ran.Out.ShouldContain("bearer_token_env_var = \"FAIRLEAD_KEY_DEFAULT\"");
    }

    [Fact]
    public async Task Client_NobodyKnows_IsRefusedWithTheOnesThereAre()
    {
        var ran = await gateway.RunAsync("export", "client-config", "netscape");
        ran.Code.ShouldBe(ExitCode.WrongUsage);
        ran.Error.ShouldContain("netscape");
        ran.Error.ShouldContain("claude-desktop");
    }
}
