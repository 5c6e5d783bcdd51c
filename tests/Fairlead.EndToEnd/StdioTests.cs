using System.Diagnostics;
using System.Text.Json;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd;

/// <summary>The gateway on standard input and output, driven by the official client (P-95, P-113).</summary>
public sealed class StdioTests
{
    private static StdioClientTransport Transport(string data) =>
        new(
            new StdioClientTransportOptions
            {
                Name = "fairlead",
                Command = "dotnet",
                Arguments = [Product.Program, "serve", "--stdio", "--data", data],
            }
        );

    // P-95: initialise; list tools non-empty and contains search; call returns content; unknown tool → error; resources.
    [Fact]
    public async Task OfficialClient_OverStdio_ListsAndCalls()
    {
        var token = TestContext.Current.CancellationToken;
        await using var client = await McpClient.CreateAsync(Transport(Product.NewData()), cancellationToken: token);
        var tools = await client.ListToolsAsync(cancellationToken: token);
        tools.Select(t => t.Name).ShouldContain("search");
        var result = await client.CallToolAsync(
            "search",
            new Dictionary<string, object?> { ["query"] = "numbers" },
            cancellationToken: token
        );
        result.Content.OfType<TextContentBlock>().Single().Text.ShouldContain("\"add\"");
        await Should.ThrowAsync<ModelContextProtocol.McpException>(async () =>
            await client.CallToolAsync("no_such_tool", cancellationToken: token)
        );
        (await client.ListResourcesAsync(cancellationToken: token)).ShouldBeEmpty();
    }

    // P-113: standard output carries JSON-RPC only, from the very first start on.
    [Fact]
    public async Task Stdout_OfTheFirstStart_IsJsonRpcOnly()
    {
        var token = TestContext.Current.CancellationToken;
        var info = new ProcessStartInfo("dotnet", [Product.Program, "serve", "--stdio", "--data", Product.NewData()])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
            RedirectStandardError = true,
        };
        using var process = Process.Start(info)!;
        var errors = process.StandardError.ReadToEndAsync(token);
        await process.StandardInput.WriteLineAsync(
            """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"""
        );
        await process.StandardInput.WriteLineAsync("not json");
        await process.StandardInput.WriteLineAsync("""{"jsonrpc":"2.0","id":2,"method":"ping"}""");
        process.StandardInput.Close();
        var lines = (await process.StandardOutput.ReadToEndAsync(token)).Split(
            '\n',
            StringSplitOptions.RemoveEmptyEntries
        );
        await process.WaitForExitAsync(token);
        process.ExitCode.ShouldBe(0);
        lines.Length.ShouldBe(3);
        foreach (var line in lines)
            JsonDocument.Parse(line).RootElement.GetProperty("jsonrpc").GetString().ShouldBe("2.0");
        (await errors).ShouldContain("Group key");
    }
}
